"""Products of a matrix of bytes with a few columns of numbers, compiled.

Index legend: B (n, d) uint8, of which most entries are 0; V (K, d), a row for each column.

Every entry of a product has one order of its sum, whether this file makes it or `panels`, alone or
with other columns, whatever the number of threads and the width of the processor's vectors:
columns of B in their order, GROUP of them in one running sum, and these sums one after another. A 0
of B may be left out, which changes no bit as long as the other factor is finite. Loops count in
uint64: a signed index may be negative, which in numpy means "from the end", and looking for that
costs more than the sum.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite.binding import get_host_cpu_features
from numpy.typing import NDArray

from .compilation import compiled, prange
from .vectors import lanes, load, multiply_add, store, total, zero_bytes

Floats = NDArray[Any]  # float32 or float64

GROUP = 1024
"""Columns of B in one running sum. Sums of more are cut, for more threads and fewer roundings."""
LANES = 64
"""Rows of B that are summed side by side."""
SMALL = 1 << 15
"""Numbers that one thread takes as long for as two need to find one another."""
ALONE = 256
"""Bytes of sums that one column takes at once: the next is begun before the last is known."""
TOGETHER = 256 if get_host_cpu_features().get("avx512f") else 64
"""The same for each of four columns: as many as there are registers for."""

u = np.uint64

summed = partial(compiled, parallel=True)


@compiled
def count_strips(B: NDArray[np.uint8], order: NDArray[np.int64]) -> Any:
    """Where the strips of each block and group begin, and the end: (blocks · groups + 1,).

    A block is LANES rows of B (n, d), taken in `order`; it has a strip for each column in which
    one of them is not 0.
    """
    d = B.shape[1]
    groups, blocks = -(-d // GROUP), -(-len(order) // LANES)
    start = np.zeros(blocks * groups + 1, np.uint64)
    for block in range(blocks):
        seen = np.zeros(d, np.uint8)
        for row in order[block * LANES : (block + 1) * LANES]:
            seen |= B[row]
        for j in range(d):
            start[block * groups + j // GROUP + 1] += seen[j] != 0
    return np.cumsum(start)


@compiled
def cut_strips(B: NDArray[np.uint8], order: NDArray[np.int64], start: NDArray[np.uint64]) -> Any:
    """The column (S,) of each strip and its bytes (S, LANES); rows that are missing are 0."""
    d = B.shape[1]
    blocks = -(-len(order) // LANES)
    column = np.empty(start[-1], np.uint32)
    strips = np.zeros((start[-1], LANES), np.uint8)
    s = 0
    for block in range(blocks):
        rows = order[block * LANES : (block + 1) * LANES]
        seen = np.zeros(d, np.uint8)
        for row in rows:
            seen |= B[row]
        for j in range(d):
            if seen[j]:
                column[s] = j
                for lane in range(len(rows)):
                    strips[s, lane] = B[rows[lane], j]
                s += 1
    return column, strips


@compiled
def one_column(
    strips: Any, column: Any, first: int, last: int, v: Any, at: int, out: Any, to: int
) -> None:
    """Sums of the strips from `first` to `last` with a column of V, that begins at `v[at]`."""
    zero = zero_bytes(v, ALONE)
    for half in range(u(0), u(LANES), lanes(zero)):
        z = zero
        for s in range(first, last):
            z = multiply_add(v[at + column[s]], load(strips, s * u(LANES) + half, zero), z)
        store(out, to + half, z)


@compiled
def four_columns(
    strips: Any,
    column: Any,
    first: int,
    last: int,
    v: Any,
    at: int,
    d: int,
    out: Any,
    to: int,
    width: int,
) -> None:
    """The same with four columns, at the cost of two: bytes are made numbers once."""
    zero = zero_bytes(v, TOGETHER)
    for part in range(u(0), u(LANES), lanes(zero)):
        z0, z1, z2, z3 = zero, zero, zero, zero
        for s in range(first, last):
            x = load(strips, s * u(LANES) + part, zero)
            j = at + column[s]
            z0 = multiply_add(v[j], x, z0)
            z1 = multiply_add(v[j + d], x, z1)
            z2 = multiply_add(v[j + u(2) * d], x, z2)
            z3 = multiply_add(v[j + u(3) * d], x, z3)
        store(out, to + part, z0)
        store(out, to + width + part, z1)
        store(out, to + u(2) * width + part, z2)
        store(out, to + u(3) * width + part, z3)


@compiled
def block_times_columns(
    strips: Any,
    column: Any,
    first: Any,
    last: Any,
    v: Any,
    K: Any,
    d: Any,
    out: Any,
    to: Any,
    width: Any,
) -> None:
    """The same with all K columns, each `width` behind the one before in `out`."""
    fours = K // u(4) * u(4)
    for k in range(u(0), fours, u(4)):
        four_columns(strips, column, first, last, v, k * d, d, out, to + k * width, width)
    for k in range(fours, K):
        one_column(strips, column, first, last, v, k * d, out, to + k * width)


@compiled
def finished(base: Any, scale: Any, found: Any) -> Any:
    """base + scale · found, each rounded: nothing here is contracted."""
    return base + scale * found


@compiled
def sum_of(v: Any, at: int, end: int) -> Any:
    """Σ v[at:end], in one order."""
    one, sums = v.dtype.type(1), zero_bytes(v, ALONE)
    while at + lanes(sums) <= end:
        sums = multiply_add(one, load(v, at, sums), sums)
        at += lanes(sums)
    found = total(sums)
    for j in range(at, end):
        found += v[j]
    return found


@compiled
def finish_column(
    k: int, parts: Any, position: Any, V: Any, scale: Any, shift: Any, out: Any
) -> None:
    """out[k] = scale · Σ parts[:, k] + shift · Σ V[k], rows put where they belong."""
    groups, d = len(parts), u(V.shape[1])
    base = shift * sum_of(V.reshape(-1), u(k) * d, (u(k) + u(1)) * d)
    for i in range(len(position)):
        found = parts[0, k, position[i]]
        for group in range(1, groups):
            found += parts[group, k, position[i]]
        out[k, i] = finished(base, scale, found)


@summed
def times_columns(
    position: NDArray[np.int64],
    start: NDArray[np.uint64],
    column: NDArray[np.uint32],
    strips: NDArray[np.uint8],
    V: Floats,
    scale: float,
    shift: float,
) -> Floats:
    """scale · V Bᵀ + shift · Σ V: (K, n), for columns of numbers V (K, d).

    B (n, d) is cut into strips as `Pixels` keeps them; row i is lane `position[i]` of all blocks,
    or behind the last of them if all of it is 0.
    """
    K, d = V.shape
    groups = -(-d // GROUP)
    tasks = len(start) - 1
    width = tasks // groups * LANES
    parts = np.empty((groups, K, width + 1), V.dtype)
    parts[:, :, width] = 0
    p, v, b, real = parts.reshape(-1), V.reshape(-1), strips.reshape(-1), V.dtype.type
    for pair in prange((tasks + 1) // 2):  # one from each end: blocks are sorted by their work
        for task in range(pair, tasks - pair, max(1, tasks - 1 - 2 * pair)):
            first, last = start[task], start[task + 1]
            to = u(task % groups) * u(K) * u(width + 1) + u(task // groups) * u(LANES)
            block_times_columns(b, column, first, last, v, u(K), u(d), p, to, u(width + 1))
    out = np.empty((K, len(position)), V.dtype)
    if out.size <= SMALL:
        for k in range(K):
            finish_column(k, parts, position, V, real(scale), real(shift), out)
    else:
        for k in prange(K):
            finish_column(k, parts, position, V, real(scale), real(shift), out)
    return out
