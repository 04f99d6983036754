"""How a table stands in a text: encoding, delimiter, comments, the row with the names."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config.problems import TableFile
from ..system.errors import ConfigError, DataError
from ..system.wording import listed, shown

DELIMITERS = (",", ";", "\t", "|")
NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?")
SAMPLE = 200
"""Rows by which a layout is found."""


@dataclass(frozen=True)
class Layout:
    """How the cells of a text are found."""

    delimiter: str  # one character; a space stands for any number of blanks
    names: tuple[str, ...]  # of the columns; "" for one without a name
    headless: bool  # whether the names are ours: x1, x2, …
    skipped: int  # lines before the first row of values
    named_by_comment: bool  # whether the last of these begins with #

    @property
    def note(self) -> str | None:
        """What a user should know of it."""
        called = ", ".join(self.names) if len(self.names) < 4 else f"x1, …, {self.names[-1]}"
        return f"no header row: the columns are called {called}" if self.headless else None


def find_layout(path: Path, sample: str, table: TableFile) -> Layout:
    """The layout of the text that `sample` begins; what `table` says of it is not looked for.

    Raises:
        ConfigError: it is not to be found without a word from the user.
        DataError: it is no table.
    """
    lines = io.StringIO(sample, newline="").readlines()[: 4 * SAMPLE]
    given, start = delimiter_of(table), 0
    if lines and (spoken := re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\r\n"))):
        start, given = 1, given or spoken[1]
    named = commented_header(lines[start:], given)
    if named is not None:
        start += named[0]
        lines[start] = named[1]
    body = lines[start:]
    delimiter = given or found_delimiter([line for line in body if line[:1] != "#"])
    rows = numbered_rows(body, delimiter)
    if not rows:
        raise DataError(f"{path} is empty; a header row and rows of numbers are needed.")
    (end, cells), below = rows[0], [row for _, row in rows[1:]]
    width = usual_width(below) or len(cells)
    if has_header(path, cells, below, table.header):
        names = column_names(path, cells, below, width)
        return Layout(delimiter, names, False, start + end, named is not None)
    ours = tuple(f"x{i}" for i in range(1, max(width, len(cells)) + 1))
    return Layout(delimiter, ours, True, start, False)


def column_names(
    path: Path, cells: list[str], below: Sequence[Sequence[str]], width: int
) -> tuple[str, ...]:
    """The names in a header row, as many as the rows below have cells.

    Raises:
        DataError: two columns have one name.
    """
    for name, times in Counter(filter(None, cells)).items():
        if times > 1:
            raise DataError(f"{path}: two columns are called {name!r}; rename one.")
    if all(len(cell) > 2 and cell[0] == cell[-1] == "'" for cell in cells):
        cells = [cell[1:-1] for cell in cells]
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    if not 1 < width == len(cells) + 1:
        return tuple(cells)
    # Rows that end with a delimiter, or the names of rows that R's write.table puts before them.
    ends = any(row[-1] for row in below if len(row) == width)
    return ("", *cells) if ends else (*cells, "")


def delimiter_of(table: TableFile) -> str | None:
    """The delimiter that the user names, None to find it.

    Raises:
        ConfigError: it is not one character.
    """
    typed = table.delimiter
    sign = NAMED.get(typed, typed) if typed is not None else None
    if sign is not None and (len(sign) != 1 or not sign.isascii() or sign in '\r\n"'):
        known = listed(['","', '";"', *sorted(word for word in NAMED if word.isalpha())])
        raise ConfigError(f"problem.delimiter={shown(str(typed))}: one sign is needed: {known}")
    return sign


def commented_header(lines: Sequence[str], given: str | None) -> tuple[int, str] | None:
    """(index, text) of the comment above the values that holds the names of the columns.

    `np.savetxt(header=…)` writes it so.
    """
    first = next((i for i, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    above = next((i for i in reversed(range(first)) if lines[i].startswith("#")), None)
    if above is None:
        return None
    delimiter = given or found_delimiter([lines[first]])
    row = cells_of(lines[first], delimiter)
    for text in (lines[above].lstrip("# "), lines[above]):
        names = cells_of(text, delimiter)
        if len(names) == len(row) and all(names) and any(map(is_number, row)):
            return None if any(map(is_number, names)) else (above, text)
    return None


def found_delimiter(lines: Sequence[str]) -> str:
    """The sign that parts most lines into the same number of cells, the first line too."""
    ratings = []
    for sign in (*DELIMITERS, " "):
        rows = [cells for _, cells in numbered_rows(lines, sign)]
        width = usual_width(rows[1:]) or (len(rows[0]) if rows else 0)
        if width > 1 and len(rows[0]) in (width, width - 1):
            share = sum(len(cells) == width for cells in rows[1:]) / max(1, len(rows) - 1)
            ratings.append((sign != " ", share, width, sign))
    if ratings:
        return max(ratings)[-1]
    first = next((line for line in lines if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    rows = numbered_rows([line], delimiter)
    return rows[0][1] if rows else []


def numbered_rows(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """(lines up to its end, cells) of each row that is neither blank nor a comment."""
    if delimiter == " ":
        lines = [" ".join(line.split()) for line in lines]
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for cells in reader:
            if any(cells) and not cells[0].startswith("#"):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error:  # a cell beyond csv's limit: what was read before has to do
        pass
    return rows[:SAMPLE]


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The most frequent number of cells; 0 of no rows."""
    counted = Counter(map(len, rows)).most_common(1)
    return counted[0][0] if counted else 0


def has_header(
    path: Path, cells: Sequence[str], below: Sequence[Sequence[str]], given: bool | None
) -> bool:
    """Whether the first row holds names: it has no number, or text above a column of numbers.

    Raises:
        ConfigError: it holds numbers among names, and the user has not said which it is.
    """
    numbers = [cell for cell in cells if is_number(cell)]
    if given is not None or not numbers:
        return given is not False
    names = [cell for cell in cells if cell and not is_number(cell)]
    if not names:
        return False
    if cells[0].isdigit() and cells[1:2] == [str(usual_width(below) - 1)]:
        raise DataError(
            f"{path}: line 1 holds {', '.join(map(shown, cells[:4]))}, …: numbers of rows and "
            "columns and names of classes, as in the files inside scikit-learn, and no header row; "
            "take that line out (tail -n +2 FILE > NEW.csv)."
        )
    under = [row for row in below if len(row) == len(cells)] or [[""] * len(cells)]
    columns = zip(cells, zip(*under, strict=True), strict=True)
    if any(not is_number(cell) and all(map(is_number, column)) for cell, column in columns):
        return True
    raise ConfigError(
        f"{path}: line 1 holds names and numbers ({shown(names[0])!r}, {shown(numbers[0])!r}): "
        "write problem.header=true if they name the columns, or problem.header=false if they are "
        "values"
    )


def is_number(text: str) -> bool:
    """Whether it is written as a number, with a decimal point or a comma."""
    return NUMBER.fullmatch(text) is not None
