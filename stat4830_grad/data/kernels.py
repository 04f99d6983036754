"""Products with a matrix of bytes, compiled by numba: the only file that imports it.

Index legend: B (n, d) uint8, of which most entries are 0; columns of W go in panels of 32 so that
the innermost loop has a length the compiler knows and turns into vector instructions.

Every entry of a result is summed by one thread in a fixed order, so results do not depend on the
number of threads, which is torch's when this file is imported. Loops count in uint64: a signed
index may be negative, which in numpy means "from the end", and looking for that costs more than
the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numba import get_num_threads, njit, prange, set_num_threads
from numpy.typing import NDArray

Floats = NDArray[Any]  # float32 or float64

PANEL = 32
BLOCK = 256
"""Rows of W that are used together: 32 KB of float32 stay nearest a core; a byte counts them."""

THREADS = min(torch.get_num_threads(), get_num_threads())
set_num_threads(THREADS)

# Sums may be reordered, which vector instructions need; infinity and NaN stay what they are.
FAST = {"reassoc", "contract", "nsz"}
u = np.uint64


def compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """`njit`, remembered on disk where there is a directory to write to."""
    try:
        return njit(function, cache=True, error_model="numpy", **options)
    except RuntimeError:  # there is none: it compiles again in every process
        return njit(function, error_model="numpy", **options)


in_parallel = partial(compiled, parallel=True, fastmath=FAST)


@in_parallel
def times_vector(
    n: int, B: Floats, rows: Floats, columns: Floats, v: Floats, scale: float, shift: float
) -> Floats:
    """(scale · B + shift) v: (n,), for a B of which only rows × columns are not 0 throughout.

    Reads every byte of these: without jumps, that is faster than skipping zeros.
    """
    real = v.dtype.type
    base = real(shift) * v.sum()
    kept = v if len(columns) == len(v) else v[columns]
    out = np.full(n, base)
    for i in prange(len(rows)):
        row = B[i]
        total = real(0)
        for j in range(len(kept)):
            total += real(row[j]) * kept[j]
        out[rows[i]] += real(scale) * total
    return out


@compiled
def compress(B: NDArray[np.uint8]) -> tuple[Any, Any, Any]:
    """The entries of B that are not 0, in blocks of BLOCK columns, row by row.

    Entries start[block · n + i] to start[block · n + i + 1] are row i of the block: `value` in
    column block · BLOCK + `column`. A 0 makes their number even. Shapes (blocks · n + 1,),
    (entries,), (entries,).
    """
    n, d = B.shape
    blocks = (d + BLOCK - 1) // BLOCK
    start = np.zeros(blocks * n + 1, np.uint32)
    entries = 0
    for row in range(blocks * n):
        block, i = row // n, row % n
        for j in range(block * BLOCK, min(d, (block + 1) * BLOCK)):
            entries += B[i, j] != 0
        entries += entries % 2
        start[row + 1] = entries
    column = np.zeros(entries, np.uint8)
    value = np.zeros(entries, np.uint8)
    for row in range(blocks * n):
        block, i, k = row // n, row % n, start[row]
        for j in range(block * BLOCK, min(d, (block + 1) * BLOCK)):
            if B[i, j]:
                column[k], value[k] = j - block * BLOCK, B[i, j]
                k += 1
    return start, column, value


@in_parallel
def times_panels(
    n: int,
    start: Floats,
    column: Floats,
    value: Floats,
    W: Floats,
    scale: float,
    base: Floats,
    threads: int,
) -> Floats:
    """scale · B W + base: (p, n, 32).

    For B (n, d) as `compress` gives it, panels W (p, d, 32), and base (p, 32) for every row.
    """
    panels, d, _ = W.shape
    out = np.empty((panels, n, PANEL), W.dtype)
    o, w, origin, real = out.reshape(-1), W.reshape(-1), base.reshape(-1), W.dtype.type
    rows, stride, blocks = u(n), u(threads), u((len(start) - 1) // n)
    for task in prange(panels * threads):
        panel, first = u(task // threads), u(task % threads)
        for block in range(blocks):
            above = panel * u(d) + block * u(BLOCK)  # rows of W before this block's
            for i in range(first, rows, stride):
                z = (panel * rows + i) * u(PANEL)
                if block == u(0):
                    for h in range(u(PANEL)):
                        o[z + h] = origin[panel * u(PANEL) + h]
                k, end = u(start[block * rows + i]), u(start[block * rows + i + u(1)])
                while k < end:  # by twos: singly, LLVM unrolls the inner loop and uses no vectors
                    b, b1 = real(scale) * real(value[k]), real(scale) * real(value[k + u(1)])
                    x = (above + u(column[k])) * u(PANEL)
                    x1 = (above + u(column[k + u(1)])) * u(PANEL)
                    for h in range(u(PANEL)):
                        o[z + h] += b * w[x + h] + b1 * w[x1 + h]
                    k += u(2)
    return out
