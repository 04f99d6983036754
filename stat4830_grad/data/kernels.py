"""Products with a matrix of bytes, compiled.

Index legend: B (n, d) uint8, of which most entries are 0; columns of W go in panels of 32 so that
the innermost loop has a length the compiler knows and turns into vector instructions.

Every entry of a result is summed in the order that is written here, whatever the number of threads
and the width of the processor's vectors: the compiler may join a product and a sum into one
rounding ("contract"), but not reorder sums. Loops count in uint64: a signed index may be negative,
which in numpy means "from the end", and looking for that costs more than the sum.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiled.compilation import compiled, prange

Floats = NDArray[Any]  # float32 or float64

PANEL = 32
BLOCK = 256
"""Rows of W that are used together: 32 KB of float32 stay nearest a core; a byte counts them."""
LANES, SEGMENT = 64, 256
"""Rows of B that are summed side by side with a vector, and columns that are summed in one go."""
FEW = 4
"""Columns that are added between reading and writing a sum."""

u = np.uint64


summed = partial(compiled, parallel=True, fastmath={"contract"})


@summed
def times_vector(
    n: int, B: Floats, rows: Floats, columns: Floats, v: Floats, scale: float, base: float
) -> Floats:
    """scale · B v + base: (n,), for a B of which only rows × columns are not 0 throughout.

    B (segments, blocks, SEGMENT, LANES) is cut as `Pixels` keeps it; LANES rows are summed side by
    side. Reads every byte: without jumps, that is faster than skipping zeros.
    """
    segments, blocks, _, _ = B.shape
    real, b = v.dtype.type, B.reshape(-1)
    kept = np.zeros(segments * SEGMENT, v.dtype)
    for j in range(len(columns)):
        kept[j] = v[columns[j]]
    parts = np.zeros((segments, blocks * LANES), v.dtype)
    p = parts.reshape(-1)
    for task in prange(segments * blocks):
        z, x = u(task) * u(LANES), u(task) * u(SEGMENT * LANES)
        first = u(task) // u(blocks) * u(SEGMENT)
        for j in range(first, first + u(SEGMENT), u(FEW)):
            for h in range(u(LANES)):
                total = p[z + h]
                for k in range(u(FEW)):
                    total += real(b[x + k * u(LANES) + h]) * kept[j + k]
                p[z + h] = total
            x += u(FEW * LANES)
    out = np.full(n, real(base))
    for i in range(len(rows)):
        total = real(0)
        for segment in range(segments):
            total += parts[segment, i]
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


@summed
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
                        o[z + h] = (o[z + h] + b * w[x + h]) + b1 * w[x1 + h]
                    k += u(2)
    return out
