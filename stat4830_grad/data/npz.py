"""Tables in NPZ files: a matrix and a vector, or one vector for each column."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from ..config.problems import TableFile
from ..system.errors import DataError
from ..system.reading import LARGEST, MIB
from .cells import Cells, unknown_column
from .npy import read_array

Arrays = dict[str, NDArray[Any]]
SPARSE = {"indices", "indptr", "shape", "format"}
"""Arrays by which SciPy keeps a sparse matrix."""


def read_npz(path: Path, table: TableFile) -> Cells:
    """The columns of the arrays in a file.

    The target is a vector, (n,) or (n, 1); where there is none of its name, a vector that is the
    only one beside matrices. X is the matrix of that name, the only one, or the only one of n rows;
    its columns are called x1, x2, …. Without a matrix each vector is a column.

    Raises:
        ConfigError: the target is not in it.
        DataError: it is damaged, or it cannot be told which array is meant.
    """
    arrays, target, notes = read_arrays(path), table.target, []
    if arrays.keys() >= SPARSE:
        raise DataError(
            f"{path} is a sparse matrix of SciPy; save np.savez(FILE, X=matrix.toarray(), y=y)."
        )
    vectors = [name for name, array in arrays.items() if is_vector(array)]
    if target not in arrays and target == "y" and len(vectors) == 1 < len(arrays):
        target = vectors[0]
        notes.append(f"{target}, the only vector, is the target")
    if target not in arrays or (target not in vectors and len(arrays) == 1):
        raise unknown_column(path, "problem.target", target, vectors)
    y = vector(path, target, arrays.pop(target))
    matrix = chosen_matrix(path, arrays, len(y), target)
    if matrix is None:
        columns = {name: vector(path, name, array, len(y)) for name, array in arrays.items()}
    else:
        X = real(path, matrix, arrays[matrix])
        columns = {f"x{i}": X[:, i - 1] for i in range(1, X.shape[1] + 1)}
        if matrix != "X":
            notes.append(f"{matrix}, the only matrix, is X")
    frame = pl.DataFrame({**columns, target: y})
    rows, drop = pl.int_range(len(frame), eager=True), tuple(table.drop)
    return Cells(path, frame, nth_row, rows, target, drop, notes=tuple(notes))


def nth_row(index: int) -> str:
    """`row 3` for index 2."""
    return f"row {index + 1}"


def chosen_matrix(path: Path, arrays: Arrays, n: int, target: str) -> str | None:
    """The name of the matrix that is X; None where there is no matrix.

    Raises:
        DataError: several may be meant, or X has another number of rows.
    """
    matrices = [name for name, array in arrays.items() if array.ndim == 2]
    fitting = [name for name in matrices if len(arrays[name]) == n]
    meant = ["X"] if "X" in matrices else fitting if len(fitting) == 1 else matrices
    if len(meant) > 1:
        raise DataError(
            f"{path} holds several matrices, {', '.join(meant)}; save the one that is meant as X."
        )
    if meant and meant != fitting and len(arrays[meant[0]]) != n:
        rows = len(arrays[meant[0]])
        raise DataError(f"{path}: {meant[0]} has {rows} rows and {target!r} has {n} values.")
    return meant[0] if meant else None


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file by name.

    Raises:
        DataError: it has none, too large ones, or one that is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if not members:
            raise DataError(f"{path} holds no arrays.")
        if sum(member.file_size for member in members) > LARGEST:
            raise DataError(f"{path}: its arrays have more than {LARGEST // MIB:,} MiB.")
        return {
            member.filename.removesuffix(".npy"): member_array(path, archive, member)
            for member in members
        }


def member_array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """The array that is a member of the archive.

    Raises:
        DataError: it is damaged, or no array of numbers.
    """
    with archive.open(member) as file:
        try:
            return read_array(file, member.file_size)
        except ValueError as error:
            raise DataError(
                f"{path}: {member.filename} is damaged, or not an array of numbers: {error}"
            ) from error


def is_vector(array: NDArray[Any]) -> bool:
    """Whether it is (n,) or (n, 1)."""
    return array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)


def vector(path: Path, name: str, array: NDArray[Any], n: int | None = None) -> NDArray[Any]:
    """(n,) of an array (n,) or (n, 1).

    Raises:
        DataError: it has another shape, or not `n` values.
    """
    if not is_vector(array) or array.size == 0 or (n is not None and len(array) != n):
        wanted = "of shape (n,)" if n is None else f"with {n} values, like the target"
        raise DataError(f"{path}: {name!r} has shape {array.shape}; a vector {wanted} is needed.")
    return real(path, name, array).reshape(-1)


def real(path: Path, name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array in this machine's order of bytes, half precision as single.

    Raises:
        DataError: it holds other than real numbers.
    """
    if array.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name!r} holds {array.dtype}, not real numbers.")
    return (
        array.astype("float64")
        if array.dtype.kind == "f"
        else array.astype(array.dtype.newbyteorder("="))
    )
