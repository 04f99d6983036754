"""Least-squares data with a known answer and, where asked for, a known condition number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..system.errors import ConfigError


def synthetic_least_squares(
    *,
    generator: torch.Generator,
    n: int,
    w_star: Sequence[float] | None,
    p: int,
    noise: float,
    condition: float | None,
    dtype: torch.dtype,
    device: torch.device | str,
) -> tuple[Tensor, Tensor, Tensor]:
    """X (n, p), y (n,) = X w_true + noise * standard normal, w_true (p,).

    X is standard normal. `condition` replaces its singular values, so that the eigenvalues of the
    Hessian XᵀX lie geometrically between n / condition and n. `w_star` None draws w_true too.
    Drawn in this order: X, w_true, noise, always in float64, so that every dtype sees the same
    data to rounding. X and w_true are rounded to `dtype` before y is made of them, so that
    w_true fits noise-free data as well as `dtype` allows.

    Raises:
        ConfigError: sizes, noise or a condition number that cannot be had.
    """
    check(n, p, w_star, noise, condition)

    def normal(*shape: int) -> Tensor:
        drawn = torch.randn(
            shape, generator=generator, dtype=torch.float64, device=generator.device
        )
        return drawn.cpu()

    def rounded(values: Tensor) -> Tensor:
        return values.to(dtype).double()

    X = normal(n, p)
    X = rounded(X if condition is None else with_condition(X, condition))
    w_true = normal(p) if w_star is None else torch.tensor(list(w_star), dtype=torch.float64)
    w_true = rounded(w_true)
    y = X @ w_true + noise * normal(n)
    return X.to(device, dtype), y.to(device, dtype), w_true.to(device, dtype)


def with_condition(X: Tensor, condition: float) -> Tensor:
    """X (n, p) with its singular vectors kept and singular values √n … √(n / condition)."""
    n, p = X.shape
    U, _, Vh = torch.linalg.svd(X, full_matrices=False)
    exponents = torch.linspace(0, 1, p, dtype=X.dtype)
    eigenvalues = n * condition**-exponents  # (p,) of XᵀX, the largest first
    conditioned: Tensor = (U * eigenvalues.sqrt()) @ Vh
    return conditioned


def check(
    n: int, p: int, w_star: Sequence[float] | None, noise: float, condition: float | None
) -> None:
    """See that such data can be drawn.

    Raises:
        ConfigError: they cannot.
    """
    if n < 1 or p < 1:
        raise ConfigError(f"n={n} and p={p}: both must be at least 1.")
    if w_star is not None and len(w_star) != p:
        raise ConfigError(f"w_star has {len(w_star)} values and p={p}; they must agree.")
    if w_star is not None and not all(map(math.isfinite, w_star)):
        raise ConfigError(f"w_star={list(w_star)} must hold finite numbers.")
    if not 0 <= noise < math.inf:
        raise ConfigError(f"noise={noise} must be a finite number, 0 or more.")
    if condition is None:
        return
    if not 1 <= condition < math.inf:
        raise ConfigError(f"condition={condition} must be a finite number, 1 or more.")
    if n < p:
        raise ConfigError(
            f"condition={condition} needs n >= p, because XᵀX is singular with n={n} < p={p}."
        )
    if p == 1 and condition != 1:
        raise ConfigError(f"condition={condition} needs p >= 2: with p=1 it is always 1.")
