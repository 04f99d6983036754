"""The rows of metrics.csv: as text, and read back by whoever does not trust the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..metrics import Metric
from ..problems import metric_named
from ..system.errors import DataError
from ..system.files import write_bytes

Row = dict[str, float]
"""One line of metrics.csv: step, seconds and the columns of the objective."""

FILE = "metrics.csv"
MEANINGS = "metrics.json"


@dataclass(frozen=True)
class Written:
    """What a checkpoint counts on in metrics.csv: its header and its first rows."""

    rows: int
    sha256: str  # of these lines with their ends, hexadecimal


def line(row: Row, names: tuple[str, ...]) -> str:
    """A CSV line; floats are written so that they read back as the same number."""
    _, *others = names
    return ",".join([str(int(row["step"])), *(repr(float(row[name])) for name in others)])


def read_rows(directory: Path) -> list[Row]:
    """The whole lines of metrics.csv.

    Raises:
        DataError: there is no such file, or it is damaged.
    """
    path = directory / FILE
    header, *lines = whole_lines(path)
    try:
        return list(parsed(header, lines))
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from None


def rows_before(directory: Path, updates: int, written: Written | None) -> list[Row] | None:
    """The rows that a run goes on from after `updates` updates; None if metrics.csv is not there.

    Args:
        written: what its checkpoint counts on; None: it is of an earlier version and does not say.

    Raises:
        DataError: the file is not what the checkpoint counts on.
    """
    path = directory / FILE
    if updates == 0:
        return []
    if not path.exists():
        return None
    try:
        header, *lines = whole_lines(path)
        if written is not None:
            lines = lines[: written.rows]
            if digest([header, *lines]) != written.sha256:
                raise ValueError(f"its first {written.rows:,} rows are not those that were written")
            return list(parsed(header, lines))
        rows = list(parsed(header, lines))
    except (DataError, ValueError) as error:
        why = str(error).removeprefix(f"{path} is damaged: ")
        raise DataError(
            f"{path} is damaged: {why}; put the right file back, or remove it to go on without "
            f"the rows before step {updates:,}"
        ) from None
    return [row for row in rows if row["step"] < updates]


def whole_lines(path: Path) -> list[str]:
    """The header and the rows; a kill may have cut the last line, which is left out.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return text[: text.rfind("\n") + 1].split("\n")[:-1] or [""]


def parsed(header: str, lines: Sequence[str]) -> Iterator[Row]:
    """The rows.

    Raises:
        ValueError: they are no table of numbers with one row a step, in order.
    """
    names = header.split(",")
    if names[:2] != ["step", "seconds"] or len(names) < 3 or len(set(names)) < len(names):
        raise ValueError("its first line does not name the columns step, seconds and more")
    last = -1.0
    for number, text in enumerate(lines, start=2):
        try:
            row = dict(zip(names, map(float, text.split(",")), strict=True))
        except ValueError:
            raise ValueError(f"line {number} has not {len(names)} numbers") from None
        if not row["step"].is_integer() or row["step"] <= last:
            raise ValueError(f"line {number} is not of a later step than the line before")
        last = row["step"]
        yield row


def digest(lines: Sequence[str]) -> str:
    """SHA-256 of the lines with their ends, hexadecimal."""
    return hashlib.sha256("".join(f"{text}\n" for text in lines).encode()).hexdigest()


def columns_of(rows: Sequence[Row], directory: Path | None = None) -> tuple[Metric, ...]:
    """What the rows of an earlier process hold: by their names, and by what it left besides.

    Args:
        directory: of the run.

    Raises:
        DataError: what it left is damaged.
    """
    own = meanings(directory) if directory else {}
    names = [name for name in rows[0] if name not in ("step", "seconds")]
    return tuple(own.get(name) or metric_named(name) for name in names)


def write_meanings(directory: Path, columns: Sequence[Metric]) -> None:
    """Leave what columns mean whose names alone would be read otherwise, if there are any."""
    own = [metric for metric in columns if metric_named(metric.name) != metric]
    if own:
        content = msgspec.json.format(msgspec.json.encode(own), indent=2) + b"\n"
        write_bytes(directory / MEANINGS, content)


def meanings(directory: Path) -> dict[str, Metric]:
    """What columns of metrics.csv mean, as far as their names alone do not say it.

    Raises:
        DataError: the file is damaged.
    """
    path = directory / MEANINGS
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[Metric])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{path} is damaged: {error}; it may be removed") from None
    return {metric.name: metric for metric in found}
