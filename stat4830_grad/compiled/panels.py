"""Products of a matrix of bytes with many columns of numbers, compiled.

Index legend: B (n, d) uint8, of which most entries are 0; columns of W go in panels of 32. Every
entry of a result has the sum that `strips` gives it, in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compilation import compiled, prange
from .strips import ALONE, GROUP, Floats, finished, summed
from .vectors import lanes, load, multiply_add, store, zero_bytes

PANEL, ACROSS = 32, 128
"""Columns of W that are used side by side, and bytes of their sums that are."""
BLOCK = 256
"""Rows of W that are used together: 32 KB of float32 stay nearest a core; a byte counts them."""

u = np.uint64


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


@compiled
def sums_of_columns(W: Any, first: int, d: int) -> Any:
    """Σ of d rows of W (…, PANEL) from row `first` on, each column in the order of `sum_of`."""
    wide = lanes(zero_bytes(W, ALONE))
    whole = d // wide * wide
    sums = np.zeros((wide, PANEL), W.dtype)
    for i in range(whole):
        for h in range(PANEL):
            sums[i % wide, h] += W[first + i, h]
    while wide > u(1):
        wide //= u(2)
        for lane in range(wide):
            for h in range(PANEL):
                sums[lane, h] += sums[lane + wide, h]
    for i in range(whole, d):
        for h in range(PANEL):
            sums[0, h] += W[first + i, h]
    return sums[0]


@compiled
def panel_rows(
    rows: Any,
    blocks: Any,
    n: int,
    start: Any,
    column: Any,
    value: Any,
    w: Any,
    above: int,
    out: Any,
    at: int,
) -> None:
    """Sums of the entries of `rows` in `blocks` with a panel: PANEL numbers for each row."""
    real, zero = w.dtype.type, zero_bytes(w, ACROSS)
    for block in blocks:
        for i in rows:
            first, last = u(start[block * n + i]), u(start[block * n + i + u(1)])
            for h in range(u(0), u(PANEL), lanes(zero)):
                to = at + i * u(PANEL) + h
                z = zero if block == blocks.start else load(out, to, zero)
                for k in range(first, last):
                    x = above + (block * u(BLOCK) + u(column[k])) * u(PANEL) + h
                    z = multiply_add(real(value[k]), load(w, x, zero), z)
                store(out, to, z)


@summed
def times_panels(
    n: int,
    start: Floats,
    column: Floats,
    value: Floats,
    W: Floats,
    scale: float,
    shift: float,
    threads: int,
) -> Floats:
    """scale · B W + shift · 1 (1ᵀ W): (p, n, PANEL).

    For B (n, d) as `compress` gives it and panels W (p, d, PANEL).
    """
    panels, d, _ = W.shape
    groups, blocks, each = u(-(-d // GROUP)), u((len(start) - 1) // n), u(GROUP // BLOCK)
    parts = np.empty((groups, panels, n, PANEL), W.dtype)
    p, w, real = parts.reshape(-1), W.reshape(-1), W.dtype.type
    bases = np.empty((panels, PANEL), W.dtype)
    for panel in prange(panels):
        sums = sums_of_columns(W.reshape(-1, PANEL), panel * d, d)
        for h in range(PANEL):  # one by one: numba compiles two seconds at an assignment of arrays
            bases[panel, h] = real(shift) * sums[h]
    for task in prange(panels * threads):
        which, rows = u(task // threads), range(u(task % threads), u(n), u(threads))
        for group in range(groups):
            some = range(group * each, min(blocks, (group + u(1)) * each))
            above, at = which * u(d * PANEL), (group * u(panels) + which) * u(n * PANEL)
            panel_rows(rows, some, u(n), start, column, value, w, above, p, at)
        for i in rows:
            for h in range(PANEL):
                found = parts[0, which, i, h]
                for group in range(u(1), groups):
                    found += parts[group, which, i, h]
                parts[0, which, i, h] = finished(bases[which, h], real(scale), found)
    out: Floats = parts[0]
    return out
