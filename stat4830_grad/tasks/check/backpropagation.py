"""Backpropagation through a network, with a place for each factor that people leave out.

Index legend: n samples, d inputs, h units of a layer; layers are counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Params


@dataclass(frozen=True)
class Tape:
    """A forward pass: each layer's input and output before the activation, (h, n), from layer 1."""

    inputs: list[Tensor]
    z: list[Tensor]

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.z)


def run_forward(params: Params, a: Tensor, activation: Callable[[Tensor], Tensor]) -> Tape:
    """Layers w1, b1, w2, … on a (d, n), an activation between them."""
    inputs, zs = [], []
    depth = sum(name.startswith("w") for name in params)
    for layer in range(1, depth + 1):
        inputs.append(a)
        zs.append(params[f"w{layer}"] @ a + params[f"b{layer}"][:, None])
        a = activation(zs[-1])
    return Tape(inputs, zs)


def run_backward(
    tape: Tape,
    params: Params,
    dz: Tensor,
    slope: Callable[[int], Tensor],
    *,
    without: int = 0,
    before_activation: int = 0,
) -> Params:
    """Gradients of all layers, and of the input as "x".

    Args:
        dz: ∂f/∂z of the last layer (h, n).
        slope: hidden layer -> φ′ there (h, n).
        without: a layer whose weight is left out on the way back.
        before_activation: a layer whose input is taken before the activation.
    """
    grads: Params = {}
    for layer in range(tape.depth, 0, -1):
        a = tape.z[layer - 2] if layer == before_activation else tape.inputs[layer - 1]
        W = params[f"w{layer}"]
        grads[f"w{layer}"], grads[f"b{layer}"] = dz @ a.mT, dz.sum(-1)
        da = (torch.ones_like(W) if layer == without else W).mT @ dz
        dz = da * slope(layer - 1) if layer > 1 else da
    return {**grads, "x": dz.sum(-1)}
