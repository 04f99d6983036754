"""What compiled updates by minibatches take of a problem: its rows as they lie, and its model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import Tensor

from ..compiled.sampled import OfNetwork, Order, SampledArrays, padded
from ..compiled.stretches import Code
from ..core import Model
from ..data.pixels import Pixels
from .likelihoods import Binary, Likelihood, Softmax
from .models import MLP, RELU, TANH, Logistic

KNOWN = (RELU, TANH)
"""Activations that `compiled/networks.py` has."""


def code_for(
    model: Model, likelihood: Likelihood, inputs: Tensor | Pixels, y: Tensor, order: Order
) -> Code | None:
    """The code of a model of ours with its cross-entropy; None for another model or loss.

    Args:
        inputs, y: all samples X (n, d) and their classes (n,).
    """
    if not isinstance(likelihood, Binary | Softmax):
        return None
    match model:
        case Logistic(bias=bias, outputs=1):
            return linear(("w", "b") if bias else ("w",), inputs, y, order, classes=True)
        case Logistic(bias=bias, outputs=outputs):
            return network(("w", "b") if bias else ("w",), (outputs,), inputs, y, order)
        case MLP(hidden=hidden, activation=activation, outputs=outputs) if activation in KNOWN:
            layers = range(1, len(hidden) + 2)
            names = tuple(f"{kind}{layer}" for layer in layers for kind in "wb")
            tanh = activation is TANH
            return network(names, (*hidden, outputs), inputs, y, order, tanh=tanh)
    return None


def linear(
    names: tuple[str, ...], inputs: Tensor | Pixels, y: Tensor, order: Order, *, classes: bool
) -> Code:
    """The code of w, and b if it is in `names`: of classes, or of least squares."""
    from ..compiled.linear_rows import linear as evaluate  # imports numba

    if isinstance(inputs, Pixels):
        x, affine = inputs.stored, inputs.affine
    else:
        x, affine = inputs, (1.0, 0.0)
    data = (x.contiguous().view(-1).numpy(), y.numpy(), affine, classes)
    shapes = {"w": (inputs.shape[1],), "b": ()}
    return SampledArrays(names, evaluate, data, order=order, shapes=shapes)


def network(
    names: tuple[str, ...],
    sizes: tuple[int, ...],
    inputs: Tensor | Pixels,
    y: Tensor,
    order: Order,
    *,
    tanh: bool = False,
) -> Code:
    """The code of layers of so many outputs each, with a tanh or a relu between them."""
    from ..compiled import networks  # imports numba

    d, dtype = inputs.shape[1], inputs.dtype
    if isinstance(inputs, Pixels):
        evaluate: Any = networks.of_entries
        x: Any = inputs.entries_of_rows
        affine = inputs.affine
    else:
        evaluate, x = networks.of_numbers, inputs.contiguous().view(-1).numpy()
        affine = (1.0, 0.0)
    widths = [0, *(padded(size, dtype) for size in sizes)]
    shapes: dict[str, tuple[int, ...]] = {}
    rows: dict[str, int] = {}
    each = len(names) // len(sizes)  # weights, and biases if there are some
    for layer, size in enumerate(sizes, start=1):
        weight = names[each * (layer - 1)]
        shapes[weight] = (d, widths[1]) if layer == 1 else (size, widths[layer - 1])
        rows[weight] = size if layer == 1 else sizes[layer - 2]
        if each == 2:
            bias = names[2 * layer - 1]
            shapes[bias], rows[bias] = (widths[layer],), size
    starts = np.cumsum([0, *(math.prod(shapes[name]) for name in names)])
    shape = (np.array([d, *sizes]), np.array(widths), np.cumsum(widths), starts)
    data = (x, y.to(dtype).numpy(), affine, shape, tanh)  # of all classes one kind of kernel
    return OfNetwork(names, evaluate, data, order=order, shapes=shapes, sizes=rows)
