"""The cross-entropy of logits of two classes, compiled: each sample and each sum in one order.

What a run gets does not depend on the runs beside it, as it may in torch, whose vectors then end
elsewhere. Everything is computed in float64 and rounded once, whatever the dtype of the logits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compilation import compiled, prange
from .strips import SMALL, Floats, sum_of, summed

GROUP = 1024
"""Samples whose losses are one sum."""

SHIFT = 1.5 * 2**52
"""What is added to it has its whole part in the lowest bits."""
SHIFT_BITS = np.float64(SHIFT).view(np.int64)
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # fdlibm, e_exp.c
LEAST = -708.0  # below it exp is 0 here; 2^k would be no normal number
EXP = tuple(1 / math.factorial(k) for k in range(13, -1, -1))
LOG = tuple(2 / (2 * k + 1) for k in range(16, -1, -1))

u = np.uint64


@compiled
def exp_below_0(x: float) -> Any:
    """exp(x) for x ≤ 0 as 2ᵏ exp(r), |r| ≤ ½ log 2 (Cody & Waite 1980); NaN stays."""
    shifted = np.float64(x * (1 / math.log(2)) + SHIFT)
    k = shifted - SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = EXP[0]
    for coefficient in EXP[1:]:
        series = series * r + coefficient
    power = np.int64((shifted.view(np.int64) - SHIFT_BITS + 1023) << 52).view(np.float64)
    return 0.0 if x < LEAST else series * power


@compiled
def log_1_plus(x: float) -> Any:
    """log(1 + x) for 0 ≤ x ≤ 1 as 2 artanh s, s = x/(2 + x); even and odd powers of s² apart."""
    s = x / (2.0 + x)
    square = s * s
    fourth = square * square
    even, odd = LOG[0], LOG[1]
    for coefficient in LOG[2::2]:
        even = even * fourth + coefficient
    for coefficient in LOG[3::2]:
        odd = odd * fourth + coefficient
    return (even + odd * square) * s


@compiled
def slope_of(z: float, y: float) -> Any:
    """σ(z) − y."""
    e = exp_below_0(-abs(z))
    return (1.0 if z >= 0.0 else e) / (1.0 + e) - y


@compiled
def loss_of(z: float, y: float) -> Any:
    """log(1 + exp(z)) − y z; not finite where z is not."""
    linear = (1.0 - y) * z if z >= 0.0 else -y * z
    return linear + log_1_plus(exp_below_0(-abs(z)))


@compiled
def fill_slopes(task: int, groups: int, z: Floats, y: Floats, out: Floats) -> None:
    """`slopes` of the run and the group of samples whose number is `task`."""
    run, first = u(task // groups), u(task % groups) * u(GROUP)
    count = np.float64(len(y))
    for i in range(first, min(first + u(GROUP), u(len(y)))):
        out[run, i] = slope_of(np.float64(z[run, i]), np.float64(y[i])) / count


@summed
def slopes(z: Floats, y: Floats) -> Floats:
    """(σ(z) − y)/n: (K, n), for logits z (K, n) and labels y (n,), 0 or 1."""
    groups = -(-len(y) // GROUP)
    out = np.empty_like(z)
    if z.size <= SMALL:
        for task in range(len(z) * groups):
            fill_slopes(task, groups, z, y, out)
    else:
        for task in prange(len(z) * groups):
            fill_slopes(task, groups, z, y, out)
    return out


@compiled
def group_loss(task: int, groups: int, z: Floats, y: Floats) -> Any:
    """The summed losses of the run and the group of samples whose number is `task`."""
    run, first = u(task // groups), u(task % groups) * u(GROUP)
    count = min(u(GROUP), u(len(y)) - first)
    terms = np.empty(count)
    for i in range(count):
        terms[i] = loss_of(np.float64(z[run, first + i]), np.float64(y[first + i]))
    return sum_of(terms, u(0), count)


@summed
def losses(z: Floats, y: Floats) -> Floats:
    """1/n Σ log(1 + exp(z)) − y z: (K,), for logits z (K, n) and labels y (n,), 0 or 1."""
    groups = -(-len(y) // GROUP)
    parts = np.empty(len(z) * groups)
    if z.size <= SMALL:
        for task in range(len(parts)):
            parts[task] = group_loss(task, groups, z, y)
    else:
        for task in prange(len(parts)):
            parts[task] = group_loss(task, groups, z, y)
    out = np.zeros(len(z), z.dtype)
    for run in range(len(z)):
        total = 0.0
        for group in range(groups):
            total += parts[run * groups + group]
        out[run] = total / len(y)
    return out
