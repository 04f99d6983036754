"""What the shared texts of rules and schedules call beside operators, for tensors."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def at_least(x: Tensor, low: float) -> Tensor:
    """max(x, low); NaN stays."""
    return x.clamp(min=low)


def at_most(x: Tensor, high: float) -> Tensor:
    """min(x, high); NaN stays."""
    return x.clamp(max=high)


def constant(value: float, like: Tensor) -> float:
    """A number in the dtype of `like`; numba would take 1 + x for float64 whatever x is."""
    return value


def warmed(t: Any, warmup: Any) -> Any:
    """(t + 1)/N in the first N = `warmup` updates, then 1."""
    return at_most((t + constant(1, t)) / at_least(warmup, 1), 1)
