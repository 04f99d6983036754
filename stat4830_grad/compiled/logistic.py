"""Logistic regression on images that stay bytes, compiled: a whole update's loss and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compilation import compiled
from .cross_entropy import slopes
from .strips import ALONE, sum_of, times_columns
from .vectors import lanes, load, multiply_add, total, zero_bytes

u = np.uint64


@compiled
def zero_if_finite(z: Any) -> Any:
    """0 for z (n,) of which every entry is finite, else NaN."""
    nothing, sums = z.dtype.type(0), zero_bytes(z, ALONE)
    at, n = u(0), u(len(z))
    while at + lanes(sums) <= n:
        sums = multiply_add(nothing, load(z, at, sums), sums)
        at += lanes(sums)
    found = total(sums)
    for i in range(at, n):
        found += nothing * z[i]
    return found


@compiled
def errors(W: Any, bias: Any, losses: Any, data: Any) -> Any:
    """(σ(z) − y)/n (K, n) of logits z = X w + b, for W (K, d) and b (K, 1)."""
    forward, _, scale, shift, y, _ = data
    z = times_columns(*forward, W, scale, shift)
    for run in range(len(z)):
        z[run] += bias[run]
        losses[run] = zero_if_finite(z[run])
    return slopes(z, y)


@compiled
def pull_back(dz: Any, W: Any, grads: Any, data: Any) -> None:
    """Write Xᵀ dz and the penalty's gradient λw into `grads` (K, d)."""
    _, backward, scale, shift, _, strengths = data
    grads[:] = times_columns(*backward, dz, scale, shift)
    for run in range(len(W)):
        strength = strengths[run % len(strengths)]
        if strength != 0:
            grads[run] += strength * W[run]


@compiled
def logistic(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """`Arrays.evaluate` of the mean cross-entropy of logits z = X w, and (λ/2)‖w‖².

    Data are what `times_columns` takes of X and of Xᵀ, scale, shift, the labels y (n,), and λ, (K,)
    or (1,).
    In the place of a loss is 0, or NaN where a logit is not finite: it is where the loss is not.
    """
    (W,) = params
    dz = errors(W, np.zeros((len(W), 1), W.dtype), losses, data)
    pull_back(dz, W, grads[0], data)


@compiled
def logistic_with_bias(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """The same with z = X w + b."""
    W, bias = params
    dz = errors(W, bias, losses, data)
    pull_back(dz, W, grads[0], data)
    for run in range(len(dz)):
        grads[1][run, 0] = sum_of(dz[run], u(0), u(dz.shape[1]))
