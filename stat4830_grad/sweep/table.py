"""sweep.csv: one row a job, appended as jobs end, by one process or by several."""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from ..system.errors import DataError
from ..system.files import append, make_directory, write_text
from ..training.sweep_row import SweepRow
from .cells import cells_of, row_of

ENDED = ("completed", "increased")
"""Statuses of jobs that made all their updates."""

FINAL = (*ENDED, "diverged")
"""Statuses of jobs that a resumed sweep leaves alone."""


FAILED, NOT_BEGUN = "failed", "not begun"
"""Statuses of a job that failed, and of one that did not begin because another had."""


class SweepTable:
    """The file sweep.csv in a sweep's directory. Other processes may append to it, too.

    What this process wrote stays in memory; the file is read where another has changed it.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "sweep.csv"
        self._lock = directory / ".sweep" / "lock"
        make_directory(self._lock.parent)
        self._columns: list[str] = []
        self._rows: list[SweepRow] = []
        self._statuses: dict[str, str] = {}  # of these rows
        self._version: tuple[int, ...] | None = None  # of the file that these were written to

    def append(self, *rows: SweepRow) -> None:
        """Add rows, all of them whole or none; they are on disk then.

        Raises:
            OSError: they could not be written.
        """
        if rows:
            with self.locked():
                self._append(rows)

    def _append(self, rows: Sequence[SweepRow]) -> None:
        cells = [cells_of(row) for row in rows]
        known = self._version == self._version_on_disk()
        columns = self._columns if known else self._header()
        wanted = columns
        for names in dict.fromkeys(map(tuple, cells)):
            wanted = merged(wanted, list(names))
        if wanted != columns or not self._whole():
            self._read()
            self._write(wanted, [*self._rows, *rows])
            return
        lines = [[one.get(name, "") for name in columns] for one in cells]
        append(self.path, text(lines), sync=True)
        if known:
            self._rows += rows
            self._statuses |= status_of(rows)
            self._version = self._version_on_disk()

    def rows(self) -> list[SweepRow]:
        """The whole rows.

        Raises:
            DataError: the file is damaged.
        """
        with self.locked():
            self._read()
            return list(self._rows)

    def statuses(self) -> Mapping[str, str]:
        """Name of a job -> its status, as of now.

        Raises:
            DataError: the file is damaged.
        """
        with self.locked():
            self._read()
            return MappingProxyType(self._statuses)

    def drop_unfinished(self, names: Sequence[str]) -> None:
        """Take out the rows of these jobs that are to run again, and what a kill left of a row."""
        again = set(names)
        self._rewrite(
            lambda rows: [r for r in rows if r.status in FINAL or r.directory not in again]
        )

    def sort(self) -> None:
        """Put the rows in the order of the jobs' numbers."""
        self._rewrite(lambda rows: sorted(rows, key=lambda row: row.job))

    def _rewrite(self, change: Callable[[list[SweepRow]], list[SweepRow]]) -> None:
        with self.locked():
            self._read()
            if self._columns:
                self._write(self._columns, change(self._rows))

    def _version_on_disk(self) -> tuple[int, ...] | None:
        """Changes with every write: a rewritten file is another one, an appended one is longer."""
        if not self.path.exists():
            return None
        found = self.path.stat()
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _header(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            return next(csv.reader(file), [])

    def _whole(self) -> bool:
        """Whether the last line is complete."""
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _read(self) -> None:
        version = self._version_on_disk()
        if version == self._version:
            return
        content = self.path.read_bytes().decode(errors="replace") if version else ""
        whole = content[: content.rfind("\n") + 1]  # a kill may have cut the last line
        reader = csv.DictReader(io.StringIO(whole))
        try:
            self._rows = [row_of(cells, self.path.parent) for cells in reader]
            if len({row.job for row in self._rows}) < len(self._rows):
                raise ValueError("two rows are of one job")
        except (AttributeError, KeyError, TypeError, ValueError, csv.Error):
            raise DataError(
                f"{self.path} is damaged: not the table of a sweep; put the right file back, or "
                "remove it to have all jobs run again"
            ) from None
        self._columns, self._version = list(reader.fieldnames or []), version
        self._statuses = status_of(self._rows)

    def _write(self, columns: list[str], rows: list[SweepRow]) -> None:
        cells = map(cells_of, rows)
        lines = [columns, *([row.get(name, "") for name in columns] for row in cells)]
        write_text(self.path, text(lines))
        self._columns, self._rows, self._version = columns, rows, self._version_on_disk()
        self._statuses = status_of(rows)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that all processes of the sweep write under."""
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def status_of(rows: Sequence[SweepRow]) -> dict[str, str]:
    """Name of a job -> its status."""
    return {row.directory: row.status for row in rows}


def merged(columns: list[str], more: list[str]) -> list[str]:
    """`columns` with the new ones of `more`, each after the one it follows there."""
    result = list(columns)
    for i, name in enumerate(more):
        if name not in result:
            result.insert(result.index(more[i - 1]) + 1 if i else 0, name)
    return result


def text(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as CSV; every row stays one line of the file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([" ".join(cell.splitlines()) for cell in line] for line in lines)
    return out.getvalue()
