"""From the cells of one column to numbers, or to the names of classes; nothing changes silently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..system.errors import DataError
from ..system.wording import shown
from .cells import Cells
from .numerals import LIKE_A_NUMBER, Decimal, numbers

Array = NDArray[np.float64]

MOST_LEVELS = 50
"""Most different texts in a column that is taken for a category."""

HINTS = {
    r"^[+-]?\d+(_\d+)+$": "write it without _",
    r"^[+-]?[\d.,]+ *%$": "take the % out",
    r"^[$€£¥] *[+-]?[\d.,]+$|^[+-]?[\d.,]+ *[$€£¥]$": "take the sign of the currency out",
    r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?$": "a date: turn it into a number, such as a year",
    r"^[−–] *\d": "its minus is another sign than -",
    r"^\d{1,2}:\d{2}(:\d{2}.*)?$": "a time: turn it into a number",
}
"""What looks like a number and is none, and what helps."""


@dataclass(frozen=True)
class Encoded:
    """One column of a table as columns of numbers."""

    values: Array  # (n, k)
    names: tuple[str, ...]  # of the k columns
    note: str | None = None  # what was encoded


def labels(cells: Cells, name: str) -> list[str]:
    """The column as names of classes."""
    return [str(one) for one in cells.frame[name].cast(pl.String)]


def encoded(cells: Cells, name: str, decimal: Decimal) -> Encoded:
    """The column as numbers, where no cell lacks a value.

    True and False become 1 and 0. A category of k texts becomes k − 1 columns, one for each text
    but the first in the order of the alphabet, with 1 in its rows and 0 in all others.

    Raises:
        DataError: a cell is none of these.
    """
    column = cells.frame[name]
    if column.dtype == pl.Boolean:
        return boolean(column, name)
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64)
        if column.dtype.is_integer():
            check_exact(cells, name, column.cast(pl.String), values)
        return Encoded(finite(cells, name, values), (name,))
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        raise DataError(
            f"{cells.path}: column {name!r} holds {column.dtype}, not numbers{instead(cells, name)}"
        )
    values, note = numbers(column, decimal)
    bad = values.is_null()
    if not bad.any():
        check_exact(cells, name, column, values)
        return Encoded(finite(cells, name, values), (name,), note)
    if not bad.all():
        raise DataError(not_numbers(cells, name, column, bad, decimal))
    words = column.str.to_lowercase().unique().to_list()
    if set(words) <= {"true", "false"}:
        return boolean(column.str.to_lowercase() == "true", name)
    if any(column.str.contains(pattern).any() for pattern in (*HINTS, LIKE_A_NUMBER)):
        raise DataError(not_numbers(cells, name, column, bad, decimal))
    return category(cells, name, column)


def finite(cells: Cells, name: str, values: pl.Series) -> Array:
    """The values of a column, (n, 1).

    Raises:
        DataError: one is infinite.
    """
    infinite = values.is_infinite()
    if infinite.any():
        row = first(infinite)
        raise DataError(
            f"{cells.at(row, name)} holds {cells.frame[name][row]}: not a finite number."
        )
    array: Array = values.to_numpy().reshape(-1, 1)
    return array


LARGEST_EXACT = 2.0**53
"""Up to here float64 has every whole number."""


def check_exact(cells: Cells, name: str, column: pl.Series, values: pl.Series) -> None:
    """See that nothing but a zero has become 0, and that long whole numbers are what they were.

    Raises:
        DataError: a number is too small for float64, or a whole one has too many digits.
    """
    whole = (values.abs() >= LARGEST_EXACT) & column.str.contains(r"^[+-]?\d+$")
    for row in whole.arg_true():
        if int(values[row]) != int(column[row]):
            raise DataError(
                f"{cells.at(row, name)} holds {column[row]}, which has more digits than float64 "
                f"can hold; a name or a key?{instead(cells, name)}"
            )
    lost = (values == 0) & column.str.contains("^[^eE]*[1-9]")
    if lost.any():
        row = first(lost)
        raise DataError(f"{cells.at(row, name)} holds {column[row]}: too small for float64.")


def boolean(column: pl.Series, name: str) -> Encoded:
    """A column of True and False as one of numbers: (n, 1) float64."""
    values = column.cast(pl.Float64).to_numpy().reshape(-1, 1)
    return Encoded(values, (name,), f"{name}: True is 1 and False is 0")


def category(cells: Cells, name: str, column: pl.Series) -> Encoded:
    """One column of 0 and 1 for each text but the first.

    Raises:
        DataError: there are too many texts.
    """
    levels = sorted(column.unique().to_list())
    if len(levels) > MOST_LEVELS or len(levels) == len(column) > 1:
        raise DataError(
            f"{cells.path}: column {name!r} holds {len(levels)} different texts in {len(column)} "
            f"rows ({shown(levels[0])!r}, …), too many for a category"
            f"{instead(cells, name)}"
        )
    others = levels[1:]
    values = np.zeros((len(column), len(others)))
    for position, level in enumerate(others):
        values[:, position] = (column == level).to_numpy()
    many = f"column{'s' if len(others) != 1 else ''}"
    note = (
        f"{name}: {len(levels)} categories are {len(others)} {many} of 0 and 1, "
        f"{', '.join(shown(f'{name}={level}') for level in others[:3])}"
        f"{', …' if len(others) > 3 else ''}; {shown(levels[0])!r} is 0 in all of them"
        if others
        else f"{name}: holds nothing but {shown(levels[0])!r}: left out"
    )
    return Encoded(values, tuple(f"{name}={level}" for level in others), note)


def not_numbers(
    cells: Cells, name: str, column: pl.Series, bad: pl.Series, decimal: Decimal
) -> str:
    """Which cells of a column of numbers are none, and what to do."""
    row, text = first(bad), column.filter(bad)[0]
    hint = next(
        (hint for pattern, hint in HINTS.items() if pl.Series([text]).str.contains(pattern)[0]),
        None,
    )
    if hint is None and decimal == "," and "." in text:
        hint = "other numbers have a decimal comma; problem.decimal=. takes the point"
    elif hint is None and "," in text:
        hint = "problem.decimal=, if 1,5 is meant as 1.5"
    more = f" (and {bad.sum() - 1} more in this column)" if bad.sum() > 1 else ""
    return (
        f"{cells.at(row, name)} holds {shown(text)!r}, which is not a number{more}; "
        f"{hint or 'correct it'}{instead(cells, name, ', or')}"
    )


def instead(cells: Cells, name: str, before: str = ";") -> str:
    """What to type to leave a column out, after what is wrong with it."""
    typed = cells.without(name)
    return f"{before} {typed}" if typed else ""


def first(mask: pl.Series) -> int:
    """The index of the first row for which it holds."""
    return int(mask.arg_max() or 0)


def is_text(cells: Cells, name: str, decimal: Decimal) -> bool:
    """Whether a column holds names of classes: no cell is a number, nor all are True or False."""
    column = cells.frame[name]
    if column.dtype in (pl.Categorical, pl.Enum):
        return True
    if column.dtype != pl.String or not len(column):
        return False
    if numbers(column, decimal)[0].is_not_null().any():
        return False
    words = set(column.str.to_lowercase().unique().to_list())
    return not words <= {"true", "false"} and not column.str.contains(LIKE_A_NUMBER).any()
