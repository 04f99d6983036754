"""Products of some rows of a matrix with the weights of a network's first layer, compiled.

The weights w (d, width) lie turned, as most entries of images are 0 and each meets a row of them.
Along a row of the matrix, entries of even and of odd number have a sum each, which are added at the
end; gradients go from row to row, in the order of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compilation import compiled
from .vectors import lanes, load, multiply_add, store, zero_bytes

WIDE = 128
"""Bytes of a vector."""

u = np.uint64


@compiled
def entries_of_rows(B: Any) -> Any:
    """The entries of B (n, d) uint8 that are not 0: where each row begins, columns, values."""
    n, d = B.shape
    start = np.zeros(n + 1, np.uint64)
    for i in range(n):
        start[i + 1] = start[i] + u(np.count_nonzero(B[i]))
    column, value = np.empty(start[n], np.uint32), np.empty(start[n], np.uint8)
    for i in range(n):
        k = start[i]
        for j in range(d):
            if B[i, j]:
                column[k], value[k] = j, B[i, j]
                k += u(1)
    return start, column, value


@compiled
def times_entries(x: Any, rows: Any, w: Any, width: int, z: Any) -> None:
    """z (m, width) = B w for the entries x of B, its rows `rows`, and w (d, width)."""
    start, column, value = x
    zero, real = zero_bytes(w, WIDE), w.dtype.type
    for i in range(len(rows)):
        first, last = start[rows[i]], start[rows[i] + 1]
        for h in range(u(0), width, lanes(zero)):
            even, odd, k = zero, zero, first
            while k + u(1) < last:
                here, there = load(w, column[k] * width + h, zero), column[k + u(1)] * width + h
                even = multiply_add(real(value[k]), here, even)
                odd = multiply_add(real(value[k + u(1)]), load(w, there, zero), odd)
                k += u(2)
            if k < last:
                even = multiply_add(real(value[k]), load(w, column[k] * width + h, zero), even)
            store(z, u(i) * width + h, multiply_add(real(1), even, odd))


@compiled
def add_entries(x: Any, rows: Any, dz: Any, width: int, g: Any) -> None:
    """g (d, width) += Bᵀ dz for dz (m, width)."""
    start, column, value = x
    zero, real = zero_bytes(g, WIDE), g.dtype.type
    for i in range(len(rows)):
        first, last = start[rows[i]], start[rows[i] + 1]
        for h in range(u(0), width, lanes(zero)):
            slope = load(dz, u(i) * width + h, zero)
            for k in range(first, last):
                at = column[k] * width + h
                store(g, at, multiply_add(real(value[k]), slope, load(g, at, zero)))


@compiled
def times_rows(x: Any, d: int, rows: Any, w: Any, width: int, z: Any) -> None:
    """`times_entries` for X (n · d,) of which every entry counts."""
    zero = zero_bytes(w, WIDE)
    for i in range(len(rows)):
        row = u(rows[i]) * d
        for h in range(u(0), width, lanes(zero)):
            even, odd, j = zero, zero, u(0)
            while j + u(1) < d:
                even = multiply_add(x[row + j], load(w, j * width + h, zero), even)
                there = load(w, (j + u(1)) * width + h, zero)
                odd = multiply_add(x[row + j + u(1)], there, odd)
                j += u(2)
            if j < d:
                even = multiply_add(x[row + j], load(w, j * width + h, zero), even)
            store(z, u(i) * width + h, multiply_add(w.dtype.type(1), even, odd))


@compiled
def add_rows(x: Any, d: int, rows: Any, dz: Any, width: int, g: Any) -> None:
    """`add_entries` for X (n · d,)."""
    zero = zero_bytes(g, WIDE)
    for i in range(len(rows)):
        row = u(rows[i]) * d
        for h in range(u(0), width, lanes(zero)):
            slope = load(dz, u(i) * width + h, zero)
            for j in range(d):
                at = j * width + h
                store(g, at, multiply_add(x[row + j], slope, load(g, at, zero)))
