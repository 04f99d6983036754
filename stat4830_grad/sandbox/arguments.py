"""The data that a file's function is given: its own, and whether it changed them."""

from __future__ import annotations

import ctypes
import mmap
from math import prod
from typing import Any

import torch
from torch import Tensor

LARGE = 2**17
"""Numbers in all tensors together; to compare more of them takes as long as a gradient."""

Mark = tuple[object, ...]
"""Where the numbers of a tensor are, and how often PyTorch changed them in place."""


def copied(data: dict[str, Any]) -> dict[str, Any]:
    """The same values, which the function may change."""
    return {k: v.clone() if isinstance(v, Tensor) else list(v) for k, v in data.items()}


def kept(data: dict[str, Any]) -> dict[str, Any]:
    """The same values for many calls: large ones are where nobody can change them."""
    if not are_large(data):
        return copied(data)
    return {k: read_only(v) if isinstance(v, Tensor) else list(v) for k, v in data.items()}


def are_large(data: dict[str, Any]) -> bool:
    """Whether it takes long to see that data are as they were."""
    return sum(t.numel() for t in data.values() if isinstance(t, Tensor)) > LARGE


def read_only(tensor: Tensor) -> Tensor:
    """A copy in pages of its own that are read-only: to write there ends the process (SIGSEGV)."""
    size = prod(tensor.shape) * tensor.itemsize
    if not size:
        return tensor.clone()
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    copy = torch.frombuffer(pages, dtype=tensor.dtype).reshape(tensor.shape)
    copy.copy_(tensor)
    ctypes.CDLL(None).mprotect(ctypes.c_void_p(copy.data_ptr()), ctypes.c_size_t(size), 1)
    return copy


def marks(data: dict[str, Any]) -> dict[str, Mark]:
    """The mark of each tensor."""
    return {
        name: (t.data_ptr(), t.shape, t.stride(), t.dtype, t._version)
        for name, t in data.items()
        if isinstance(t, Tensor)
    }


def differs(mine: object, before: object) -> bool:
    """Whether an argument is no longer what it was: its values, its shape, its dtype."""
    if isinstance(mine, Tensor) and isinstance(before, Tensor):
        if mine.shape != before.shape or mine.dtype != before.dtype:
            return True
        mine = mine.detach()
        return not torch.equal(mine, before) and not torch.equal(
            mine.nan_to_num(), before.nan_to_num()
        )
    return mine != before
