"""How a table stands in a text: encoding, delimiter, comments, the row with the names."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config.schema import TableFile
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
    skipped: int  # lines before the first row of values
    comments: bool  # whether lines that begin with # are none of the table
    notes: tuple[str, ...]  # what a user should know of it


def find_layout(path: Path, sample: str, table: TableFile) -> Layout:
    """The layout of the text that `sample` begins; what `table` says of it is not looked for.

    Raises:
        ConfigError: it is not to be found without a word from the user.
        DataError: it is no table.
    """
    lines = io.StringIO(sample, newline="").readlines()[: 4 * SAMPLE]
    given = delimiter_of(table)
    start = 0
    if lines and (spoken := re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\r\n"))):
        start, given = 1, given or spoken[1]
    comments = [line for line in lines[start:] if line.startswith("#")]
    header = commented_header(lines[start:], given)
    notes: list[str] = []
    if header is not None:
        start = lines.index(header) + 1
        lines[start - 1] = header.lstrip("# ")
        comments.remove(header)
    if comments:
        plural = "s" if len(comments) > 1 else ""
        notes.append(f"{len(comments)} line{plural} of comments, from # on, left out")
    first = start - (header is not None)
    delimiter = given or found_delimiter([line for line in lines[first:] if line[:1] != "#"])
    rows = numbered_rows(lines[first:], delimiter)
    if not rows:
        raise DataError(f"{path} is empty; a header row and rows of numbers are needed.")
    end, names = rows[0]
    width = usual_width([cells for _, cells in rows[1:]]) or len(names)
    if has_header(path, names, [cells for _, cells in rows[1:]], table.header):
        check_names(path, names)
        if 1 < width == len(names) + 1:
            last = [cells[-1] for _, cells in rows[1:] if len(cells) == width]
            # Rows that end with a delimiter, or the names of rows that R's write.table writes.
            names = [*names, ""] if not any(last) else ["", *names]
        return Layout(delimiter, tuple(names), first + end, bool(comments), tuple(notes))
    names = [f"x{i}" for i in range(1, max(width, len(names)) + 1)]
    notes.append(f"no header row: the columns are called {', '.join(names[:2])}, …, {names[-1]}")
    return Layout(delimiter, tuple(names), first, bool(comments), tuple(notes))


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


def commented_header(lines: Sequence[str], given: str | None) -> str | None:
    """The comment that holds the names of the columns, as `np.savetxt(header=…)` writes it."""
    above = ""
    for line in lines:
        if line.strip() and not line.startswith("#"):
            break
        above = line if line.startswith("#") else above
    else:
        return None
    if not above:
        return None
    delimiter = given or found_delimiter([line])
    row, names = (cells_of(text, delimiter) for text in (line, above.lstrip("# ")))
    numeric = all(map(is_number, row))
    named = names and all(names) and not any(map(is_number, names))
    return above if numeric and named and len(row) == len(names) else None


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


def check_names(path: Path, names: Sequence[str]) -> None:
    """See that no two columns have one name.

    Raises:
        DataError: two have.
    """
    for name, times in Counter(filter(None, names)).items():
        if times > 1:
            raise DataError(f"{path}: two columns are called {name!r}; rename one.")
