"""Losses of networks on some rows of a matrix, compiled.

Index legend: m rows of X (n, d); layers l = 1 … L of sizes[l] numbers, sizes[0] = d. Rows of
numbers are filled up with zeros to `widths`, so that they are whole vectors. The weights of the
first layer lie turned, (d, widths[1]); those of a later one as they are, (sizes[l], widths[l − 1]).

Every sum has one order, written here: along a row of activations one sum for each number of a
vector, which are added at the end; else one after another.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compilation import compiled
from .cross_entropy import exp_below_0, loss_of, slope_of
from .first_layer import WIDE, add_entries, add_rows, times_entries, times_rows
from .vectors import lanes, load, multiply_add, store, total, zero_bytes

u = np.uint64


@compiled
def finish_first(z: Any, m: int, width: int, b: Any, w: Any, affine: Any) -> None:
    """z (m, width) = b + shift · Σ w + scale · z, the sum being over the rows of w (d, width)."""
    real = z.dtype.type
    base, d = np.zeros(width, z.dtype), u(len(w)) // width
    if affine[1] != 0:
        for j in range(d):
            for h in range(width):
                base[h] += w[j * width + h]
    for h in range(width):
        base[h] = base[h] * real(affine[1]) + (b[h] if len(b) else real(0))
    for i in range(m):
        for h in range(width):
            z[i * width + h] = base[h] + real(affine[0]) * z[i * width + h]


@compiled
def activate(z: Any, tanh: bool) -> None:
    """z ← tanh(z), or max(z, 0)."""
    zero = z.dtype.type(0)
    for i in range(u(len(z))):
        if tanh:
            z[i] = math.tanh(z[i])
        elif z[i] <= zero:
            z[i] = zero


@compiled
def pull_back(da: Any, a: Any, tanh: bool) -> None:
    """∂f/∂a ← ∂f/∂z, expressed from the output a."""
    zero, one = a.dtype.type(0), a.dtype.type(1)
    for i in range(u(len(a))):
        if tanh:
            da[i] *= one - a[i] * a[i]
        elif a[i] <= zero:
            da[i] = zero


@compiled
def later_layer(a: Any, below: int, w: Any, b: Any, z: Any, width: int) -> None:
    """z (m, width) = a wᵀ + b for a (m, below), w (o, below), b (o …,); 0 beyond o."""
    zero = zero_bytes(w, WIDE)
    outputs, m = u(len(w)) // below, u(len(a)) // below
    for i in range(m):
        for h in range(u(0), width, lanes(zero)):
            store(z, i * width + h, zero)
        for o in range(outputs):
            sums = zero
            for h in range(u(0), below, lanes(zero)):
                sums = multiply_add(
                    load(a, i * below + h, zero), load(w, o * below + h, zero), sums
                )
            z[i * width + o] = total(sums) + b[o]


@compiled
def later_gradient(a: Any, below: int, w: Any, dz: Any, width: int, gw: Any, da: Any) -> None:
    """gw (o, below) = dzᵀ a and da (m, below) = dz w, for dz (m, width)."""
    zero = zero_bytes(w, WIDE)
    outputs, m = u(len(w)) // below, u(len(a)) // below
    for h in range(u(0), below, lanes(zero)):
        for o in range(outputs):
            sums = zero
            for i in range(m):
                sums = multiply_add(dz[i * width + o], load(a, i * below + h, zero), sums)
            store(gw, o * below + h, sums)
        for i in range(m):
            sums = zero
            for o in range(outputs):
                sums = multiply_add(dz[i * width + o], load(w, o * below + h, zero), sums)
            store(da, i * below + h, sums)


@compiled
def add_up(dz: Any, width: int, g: Any) -> None:
    """g (width,) = Σ dz over the rows of dz (m, width)."""
    zero, one = zero_bytes(dz, WIDE), dz.dtype.type(1)
    for h in range(u(0), width, lanes(zero)):
        sums = zero
        for i in range(u(len(dz)) // width):
            sums = multiply_add(one, load(dz, i * width + h, zero), sums)
        store(g, h, sums)


@compiled
def two_classes(z: Any, width: int, y: Any, rows: Any) -> Any:
    """The mean cross-entropy of logits z (m, width), of which one counts; z ← its gradient."""
    m, loss = len(rows), 0.0
    for i in range(m):
        logit, label = np.float64(z[u(i) * width]), np.float64(y[rows[i]])
        loss += loss_of(logit, label)
        z[u(i) * width] = slope_of(logit, label) / m
    return loss / m


@compiled
def many_classes(z: Any, width: int, classes: int, y: Any, rows: Any) -> Any:
    """The same of logits z (m, width) of which so many count."""
    m, loss = len(rows), 0.0
    shares = np.empty(classes)
    for i in range(m):
        at, largest, together = u(i) * width, np.float64(z[u(i) * width]), 0.0
        for c in range(u(classes)):
            largest = max(largest, np.float64(z[at + c]))
        for c in range(u(classes)):
            shares[c] = exp_below_0(np.float64(z[at + c]) - largest)
            together += shares[c]
        loss += math.log(together) - (np.float64(z[at + u(y[rows[i]])]) - largest)
        for c in range(u(classes)):
            z[at + c] = (shares[c] / together - (1.0 if c == u(y[rows[i]]) else 0.0)) / m
    return loss / m


@compiled
def network(
    own: Any, grads: Any, work: Any, slopes: Any, shape: Any, tanh: bool, y: Any, rows: Any
) -> Any:
    """The loss of a run of parameters `own`; the first layer lies at the begin of `work`.

    All layers lie one after another in `work`, their slopes in `slopes`; gradients of the later
    layers are written, and those of all biases.
    """
    sizes, widths, ends, at = shape
    m, last = len(rows), len(sizes) - 1
    each = (len(at) - 1) // last  # weights, and biases if there are some
    for layer in range(1, last):
        begin, end, above = ends[layer - 1] * m, ends[layer] * m, ends[layer + 1] * m
        activate(work[begin:end], tanh)
        q = 2 * layer
        w, b = own[at[q] : at[q + 1]], own[at[q + 1] : at[q + 2]]
        z, width = work[end:above], u(widths[layer + 1])
        later_layer(work[begin:end], u(widths[layer]), w, b, z, width)
    begin, end = ends[last - 1] * m, ends[last] * m
    for i in range(begin, end):
        slopes[i] = work[i]
    if sizes[last] == 1:
        loss = two_classes(slopes[begin:end], u(widths[last]), y, rows)
    else:
        loss = many_classes(slopes[begin:end], u(widths[last]), sizes[last], y, rows)
    for layer in range(last - 1, 0, -1):
        begin, end, above = ends[layer - 1] * m, ends[layer] * m, ends[layer + 1] * m
        a, da, dz = work[begin:end], slopes[begin:end], slopes[end:above]
        q = 2 * layer
        w, gw, gb = own[at[q] : at[q + 1]], grads[at[q] : at[q + 1]], grads[at[q + 1] : at[q + 2]]
        later_gradient(a, u(widths[layer]), w, dz, u(widths[layer + 1]), gw, da)
        add_up(dz, u(widths[layer + 1]), gb)
        pull_back(da, a, tanh)
    if each == 2:
        add_up(slopes[: ends[1] * m], u(widths[1]), grads[at[1] : at[2]])
    return loss


@compiled
def begin_gradient(dz: Any, width: int, affine: Any, g: Any) -> None:
    """Each row of g (d, width) = shift · Σ dz, and dz (m, width) ← scale · dz."""
    real = g.dtype.type
    base = np.empty(width, g.dtype)
    add_up(dz, u(width), base)
    for j in range(u(len(g)) // u(width)):
        for h in range(u(width)):
            g[j * u(width) + h] = real(affine[1]) * base[h]
    for i in range(u(len(dz))):
        dz[i] *= real(affine[0])


@compiled
def of_entries(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """`Arrays.evaluate` on the next minibatch of `SampledArrays`, for a matrix of bytes.

    Data are (start, column, value) of `entries_of_rows`, y (n,), (scale, shift), the shape, and
    whether the activation is tanh. The shape has for each layer from 0 on its size, its width, and
    the widths of all from 1 up to it, summed; and where in `params` each parameter begins.
    """
    x, y, affine, shape, tanh, rows, place, size = data
    seen = rows[place[0] : min(place[0] + size, len(rows))]
    place[0] += size
    widths, ends, at = shape[1], shape[2], shape[3]
    first, width, numbers = len(seen) * widths[1], u(widths[1]), len(seen) * ends[len(ends) - 1]
    work, slopes = np.empty(numbers, losses.dtype), np.empty(numbers, losses.dtype)
    for k in range(len(losses)):
        own, g, z, dz = params[0][k], grads[0][k], work[:first], slopes[:first]
        w, gw = own[: at[1]], g[: at[1]]
        times_entries(x, seen, w, width, z)
        finish_first(z, len(seen), width, own[at[1] : at[min(2, len(at) - 1)]], w, affine)
        losses[k] = network(own, g, work, slopes, shape, tanh, y, seen)
        begin_gradient(dz, width, affine, gw)
        add_entries(x, seen, dz, width, gw)


@compiled
def of_numbers(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """The same for X (n · d,), with which data begin; (scale, shift) are (1, 0)."""
    x, y, affine, shape, tanh, rows, place, size = data
    seen = rows[place[0] : min(place[0] + size, len(rows))]
    place[0] += size
    widths, ends, at, d = shape[1], shape[2], shape[3], u(shape[0][0])
    first, width, numbers = len(seen) * widths[1], u(widths[1]), len(seen) * ends[len(ends) - 1]
    work, slopes = np.empty(numbers, losses.dtype), np.empty(numbers, losses.dtype)
    for k in range(len(losses)):
        own, g, z, dz = params[0][k], grads[0][k], work[:first], slopes[:first]
        w, gw = own[: at[1]], g[: at[1]]
        times_rows(x, d, seen, w, width, z)
        finish_first(z, len(seen), width, own[at[1] : at[min(2, len(at) - 1)]], w, affine)
        losses[k] = network(own, g, work, slopes, shape, tanh, y, seen)
        begin_gradient(dz, width, affine, gw)
        add_rows(x, d, seen, dz, width, gw)
