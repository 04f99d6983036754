"""The short way to the cells of a text that holds nothing but plain numbers.

Polars reads it as it reads every text (see `delimited`), but with cells as numbers, which takes a
fraction of the time and of the memory. What is not certain to give the same is left to the careful
way.
"""

from __future__ import annotations

import re

import polars as pl

from ..config.problems import TableFile
from .columns import LARGEST_EXACT
from .layout import Layout

SMALL = re.compile(rb"[eE]-0*[1-9]\d\d")
"""An exponent with which a number may be too small for float64; with ZEROS no smaller one may."""
ZEROS = b"0" * 20


def plain_numbers(raw: bytes, layout: Layout, table: TableFile) -> pl.DataFrame | None:
    """The rows below the header as float64, columns by position; None where not all are plain.

    Plain are numbers that float64 holds as they are written: finite, with a decimal point, not
    whole ones beyond 2⁵³, and 0 only where 0 is written.
    """
    if table.decimal == "," or not all(layout.names):
        return None
    schema = {str(at): pl.Float64 for at in range(len(layout.names))}
    try:
        frame = pl.read_csv(
            raw,
            has_header=False,
            skip_rows=layout.skipped,
            schema=schema,
            separator=layout.delimiter,
        )
    except pl.exceptions.PolarsError:
        return None
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    whole = 0 < len(frame) == lines - layout.skipped
    if not whole or not all(is_plain(column) for column in frame):
        return None
    if any((column == 0).any() for column in frame) and (ZEROS in raw or SMALL.search(raw)):
        return None
    return frame


def is_plain(column: pl.Series) -> bool:
    """Whether a column has values in all rows, finite and none so large that digits may be lost."""
    return not column.has_nulls() and bool((column.abs() < LARGEST_EXACT).all())
