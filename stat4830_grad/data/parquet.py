"""Tables in Parquet files, whose columns have types."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ..config.problems import TableFile
from ..system.errors import DataError
from ..system.process import silent_stderr
from ..system.reading import LARGEST, MIB
from .cells import Cells

NUMBER = 8
"""Bytes of a number."""


def read_parquet(path: Path, table: TableFile) -> Cells:
    """The columns of a file.

    Raises:
        DataError: unpacked it is too large.
        ValueError: it is damaged.
    """
    try:
        with silent_stderr():  # Polars panics at some damages, and Rust says so by itself
            scanned = pl.scan_parquet(path, glob=False)
            columns = len(scanned.collect_schema())
            size = int(scanned.select(pl.len()).collect().item()) * columns * NUMBER
            if size > LARGEST:
                raise DataError(f"{path}: unpacked it has more than {LARGEST // MIB:,} MiB.")
            frame = scanned.collect()
    except pl.exceptions.PanicException as panic:  # no Exception
        raise ValueError("its parts do not fit") from panic
    rows = pl.int_range(len(frame), eager=True)
    return Cells(path, frame, lambda row: f"row {row + 1}", rows, table.target, tuple(table.drop))
