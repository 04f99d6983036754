"""What is kept of a tensor: its numbers when they are few, else its shape and norm."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..system.wording import typeset

MOST_ENTRIES = 30_000
"""Tensors of up to so many entries are kept whole for the page of a trace."""


@dataclass(frozen=True)
class Summary:
    """A tensor without its storage."""

    shape: tuple[int, ...]
    dtype: str
    values: tuple[float, ...] | None = None  # row-major; None when there are too many
    norm: float | None = None  # Euclidean, over all entries; None when it was never seen
    entries: np.ndarray[Any, Any] | None = field(default=None, compare=False, repr=False)
    """All of them in the tensor's shape, float32 or float64; None when there are too many."""

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def scalar(self) -> float | None:
        """The number, when there is just one."""
        return self.values[0] if self.values is not None and self.size == 1 else None

    def text(self) -> str:
        """`3`, `(1, −2)`, `2×2 (1, 0, 0, 1)` or `32×784, norm 5.1`."""
        if self.scalar is not None:
            return number(self.scalar)
        if self.values is not None:
            listed = "(" + ", ".join(map(number, self.values)) + ")"
            return listed if len(self.shape) <= 1 else f"{dimensions(self.shape)} {listed}"
        norm = "" if self.norm is None else f", norm {number(self.norm)}"
        return dimensions(self.shape) + norm

    def to_dict(self) -> dict[str, Any]:
        """As in trace.json; `values` are null where there are many."""
        values = None if self.values is None else [finite(v) for v in self.values]
        norm = None if self.norm is None else finite(self.norm)
        return {"shape": list(self.shape), "dtype": self.dtype, "values": values, "norm": norm}


def summarise(tensor: Tensor, keep: int) -> Summary:
    """A summary with the numbers of tensors that have at most `keep` entries."""
    tensor = allocated(tensor.detach())
    shape, dtype = tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")
    if tensor.is_complex():
        return Summary(shape, dtype, norm=float(torch.linalg.vector_norm(tensor)))
    real = tensor.to(torch.float64) if tensor.numel() <= keep else tensor
    if not real.is_floating_point():
        real = real.to(torch.float32)
    norm = float(torch.linalg.vector_norm(real)) if real.numel() else 0.0
    values = tuple(real.flatten().tolist()) if tensor.numel() <= keep else None
    return Summary(shape, dtype, values, norm, whole(tensor))


def whole(tensor: Tensor) -> np.ndarray[Any, Any] | None:
    """A copy of the entries of a real tensor that is small enough; of halves in float32."""
    if tensor.numel() > MOST_ENTRIES:
        return None
    wide = tensor.dtype in (torch.float64, torch.float32)
    copied = tensor.to("cpu", tensor.dtype if wide else torch.float32, copy=True)
    return copied.contiguous().numpy()


def allocated(tensor: Tensor) -> Tensor:
    """The tensor itself; zeros for the one kind that autograd makes without storage."""
    return torch.zeros_like(tensor) if tensor._is_zerotensor() else tensor


def number(value: float) -> str:
    """Four significant digits, with a real minus sign."""
    return typeset(value, 4)


def dimensions(shape: tuple[int, ...]) -> str:
    """`32×784`; a vector of n entries is `n-vector`, a tensor without dimensions `scalar`."""
    if not shape:
        return "scalar"
    return f"{shape[0]}-vector" if len(shape) == 1 else "×".join(map(str, shape))


def finite(value: float) -> float | str:
    """A JSON number, or the text `inf`, `-inf` or `nan`, which JSON has no numbers for."""
    return value if math.isfinite(value) else str(value)
