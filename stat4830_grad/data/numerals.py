"""How numbers are written: the decimal sign, and signs between thousands."""

from __future__ import annotations

from typing import Literal

import polars as pl

from ..system.errors import ConfigError
from .cells import Cells

Decimal = Literal[".", ","]

COMMA = {
    "certain": r"^[+-]?(\d{4,},\d+|\d{1,3},(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+"
    r"|\d{1,3}(\.\d{3}){2,}|0\d*,\d+|,\d+)([eE][+-]?\d+)?$",
    "point": r"^[+-]?(\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,}|\d+\.(\d{1,2}|\d{4,})"
    r"|\d{4,}\.\d+|0\d*\.\d+|\.\d+)([eE][+-]?\d+)?$",
    "either": r"^[+-]?\d{1,3},\d{3}$",
}
"""Numbers that show that a decimal sign is a comma, that it is a point, or that could be both."""

BETWEEN = r"['’ \x{a0}\x{202f}\x{2009}]"
"""Signs that part thousands and nothing else."""

GROUPED = {
    ".": r"^[+-]?\d{1,3}([,'’ \x{a0}\x{202f}\x{2009}]\d{3})+(\.\d*)?$",
    ",": r"^[+-]?\d{1,3}([.'’ \x{a0}\x{202f}\x{2009}]\d{3})+(,\d*)?$",
}
"""Numbers with signs between their thousands, by the decimal sign."""

THOUSANDS = {".": r"[,'’ \x{a0}\x{202f}\x{2009}]", ",": r"[.'’ \x{a0}\x{202f}\x{2009}]"}

LIKE_A_NUMBER = r"^[+-]?\d[\d.,'’ \x{a0}\x{202f}\x{2009}]*([eE][+-]?\d+)?$"
"""Digits and signs that part them; what is written so is a number, or nothing."""


def decimal_sign(cells: Cells, given: Decimal | None) -> tuple[Decimal, str | None]:
    """The sign between the whole and the rest of a number, the same in the whole table.

    With a note for the user where it is a comma.

    Raises:
        ConfigError: it is not to be found without a word from the user.
    """
    if given:
        return given, None
    found: dict[str, str] = {}
    texts = [column for column in cells.frame if column.dtype == pl.String]
    if not any(column.str.contains(",", literal=True).any() for column in texts):
        return ".", None
    for text in texts:
        if not text.str.contains(LIKE_A_NUMBER).all():
            continue
        column = text.str.replace_all(BETWEEN, "")
        for kind, pattern in COMMA.items():
            matching = column.filter(column.str.contains(pattern).fill_null(False))
            if len(matching):
                found.setdefault(kind, f"{column.name!r} holds {matching[0]!r}")
    if "certain" in found and "point" not in found:
        return ",", f"decimal comma: column {found['certain']}"
    if "certain" in found:
        raise ConfigError(
            f"{cells.path}: column {found['certain']} and {found['point']}: "
            "write problem.decimal=, or problem.decimal=. and correct the other column"
        )
    if "either" in found and "point" not in found:
        raise ConfigError(
            f"{cells.path}: column {found['either']}, which may be a decimal comma or may part "
            "thousands: write problem.decimal=, or problem.decimal=."
        )
    return ".", None


def numbers(column: pl.Series, decimal: Decimal) -> tuple[pl.Series, str | None]:
    """Float64, null where a text is no number; and what to say of the way they are written."""
    plain = column if decimal == "." else column.str.replace(",", ".", literal=True)
    if decimal == ",":
        plain = plain.set(column.str.contains(".", literal=True), None)
    values = plain.cast(pl.Float64, strict=False)
    if not values.is_null().any():
        return values, None
    grouped = column.str.contains(GROUPED[decimal]) & values.is_null()
    if not grouped.any():
        return values, None
    digits = column.str.replace_all(THOUSANDS[decimal], "").str.replace(",", ".", literal=True)
    values = values.zip_with(~grouped, digits.cast(pl.Float64, strict=False))
    example = column.filter(grouped)[0]
    note = f"{column.name}: {example} is read as {values.filter(grouped)[0]:.15g}"
    return values, note
