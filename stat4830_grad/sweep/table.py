"""sweep.csv: one row a job, appended as jobs end, by one process or by several."""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..config.jobs import Job
from ..config.values import written
from ..system.errors import DataError
from ..system.files import append, write_text

SweepRow = dict[str, str]
"""One row: column -> text."""

ENDED = ("completed", "increased")
"""Statuses of jobs that made all their updates."""

FINAL = (*ENDED, "diverged")
"""Statuses of jobs that a resumed sweep leaves alone."""

FIXED = ("job", "status", "steps", "seconds", "directory", "error")
"""Columns that are there in every sweep."""


class SweepTable:
    """The file sweep.csv in a sweep's directory. Other processes may append to it, too."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "sweep.csv"
        self._lock = directory / ".sweep" / "lock"
        self._lock.parent.mkdir(parents=True, exist_ok=True)

    def append(self, row: SweepRow) -> None:
        """Add a row, whole or not at all.

        Raises:
            OSError: it could not be written.
        """
        with self._locked():
            columns = self._columns()
            wanted = merged(columns, list(row))
            if wanted != columns or not self._whole():
                self._write(wanted, [*self._read()[1], row])
                return
            append(self.path, text([[row.get(name, "") for name in columns]]))

    def rows(self) -> list[SweepRow]:
        """The whole rows.

        Raises:
            DataError: the file is damaged.
        """
        with self._locked():
            return self._read()[1]

    def statuses(self) -> dict[str, str]:
        """Name of a job's directory -> its status."""
        return {row["directory"]: row["status"] for row in self.rows()}

    def drop_unfinished(self, names: Sequence[str]) -> None:
        """Take out the rows of these jobs that are to run again, and what a kill left of a row."""
        again = set(names)
        self._rewrite(
            lambda rows: [r for r in rows if r["status"] in FINAL or r["directory"] not in again]
        )

    def sort(self) -> None:
        """Put the rows in the order of the jobs' numbers."""
        self._rewrite(lambda rows: sorted(rows, key=lambda row: int(row["job"])))

    def _rewrite(self, change: Callable[[list[SweepRow]], list[SweepRow]]) -> None:
        with self._locked():
            columns, rows = self._read()
            if columns:
                self._write(columns, change(rows))

    def _columns(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), [])

    def _whole(self) -> bool:
        """Whether the last line is complete."""
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _read(self) -> tuple[list[str], list[SweepRow]]:
        if not self.path.exists():
            return [], []
        content = self.path.read_text("utf-8")
        whole = content[: content.rfind("\n") + 1]  # a kill may have cut the last line
        reader = csv.DictReader(io.StringIO(whole))
        rows = list(reader)
        columns = list(reader.fieldnames or [])
        if columns and not {"job", "status", "directory"} <= set(columns):
            raise DataError(f"{self.path} is damaged: not the table of a sweep")
        return columns, rows

    def _write(self, columns: list[str], rows: list[SweepRow]) -> None:
        lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
        write_text(self.path, text(lines))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


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


def cells(
    job: Job,
    status: str,
    summary: dict[str, Any] | None = None,
    theory: dict[str, Any] | None = None,
    error: str = "",
) -> SweepRow:
    """The row of a job that has ended; `summary` is its summary.json, if it left one.

    `theory` are further columns: what was predicted of it, and what was measured.
    """
    summary = summary or {"steps": "", "final": {}, "best": {}, "seconds": ""}
    final, best = summary["final"], summary["best"]
    values = {
        "job": job.number,
        **{column(key): value for key, value in job.swept.items()},
        "status": status,
        "steps": summary["steps"],
        **{f"final_{name}": value for name, value in final.items()},
        **{f"best_{name}": best.get(name, "") for name in final},
        **{name: "" if value is None else value for name, value in (theory or {}).items()},
        "seconds": summary["seconds"],
        "directory": job.name,
        "error": error,
    }
    return {name: v if isinstance(v, str) else written(v) for name, v in values.items()}


def column(key: str) -> str:
    """The column of a swept key; `steps` has its own, which tells the updates made."""
    return f"{key}_asked" if key in FIXED else key
