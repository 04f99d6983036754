"""What is made of a table's features before they are tensors: scaling, an intercept, a dtype."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..system.errors import DataError
from ..system.wording import shown
from .table import TableData


def standardized(data: TableData, over: NDArray[np.int64] | None = None) -> TableData:
    """Each feature with mean 0 and deviation 1 over rows; a constant one as it is.

    Args:
        over: those rows (m,); None takes all n.
    """
    rows = data.X if over is None else data.X[over]
    constant = np.ptp(rows, axis=0) == 0
    mean = np.where(constant, 0.0, rows.mean(0))
    deviation = np.where(constant, 1.0, rows.std(0))
    left = [shown(name) for name, still in zip(data.names, constant, strict=True) if still]
    notes = [f"{', '.join(left[:5])}: the same in every row, not standardized"] if left else []
    columns = zip(data.names, mean.tolist(), deviation.tolist(), strict=True)
    return replace(
        data,
        X=(data.X - mean) / deviation,
        scales={name: (m, d) for name, m, d in columns if name not in left},
        notes=(*data.notes, *notes),
    )


def with_intercept(data: TableData) -> TableData:
    """A column of ones before the others."""
    ones = np.ones((len(data.X), 1))
    return replace(data, X=np.concatenate([ones, data.X], 1), names=("intercept", *data.names))


def as_tensor(path: Path, values: NDArray[np.float64], dtype: torch.dtype) -> Tensor:
    """The values of a table in a dtype.

    Raises:
        DataError: one is beyond its range.
    """
    exact = torch.from_numpy(np.require(values, requirements="W"))  # no copy of a large table
    tensor = exact.to(dtype).contiguous()
    if not tensor.isfinite().all():
        raise DataError(f"{path} holds numbers too large for {dtype}; try dtype=float64.")
    small = exact[(tensor.abs() < torch.finfo(dtype).tiny) & (exact != 0)]
    if len(small):
        least = float(small.abs().min())
        raise DataError(
            f"{path} holds numbers too small for {dtype}, such as {least:g}; try dtype=float64."
        )
    return tensor
