"""A user's least-squares data, from a CSV or an NPZ file."""

import csv
import math
import zipfile
from array import array
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config.commands import assigned
from ..system.errors import ConfigError, DataError, UserError
from ..system.reading import LARGEST, MIB, reading
from .npy import read_array

Array = NDArray[np.float64]

LONGEST_LINE = 16 * MIB
"""Most characters in a line of a CSV file; a file without line ends is no table."""


def load_least_squares(
    path: Path, target: str, dtype: torch.dtype, device: torch.device | str
) -> tuple[Tensor, Tensor, list[str]]:
    """X (n, p), y (n,) and the p names of the features.

    A CSV file has a header row and numeric columns, separated by commas. An NPZ file has either a
    matrix `X` (n, p) and the target as a vector (n,), other arrays being left alone, or one vector
    for each column.

    Raises DataError for a file that is missing or damaged or lacks a value, ConfigError for a
    target that is not in it.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".npz": _read_npz}
    wanted = {".csv": "a CSV file in UTF-8", ".npz": "an NPZ file of plain arrays"}
    kind = path.suffix.lower()
    if kind not in readers:
        raise ConfigError(f"{path} must be a .csv or an .npz file.")
    with reading(path, wanted[kind]):
        X, y, names = readers[kind](path, target)
    if not names:
        raise DataError(f"{path} has no column beside the target {target!r}.")
    tensors = torch.from_numpy(X).to(dtype), torch.from_numpy(y).to(dtype)
    if not all(tensor.isfinite().all() for tensor in tensors):
        raise DataError(f"{path} holds numbers too large for {dtype}; try dtype=float64.")
    return tensors[0].to(device), tensors[1].to(device), names


def _unknown_target(path: Path, target: str, names: list[str]) -> UserError:
    if not names:
        return DataError(f"{path} has no column for the target, nothing but a matrix X.")

    def likeness(name: str) -> float:
        return SequenceMatcher(None, target.lower(), name.lower()).ratio()

    nearest = sorted(names, key=likeness, reverse=True)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ConfigError(
        f"{path} has no column {target!r} for the target; it has "
        f"{', '.join(map(repr, nearest[:10]))}{more}; "
        f"write {assigned('problem.target', nearest[0])}"
    )


def _read_csv(path: Path, target: str) -> tuple[Array, Array, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(_lines(path, file))
        rows = filter(None, reader)  # a blank line yields an empty list
        header = next(rows, None)
        if header is None:
            raise DataError(f"{path} is empty; a header row and rows of numbers are needed.")
        names = _header(path, header)
        if target not in names:
            raise _unknown_target(path, target, names)
        numbers = array("d")
        for cells in rows:
            numbers.extend(_numbers(path, reader.line_num, cells, names))
    if not numbers:
        raise DataError(f"{path} has a header row and no row of numbers.")
    table = np.frombuffer(numbers).reshape(-1, len(names))
    column = names.index(target)
    features = names[:column] + names[column + 1 :]
    return np.delete(table, column, axis=1), table[:, column].copy(), features


def _lines(path: Path, file: IO[str]) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise DataError(f"{path}: line {number} is too long for a row of a table.")
        yield line


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise DataError(f"{path}: columns must be separated by commas, not by semicolons or tabs.")
    if all(_is_number(name) for name in names):
        raise DataError(f"{path}: line 1 holds numbers; a header row with column names is needed.")
    for position, name in enumerate(names, 1):
        if not name:
            raise DataError(f"{path}: column {position} has no name in the header row.")
        if name in names[: position - 1]:
            raise DataError(f"{path}: two columns are called {name!r}; rename one.")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(path: Path, line: int, cells: list[str], names: list[str]) -> list[float]:
    if len(cells) != len(names):
        raise DataError(
            f"{path}: line {line} has {len(cells)} cells, the header row has {len(names)}."
        )
    return [
        _number(f"{path}: line {line}, column {name!r}", cell)
        for name, cell in zip(names, cells, strict=True)
    ]


def _number(place: str, cell: str) -> float:
    text = cell.strip()
    if text and not _is_number(text):
        raise DataError(f"{place} holds {cell!r}, which is not a number.")
    if not text or not math.isfinite(float(text)):
        raise DataError(
            f"{place} has no value ({cell!r}); fill it in or remove the row, missing and infinite "
            "values cannot be used."
        )
    return float(text)


def _read_npz(path: Path, target: str) -> tuple[Array, Array, list[str]]:
    arrays = _npz_arrays(path)
    matrix = arrays.get("X")
    if matrix is not None and matrix.ndim == 2:
        columns = [name for name in arrays if name != "X"]
    else:
        matrix, columns = None, list(arrays)
    if target not in columns:
        raise _unknown_target(path, target, columns)
    y = _vector(path, target, arrays[target])
    if matrix is not None:
        X = _finite(path, "X", matrix)
        names = [f"x{i}" for i in range(1, X.shape[1] + 1)]
    else:
        names = [name for name in columns if name != target]
        features = [_vector(path, name, arrays[name], len(y)) for name in names]
        X = np.stack(features, axis=1) if features else np.empty((len(y), 0))
    if len(X) != len(y):
        raise DataError(f"{path}: X has {len(X)} rows and {target!r} has {len(y)} values.")
    return X, y, names


def _npz_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if not members:
            raise DataError(f"{path} holds no arrays.")
        if sum(member.file_size for member in members) > LARGEST:
            raise DataError(f"{path}: its arrays have more than {LARGEST // MIB:,} MiB.")
        return {
            member.filename.removesuffix(".npy"): _npz_array(path, archive, member)
            for member in members
        }


def _npz_array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        try:
            return read_array(file, member.file_size)
        except ValueError as error:
            raise DataError(
                f"{path}: {member.filename} is damaged, or not an array of numbers: {error}"
            ) from error


def _vector(path: Path, name: str, array: NDArray[Any], n: int | None = None) -> Array:
    if array.ndim != 1 or array.size == 0 or (n is not None and len(array) != n):
        wanted = "of shape (n,)" if n is None else f"with {n} values, like the target"
        raise DataError(f"{path}: {name!r} has shape {array.shape}; a vector {wanted} is needed.")
    return _finite(path, name, array)


def _finite(path: Path, name: str, array: NDArray[Any]) -> Array:
    if array.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name!r} holds {array.dtype}, not real numbers.")
    missing = np.argwhere(~np.isfinite(array))
    if len(missing):
        row, *column = (int(i) + 1 for i in missing[0])
        where = f"row {row}, column {column[0]} of {name!r}" if column else f"row {row} of {name!r}"
        raise DataError(
            f"{path}: {where} (counted from 1) has no value; missing and infinite values cannot "
            "be used."
        )
    return array.astype(np.float64)
