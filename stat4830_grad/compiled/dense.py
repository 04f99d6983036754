"""Least squares on a dense matrix, compiled: its loss and gradient in one pass over the data.

X is kept in blocks of LANES rows, column by column inside a block: the rows of a block are summed
side by side, and the gradient takes the block's residuals while the block is still near the core.
Blocks are summed in groups of EACH, each group by itself and the groups one after another: the
order of every sum depends on n alone, not on the number of threads or the width of vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .compilation import compiled, prange
from .strips import LANES, summed
from .vectors import load, multiply_add, store, total, zeros

EACH = 16
"""Blocks of a group."""
SIDE = LANES // 4
"""Sums for each entry of the gradient, which are added at the end of a group."""

u = np.uint64


def in_blocks(X: Tensor) -> Tensor:
    """(n, …) -> (blocks, …, LANES): LANES rows side by side, the last block filled up with 0."""
    padded = X.new_zeros((-(-len(X) // LANES) * LANES, *X.shape[1:]))
    padded[: len(X)] = X
    blocks: Tensor = padded.unflatten(0, (-1, LANES)).movedim(1, -1).contiguous()
    return blocks


@compiled
def add_gradient(x: Any, at: Any, p: Any, r: Any, sums: Any) -> None:
    """Add the block's Xᵀ r (p, SIDE) to `sums`, a row of SIDE for each of its columns."""
    zero = zeros(r, SIDE)
    r0, r1 = load(r, u(0), zero), load(r, u(SIDE), zero)
    r2, r3 = load(r, u(2 * SIDE), zero), load(r, u(3 * SIDE), zero)
    for j in range(p):
        g = load(sums, j * u(SIDE), zero)
        g = multiply_add(r0, load(x, at, zero), g)
        g = multiply_add(r1, load(x, at + u(SIDE), zero), g)
        g = multiply_add(r2, load(x, at + u(2 * SIDE), zero), g)
        g = multiply_add(r3, load(x, at + u(3 * SIDE), zero), g)
        store(sums, j * u(SIDE), g)
        at += u(LANES)


@compiled
def group_of_blocks(x: Any, y: Any, first: int, last: int, w: Any, found: Any) -> None:
    """½‖Xw − y‖² and Xᵀ(Xw − y) of blocks: `found` (1 + p,) gets the loss, then the gradient."""
    p = u(len(w))
    real, one = w.dtype.type, w.dtype.type(1)
    r, sums = np.empty(LANES, w.dtype), np.zeros(p * u(SIDE), w.dtype)
    zero = zeros(w, LANES)
    squares = zero
    for block in range(first, last):
        at = block * p * u(LANES)
        z = zero
        for j in range(p):
            z = multiply_add(w[j], load(x, at + j * u(LANES), zero), z)
        z = multiply_add(-one, load(y, block * u(LANES), zero), z)
        squares = multiply_add(z, z, squares)
        store(r, u(0), z)
        add_gradient(x, at, p, r, sums)
    found[0] = real(0.5) * total(squares)
    for j in range(p):
        found[u(1) + j] = total(load(sums, j * u(SIDE), zeros(w, SIDE)))


@summed
def least_squares(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """`Arrays.evaluate` of (½‖Xw − y‖², Xᵀ(Xw − y)), with (λ/2)‖w‖² if there is a penalty.

    Data are X and y `in_blocks`, λ (K,) or (1,), and how many weights are left out of the penalty.
    """
    X, y, strengths, free = data
    W, x, targets = params[0], X.reshape(-1), y.reshape(-1)
    blocks, groups = len(X), -(-len(X) // EACH)
    found = np.empty((len(W), groups, 1 + W.shape[1]), W.dtype)
    for task in prange(len(W) * groups):
        run, group = task // groups, task % groups
        last = min(blocks, (group + 1) * EACH)
        group_of_blocks(x, targets, u(group * EACH), u(last), W[run], found[run, group])
    half = W.dtype.type(0.5)
    for run in range(len(W)):
        sums = found[run, 0]
        for group in range(1, groups):
            sums += found[run, group]
        losses[run] = sums[0]
        grads[0][run] = sums[1:]
        strength = strengths[run % len(strengths)]
        if strength != 0:
            for j in range(free, W.shape[1]):
                w = W[run, j]
                losses[run] += half * strength * w * w
                grads[0][run, j] += strength * w
