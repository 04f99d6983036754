"""Tables in text: .csv and its kin, packed or not, read by Polars with every cell as text.

As text, since a reader that looks for numbers by itself decides which cells lack a value, and what
to make of 1_110 or 1,110; here that is done where it can be said. Where every cell is a plain
number there is nothing to decide, and a shorter way (see `plain_numbers`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from ..config.problems import TableFile
from ..system.errors import DataError
from ..system.reading import LARGEST, MIB
from ..system.wording import shown
from .cells import UNNAMED, Cells, without_empty_rows
from .encoding import as_utf8
from .layout import Layout, find_layout
from .packed import unpacked
from .plain_numbers import plain_numbers

LONGEST_LINE = 16 * MIB
"""Most bytes in a line; a file without line ends is no table."""

SAMPLE = MIB
"""Bytes by which the layout is found."""


def read_delimited(path: Path, table: TableFile) -> Cells:
    """The cells of a text.

    Raises:
        ConfigError: what `table` says of the file cannot be, or not enough of it is said.
        DataError: it is no table.
    """
    raw, note = as_utf8(path, unpacked(path, LARGEST, LineLengths(path)), table.encoding)
    layout = find_layout(path, raw[:SAMPLE].decode("utf-8", "ignore"), table)
    raw = tidied(raw, layout.delimiter)
    comments = raw.startswith(b"#") + raw.count(b"\n#") - layout.named_by_comment
    rows = Rows(raw, layout, comments > 0)
    frame = read_rows(path, rows, table)
    cells = Cells(
        path,
        frame,
        rows.place,
        pl.int_range(len(frame), eager=True),
        table.target,
        tuple(table.drop),
        layout.headless,
    )
    left_out = f"{comments:,} line{'s' * (comments > 1)} of comments, from # on, left out"
    for one in filter(None, (note, layout.note, left_out if comments else None)):
        cells = cells.noting(one)
    cells = without_empty_rows(cells)
    check_lengths(path, cells, rows)
    return cells


class LineLengths:
    """Is shown a text piece by piece and refuses it once a line is too long."""

    def __init__(self, path: Path) -> None:
        self.path, self.number, self.length = path, 1, 0

    def __call__(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            DataError: a line is longer than LONGEST_LINE.
        """
        end = b"\n" if b"\n" in piece else b"\r"
        before, found, _ = piece.partition(end)
        self.length += len(before)
        if self.length >= LONGEST_LINE:
            raise DataError(f"{self.path}: line {self.number} is too long for a row of a table.")
        if found:
            self.number += piece.count(end)
            self.length = len(piece) - piece.rindex(end) - 1


def tidied(raw: bytes, delimiter: str) -> bytes:
    """The text without blanks before quotation marks, and without those that part no cells."""
    sign = re.escape(delimiter.encode())
    if delimiter != " ":
        if b'"' not in raw:
            return raw
        return re.sub(sign + rb'[ \t]+"', delimiter.encode() + b'"', raw)
    return re.sub(rb'(?m)("[^"\n]*")|(^[ \t]+|[ \t]+\r?$|\r$)|[ \t]+', one_blank, raw)


def one_blank(found: re.Match[bytes]) -> bytes:
    """One blank for many, none at the ends of a line, quoted text as it is."""
    return found[1] or (b" " if found[2] is None else b"")


def read_rows(path: Path, rows: Rows, table: TableFile) -> pl.DataFrame:
    """The rows below the header, every cell a text; a cell that is not there is null.

    Where all of them are plain numbers, they come as such.

    Raises:
        DataError: a row has more cells than there are columns, or quotes do not match.
    """
    raw, layout = rows.raw, rows.layout
    names = [name or f"{UNNAMED} {at}" for at, name in enumerate(layout.names)]
    if not rows.comments and (plain := plain_numbers(raw, layout, table)) is not None:
        return plain.rename(dict(zip(plain.columns, names, strict=True)))
    body = raw[line_start(raw, layout.skipped) :]
    if not body.strip():
        raise DataError(f"{path} has a header row and no row of numbers.")
    header = layout.delimiter.join(str(at) for at in range(len(names))).encode()
    try:
        frame = pl.read_csv(
            header + b"\n" + body,
            infer_schema=False,
            separator=layout.delimiter,
            comment_prefix="#" if rows.comments else None,
        )
    except pl.exceptions.PolarsError as error:
        for number, cells in rows:
            if len(cells) > len(names):
                raise DataError(uneven(path, number, len(cells), layout)) from error
        lines = raw.split(b"\n")
        odd = next((number for number, line in enumerate(lines, 1) if line.count(b'"') % 2), None)
        where = f"line {odd} has an odd number of quotation marks" if odd else first_line(error)
        raise DataError(
            f"{path}: {where}; a cell stands between two, and two inside it stand for one."
        ) from error
    return frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(
        pl.all().str.strip_chars()
    )


def line_start(raw: bytes, lines: int) -> int:
    """Where the line after so many lines begins."""
    at = 0
    for _ in range(lines):
        at = raw.find(b"\n", at) + 1 or len(raw)
    return at


def first_line(error: Exception) -> str:
    """Of what a library says of an error."""
    return shown(str(error).partition("\n")[0])


class Rows:
    """Where the rows of a text are; it is gone through again, as only messages need it."""

    def __init__(self, raw: bytes, layout: Layout, comments: bool) -> None:
        self.raw, self.layout, self.comments = raw, layout, comments

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """(number of the line in which it begins, cells) of every row, blank ones too."""
        csv.field_size_limit(LONGEST_LINE)
        skipped = self.layout.skipped
        body = io.BytesIO(self.raw[line_start(self.raw, skipped) :])
        lines = io.TextIOWrapper(body, "utf-8", newline="")
        reader = csv.reader(lines, delimiter=self.layout.delimiter)
        end = 0
        for cells in reader:
            begin, end = end + 1, reader.line_num
            if not (self.comments and cells and cells[0].startswith("#")):
                yield skipped + begin, cells

    def place(self, row: int) -> str:
        """`line 3` of the row of this index."""
        for index, (number, _) in enumerate(self):
            if index == row:
                return f"line {number}"
        return f"row {row + 1}"


def check_lengths(path: Path, cells: Cells, rows: Rows) -> None:
    """See that every row has as many cells as there are columns.

    Raises:
        DataError: one has fewer.
    """
    if not cells.frame.to_series(-1).is_null().any():
        return
    for number, found in rows:
        if any(found) and len(found) < len(rows.layout.names):
            raise DataError(uneven(path, number, len(found), rows.layout))


def uneven(path: Path, number: int, found: int, layout: Layout) -> str:
    """The error about a line of another length than the header row."""
    many = f"{found} cell{'s' if found != 1 else ''}"
    return (
        f"{path}: line {number} has {many}, the header row has {len(layout.names)} "
        f"(separated by {layout.delimiter!r}; problem.delimiter=… names another sign)."
    )
