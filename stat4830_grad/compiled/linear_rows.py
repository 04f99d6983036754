"""Losses of linear functions on some rows of a matrix, compiled: one pass over these rows.

Index legend: rows x (d,) of X (n, d), bytes or numbers of the weights' dtype, of which a row stands
for scale · x + shift; w (d,), and b if there is a bias. A product x·w has one sum for each number
of a vector, which are added at the end; a gradient goes from row to row, in the order of the rows.
FEW rows go side by side, which changes no sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compilation import compiled
from .cross_entropy import loss_of, slope_of
from .vectors import lanes, load, multiply_add, store, total, zero_bytes

WIDE = 64
"""Bytes of a vector."""
FEW = 4

u = np.uint64


@compiled
def dot(x: Any, at: int, w: Any) -> Any:
    """Σ x[at + j] w[j] over all j."""
    zero, d, real = zero_bytes(w, WIDE), u(len(w)), w.dtype.type
    sums, j = zero, u(0)
    while j + lanes(zero) <= d:
        sums = multiply_add(load(w, j, zero), load(x, at + j, zero), sums)
        j += lanes(zero)
    found = total(sums)
    while j < d:
        found += real(x[at + j]) * w[j]
        j += u(1)
    return found


@compiled
def four_dots(x: Any, at0: int, at1: int, at2: int, at3: int, w: Any) -> Any:
    """`dot` of four rows."""
    zero, d, real = zero_bytes(w, WIDE), u(len(w)), w.dtype.type
    s0, s1, s2, s3, j = zero, zero, zero, zero, u(0)
    while j + lanes(zero) <= d:
        v = load(w, j, zero)
        s0 = multiply_add(v, load(x, at0 + j, zero), s0)
        s1 = multiply_add(v, load(x, at1 + j, zero), s1)
        s2 = multiply_add(v, load(x, at2 + j, zero), s2)
        s3 = multiply_add(v, load(x, at3 + j, zero), s3)
        j += lanes(zero)
    f0, f1, f2, f3 = total(s0), total(s1), total(s2), total(s3)
    while j < d:
        f0 += real(x[at0 + j]) * w[j]
        f1 += real(x[at1 + j]) * w[j]
        f2 += real(x[at2 + j]) * w[j]
        f3 += real(x[at3 + j]) * w[j]
        j += u(1)
    return f0, f1, f2, f3


@compiled
def add_row(x: Any, at: int, slope: Any, g: Any) -> None:
    """g[j] += slope · x[at + j] for all j."""
    zero, d, real = zero_bytes(g, WIDE), u(len(g)), g.dtype.type
    j = u(0)
    while j + lanes(zero) <= d:
        store(g, j, multiply_add(slope, load(x, at + j, zero), load(g, j, zero)))
        j += lanes(zero)
    while j < d:
        g[j] += slope * real(x[at + j])
        j += u(1)


@compiled
def add_four_rows(
    x: Any, at0: int, at1: int, at2: int, at3: int, slopes: Any, first: int, g: Any
) -> None:
    """`add_row` of four rows, one after another."""
    zero, d, real = zero_bytes(g, WIDE), u(len(g)), g.dtype.type
    c0, c1, c2, c3 = slopes[first], slopes[first + 1], slopes[first + 2], slopes[first + 3]
    j = u(0)
    while j + lanes(zero) <= d:
        sums = multiply_add(c0, load(x, at0 + j, zero), load(g, j, zero))
        sums = multiply_add(c1, load(x, at1 + j, zero), sums)
        sums = multiply_add(c2, load(x, at2 + j, zero), sums)
        store(g, j, multiply_add(c3, load(x, at3 + j, zero), sums))
        j += lanes(zero)
    while j < d:
        sums = g[j] + c0 * real(x[at0 + j])
        sums += c1 * real(x[at1 + j])
        sums += c2 * real(x[at2 + j])
        g[j] = sums + c3 * real(x[at3 + j])
        j += u(1)


@compiled
def judged(
    found: Any, y: Any, classes: bool, weight: float, scale: Any, slopes: Any, i: int
) -> Any:
    """The loss of a sample, and its slope; times `scale` that also goes to `slopes[i]`."""
    z, target = np.float64(found), np.float64(y)
    if classes:
        loss, slope = loss_of(z, target), slope_of(z, target)
    else:
        loss, slope = 0.5 * (z - target) * (z - target), z - target
    real = slopes.dtype.type
    slopes[i] = scale * real(weight * slope)
    return weight * loss, weight * slope


@compiled
def of_rows(
    w: Any, b: Any, g: Any, x: Any, y: Any, rows: Any, affine: Any, classes: bool, weight: float
) -> Any:
    """Loss and Σ slopes of `rows`, with weights w and bias b; g gets the gradient of w."""
    d, real = u(len(w)), w.dtype.type
    scale, shift = real(affine[0]), real(affine[1])
    sum_w = real(0)
    for j in range(len(w)):
        g[j] = real(0)
        sum_w += w[j]
    base, loss, sum_slopes, m = b + shift * sum_w, 0.0, 0.0, len(rows)
    slopes, i = np.empty(FEW, w.dtype), 0
    while i + FEW <= m:
        at0, at1 = u(rows[i]) * d, u(rows[i + 1]) * d
        at2, at3 = u(rows[i + 2]) * d, u(rows[i + 3]) * d
        found = four_dots(x, at0, at1, at2, at3, w)
        for k in range(FEW):
            z = base + scale * found[k]
            part = judged(z, y[rows[i + k]], classes, weight, scale, slopes, k)
            loss += part[0]
            sum_slopes += part[1]
        add_four_rows(x, at0, at1, at2, at3, slopes, 0, g)
        i += FEW
    while i < m:
        z = base + scale * dot(x, u(rows[i]) * d, w)
        part = judged(z, y[rows[i]], classes, weight, scale, slopes, 0)
        loss += part[0]
        sum_slopes += part[1]
        add_row(x, u(rows[i]) * d, slopes[0], g)
        i += 1
    constant = shift * real(sum_slopes)
    for j in range(len(w)):
        g[j] += constant
    return loss, sum_slopes


@compiled
def linear(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """`Arrays.evaluate` on the next minibatch of `SampledArrays`.

    Behind w stands b, if there is one. Data are X (n · d,), y (n,), (scale, shift), and whether
    labels are classes: then the loss is the mean cross-entropy of the minibatch, else
    n/m · ½‖Xw − y‖² of its m samples.
    """
    x, y, affine, classes, rows, place, size = data
    seen = rows[place[0] : min(place[0] + size, len(rows))]
    place[0] += size
    weight = (1.0 if classes else np.float64(len(y))) / len(seen)
    d, real = len(x) // len(y), losses.dtype.type
    for k in range(len(losses)):
        own, g = params[0][k], grads[0][k]
        b = own[d] if len(own) > d else real(0)
        found = of_rows(own[:d], b, g[:d], x, y, seen, affine, classes, weight)
        losses[k] = found[0]
        if len(own) > d:
            g[d] = found[1]
