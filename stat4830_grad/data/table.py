"""A user's table: a matrix of numbers and a target, from a text, a Parquet or an NPZ file.

Polars reads the file, and is imported only where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..config.problems import TableFile
from ..system.errors import ConfigError, DataError
from ..system.reading import reading
from ..system.wording import shown
from .packed import UNPACKING

if TYPE_CHECKING:
    import polars as pl

    from .cells import Cells

Array = NDArray[np.float64]

TEXTS = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")

INSTEAD = {
    ".xlsx": 'save the sheet as CSV, or pandas.read_excel("FILE").to_csv("FILE.csv", index=False)',
    ".dta": 'pandas.read_stata("FILE").to_csv("FILE.csv", index=False)',
    ".sav": 'pandas.read_spss("FILE").to_csv("FILE.csv", index=False)',
    ".sas7bdat": 'pandas.read_sas("FILE").to_csv("FILE.csv", index=False)',
    ".json": 'pandas.read_json("FILE").to_csv("FILE.csv", index=False)',
    ".feather": 'pandas.read_feather("FILE").to_csv("FILE.csv", index=False)',
    ".pkl": 'pandas.read_pickle("FILE").to_csv("FILE.csv", index=False)',
    ".rds": 'write.csv(readRDS("FILE"), "FILE.csv", row.names=FALSE) in R',
    ".rdata": 'load("FILE"), then write.csv(NAME, "FILE.csv", row.names=FALSE), in R',
    ".mat": "np.savez(FILE, X=…, y=…) of what scipy.io.loadmat gives",
    ".npy": "np.savez(FILE, X=…, y=…), which has the target too",
}
"""What makes a table that can be read of a file of another kind, by the end of its name."""
INSTEAD |= dict.fromkeys((".xls", ".ods"), INSTEAD[".xlsx"])


@dataclass(frozen=True)
class TableData:
    """What a table holds: n rows of p features, and what is to be explained by them."""

    X: Array  # (n, p), finite
    names: tuple[str, ...]  # of the p features
    target: str  # name of the column that y is
    y: Array | list[str]  # n numbers, or n names of classes where the column holds texts
    notes: tuple[str, ...]  # for the user: what was found, left out and encoded, a line each
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Mean and deviation of each feature that was standardized."""


def read_table(path: Path, table: TableFile) -> TableData:
    """The features and the target of a table.

    A target of texts (or categories) comes as texts, one of numbers or booleans as numbers.
    Features are numbers: booleans and categories are encoded, and `notes` says how.

    Args:
        table: which columns are wanted and what to do where a value is missing; how the file is
            written, as far as it cannot be found.

    Raises:
        ConfigError: `table` names what is not in the file, or not enough.
        DataError: the file is missing or damaged, lacks values, or holds what is no number.
    """
    packed = path.suffix.lower() in UNPACKING
    kind = Path(path.stem).suffix.lower() if packed else path.suffix.lower()
    wanted = {".npz": "an NPZ file of plain arrays", ".parquet": "a Parquet file"}
    if kind not in (*TEXTS, *wanted) or (packed and kind in wanted):
        raise ConfigError(unknown_kind(path, kind))
    with reading(path, wanted.get(kind, "a table in text")):
        return data_of(cells_of(path, kind, table), table)


def unknown_kind(path: Path, kind: str) -> str:
    """The error about a file of another kind."""
    instead = INSTEAD.get(kind)
    how = f"; write it anew: {instead}" if instead else ""
    return f"{path} must be a .csv, .tsv, .txt (packed too, .csv.gz), .parquet or .npz file{how}"


def cells_of(path: Path, kind: str, table: TableFile) -> Cells:
    """The columns as they stand in the file."""
    if kind == ".npz":
        from .npz import read_npz

        return read_npz(path, table)
    if kind == ".parquet":
        from .parquet import read_parquet

        return read_parquet(path, table)
    from .delimited import read_delimited

    return read_delimited(path, table)


def data_of(cells: Cells, table: TableFile) -> TableData:
    """The wanted columns as numbers."""
    from .cells import without_row_names
    from .columns import encoded, is_text, labels
    from .numerals import decimal_sign

    cells = without_row_names(cells)
    target, features = cells.target, chosen(cells, table)
    cells = cells.of([*features, target])
    cells = complete(cells, table.missing)
    if not len(cells.frame):
        raise DataError(f"{cells.path} has no row of numbers.")
    decimal, note = decimal_sign(cells, table.decimal)
    cells = cells.noting(note) if note else cells
    made = [encoded(cells, name, decimal) for name in features]
    y: Array | list[str]
    if is_text(cells, target, decimal):
        y, note = labels(cells, target), None
    else:
        own = encoded(cells, target, decimal)
        y, note = own.values[:, 0], own.note
    notes = filter(None, (*cells.notes, *(one.note for one in made), note))
    X = np.concatenate([one.values for one in made], axis=1)
    if not X.shape[1]:
        raise DataError(f"{cells.path}: no column beside the target differs from row to row.")
    return TableData(X, tuple(name for one in made for name in one.names), target, y, tuple(notes))


def chosen(cells: Cells, table: TableFile) -> list[str]:
    """The names of the features.

    Raises:
        ConfigError: a column that `table` names is not there.
        DataError: none is left.
    """
    from .cells import unknown_column

    names, target = cells.frame.columns, cells.target
    for key, wanted in (
        ("problem.target", [target]),
        ("problem.columns", table.columns or []),
        ("problem.drop", table.drop),
    ):
        for name in wanted:
            if name not in names:
                raise unknown_column(cells.path, key, name, names, headless=cells.headless)
    kept = table.columns if table.columns is not None else names
    features = [name for name in kept if name != target and name not in table.drop]
    if target in (table.columns or []):
        raise ConfigError(f"problem.columns: {target!r} is the target, and cannot be in X too")
    if not features:
        raise DataError(f"{cells.path} has no column beside the target {target!r}.")
    return list(dict.fromkeys(features))


def complete(cells: Cells, missing: str) -> Cells:
    """Without the rows that lack a value.

    Raises:
        DataError: there are some, and they are not to be left out.
    """
    import polars as pl

    from .cells import lacking

    holes = {column.name: lacking(column) for column in cells.frame}
    gaps = pl.DataFrame(holes).select(pl.any_horizontal(pl.all()).alias("any")).to_series()
    count, n = int(gaps.sum()), len(gaps)
    if not count:
        return cells
    if missing == "drop":
        columns = [name for name, hole in holes.items() if hole.any()]
        where = ", ".join(map(shown, columns[:5])) + (", …" if len(columns) > 5 else "")
        return cells.where(~gaps).noting(f"{count:,} of {n:,} rows left out, no value in {where}")
    row = int(gaps.arg_max() or 0)
    name = next(name for name, hole in holes.items() if hole[row])
    said = f" ({cells.frame[name][row]!r})" if isinstance(cells.frame[name][row], str) else ""
    column = cells.without(name)
    raise DataError(
        f"{cells.at(row, name)} has no value{said}; {per_column(holes)}; problem.missing=drop "
        f"leaves out {count:,} of {n:,} rows{f', or {column}' if column else ''}"
    )


def per_column(holes: dict[str, pl.Series]) -> str:
    """How many values each column lacks."""
    counts = {name: int(hole.sum()) for name, hole in holes.items() if hole.any()}
    words = [f"{count:,} in {shown(name)!r}" for name, count in counts.items()]
    return f"missing: {', '.join(words[:5])}{', …' if len(words) > 5 else ''}"
