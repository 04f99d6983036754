"""A table as it stands in a file, before anything is made of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ..config.commands import assigned
from ..system.errors import ConfigError, DataError, UserError
from ..system.wording import by_likeness, likeness

MISSING = (
    *("", "na", "n/a", "<na>", "nan", "-nan", "null", "none", "nat", "?", ".", "-", "--"),
    *("#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
)
"""What stands for no value, in small letters: R's, pandas', SQL's, Stata's, and Excel's errors."""


@dataclass(frozen=True)
class Cells:
    """Columns by name, and where a row of them is in the file."""

    path: Path
    frame: pl.DataFrame  # a text's cells are texts without blanks around them
    place: Callable[[int], str]  # index of a row of the file -> "line 3"
    rows: pl.Series  # index in the file of each row of the frame
    target: str  # name of a column
    dropped: tuple[str, ...]  # columns that the user has left out
    headless: bool = False  # whether the names are ours, as the file has none
    notes: tuple[str, ...] = ()  # what was left out or taken for something

    def noting(self, note: str) -> Cells:
        """The same cells, with one more note."""
        return replace(self, notes=(*self.notes, note))

    def of(self, names: Sequence[str]) -> Cells:
        """The columns of these names alone."""
        # One by one: Polars takes a name such as * or ^a.*$ for many, where it takes several.
        columns = [self.frame[name] for name in names]
        return replace(self, frame=pl.DataFrame(columns))

    def where(self, mask: pl.Series) -> Cells:
        """The rows for which `mask` holds."""
        if mask.all():
            return self
        return replace(self, frame=self.frame.filter(mask), rows=self.rows.filter(mask))

    def without(self, name: str) -> str | None:
        """What to type to leave a column out; None for the target."""
        if name == self.target:
            return None
        return f"leave it out by {assigned('problem.drop', [*self.dropped, name])}"

    def at(self, row: int, name: str) -> str:
        """Where the cell of a row of the frame is."""
        return f"{self.path}: {self.place(self.rows[row])}, column {name!r}"


def lacking(column: pl.Series) -> pl.Series:
    """Which cells have no value."""
    missing = column.is_null()
    if column.dtype.is_float():
        missing |= column.is_nan().fill_null(False)
    if column.dtype == pl.String:
        missing |= column.str.to_lowercase().is_in(MISSING).fill_null(False)
    return missing


def without_empty_rows(cells: Cells) -> Cells:
    """Without the rows in which no cell holds anything, such as `,,` at the end of a sheet."""
    filled = pl.any_horizontal(
        (pl.col(pl.String) != "").fill_null(False), pl.col("*").exclude(pl.String).is_not_null()
    )
    return cells.where(cells.frame.select(filled=filled).to_series())


def without_row_names(cells: Cells) -> Cells:
    """Without columns that have no name, if they are empty or a first one that names the rows.

    Raises:
        DataError: such a column holds something else.
    """
    frame = cells.frame
    for position, name in enumerate(frame.columns):
        if not name.startswith(UNNAMED) and name not in ("Unnamed: 0", "__index_level_0__"):
            continue
        column = frame[name]
        if lacking(column).all():
            cells = cells.noting(f"column {position + 1} has neither a name nor values: left out")
        elif position == 0 or name == "__index_level_0__":
            if column.n_unique() < len(column):
                raise DataError(unnamed(cells.path, position))
            cells = cells.noting(
                f"column {position + 1} has no name and numbers or names the rows, as pandas and R "
                "write it (index=False, row.names=FALSE leave it away): left out"
            )
        else:
            raise DataError(unnamed(cells.path, position))
        cells = cells.of([other for other in cells.frame.columns if other != name])
    return cells


UNNAMED = "\0unnamed"
"""What the name of a column without a name begins with in a frame."""


def unnamed(path: Path, position: int) -> str:
    """The error about a column without a name; `position` counts from 0."""
    return f"{path}: column {position + 1} has no name in the header row."


ALIKE = 0.5
"""From here on one name may be meant by another; 1 is the same."""


def unknown_column(
    path: Path, key: str, name: str, names: Sequence[str], *, headless: bool = False
) -> UserError:
    """The error about a column that is not there; it shows the nearest one, quoted for a shell."""
    if not names:
        return DataError(f"{path} has no column for the target, nothing but a matrix X.")
    nearest = by_likeness(name, names)
    if headless:
        called = f"{names[0]} to {names[-1]}"
        return ConfigError(
            f"{path} has no header row: its columns are called {called}; {name!r} is none of them; "
            f"write {key}={names[-1]} for the last (problem.header=true takes row 1 as names)"
        )
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    role = " for the target" if key == "problem.target" else ""
    typed = nearest[0] if key == "problem.target" else [nearest[0]]
    if len(names) == 1 and any(sign in names[0] for sign in ",;\t| "):
        return ConfigError(
            f"{path} has one column, {names[0]!r}: if that is several, name what parts them, as in "
            f"{assigned('problem.delimiter', ';')}"
        )
    advice = "write" if likeness(name, nearest[0]) > ALIKE else "name one of them, as in"
    return ConfigError(
        f"{path} has no column {name!r}{role}; it has {', '.join(map(repr, nearest[:10]))}{more}; "
        f"{advice} {assigned(key, typed)}"
    )
