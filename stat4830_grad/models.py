"""Models for binary classification: logistic regression and multilayer perceptrons.

Index legend: n samples, d inputs, h hidden units; *K leading dimensions of a batch of runs.
Inputs X are (n, d) and shared by all runs. Activations are kept as (*K, h, n), so that W @ X.mT
with W (*K, h, d) folds K small products into one large one.

Initial weights are those of `torch.nn.Linear`: W and b uniform on ±1/√fan_in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .core import Params


@dataclass(frozen=True)
class Logistic:
    """logits = X w (+ b), with w (*K, d) and b (*K,)."""

    bias: bool = False

    def init(self, generator: torch.Generator, d: int) -> Params:
        """w (d,), and b () if there is a bias, as `Linear(d, 1)` draws them."""
        params = {"w": linear_weight(generator, 1, d).squeeze(0)}
        if self.bias:
            params["b"] = linear_bias(generator, 1, d).squeeze(0)
        return params

    def logits(self, params: Params, X: Tensor) -> Tensor:
        z = times_rows(params["w"], X)  # (*K, n)
        return z + params["b"][..., None] if self.bias else z

    def vjp(self, params: Params, X: Tensor) -> tuple[Tensor, Callable[[Tensor], Params]]:
        def pullback(dz: Tensor) -> Params:  # dz (*K, n)
            grads = {"w": times_rows(dz, X.mT)}  # Σ_n dz x: (*K, d)
            if self.bias:
                grads["b"] = dz.sum(-1)
            return grads

        return self.logits(params, X), pullback


def times_rows(w: Tensor, X: Tensor) -> Tensor:
    """w Xᵀ for w (*K, d) and X (n, d): (*K, n).

    As X Wᵀ for a batch: BLAS is a sixth faster with the long dimension first (measured for
    64 × 784 by 784 × 4,000, MKL on two cores).
    """
    return (X @ w.mT).mT if w.ndim > 1 else X @ w


@dataclass(frozen=True)
class Activation:
    """φ, and its derivative expressed from the output a = φ(z)."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]  # a -> φ′(z)


#                        φ(z)        φ′(z) from a = φ(z)
TANH = Activation(torch.tanh, lambda a: 1 - a * a)
RELU = Activation(torch.relu, lambda a: (a > 0).to(a.dtype))


@dataclass(frozen=True)
class MLP:
    """d → hidden[0] → … → 1, an activation after every layer but the last.

    Parameters, layers counted from 1: w1 (*K, h, d), b1 (*K, h), …, w_L (*K, 1, h), b_L (*K, 1).
    """

    hidden: tuple[int, ...]
    activation: Activation

    def init(self, generator: torch.Generator, d: int) -> Params:
        """Weights, then bias, layer by layer, after the draws of a logistic model.

        The lecture makes its logistic model first, from the same generator; drawing and dropping
        its weights here gives the network the lecture's own.
        """
        linear_weight(generator, 1, d)
        params: Params = {}
        sizes = (d, *self.hidden, 1)
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
            params[f"w{layer}"] = linear_weight(generator, fan_out, fan_in)
            params[f"b{layer}"] = linear_bias(generator, fan_out, fan_in)
        return params

    def logits(self, params: Params, X: Tensor) -> Tensor:
        return self._forward(params, X)[0]

    def vjp(self, params: Params, X: Tensor) -> tuple[Tensor, Callable[[Tensor], Params]]:
        logits, activations = self._forward(params, X)

        def pullback(dlogits: Tensor) -> Params:
            grads: Params = {}
            dz = dlogits.unsqueeze(-2)  # (*K, 1, n): ∂f/∂z of the last layer
            for layer in range(len(activations), 0, -1):
                a = activations[layer - 1]  # (*K, h, n): input of this layer
                grads[f"w{layer}"] = dz @ a.mT  # Σ_n dz aᵀ
                grads[f"b{layer}"] = dz.sum(-1)
                if layer > 1:
                    dz = (params[f"w{layer}"].mT @ dz) * self.activation.slope(a)
            return {name: grads[name] for name in params}

        return logits, pullback

    def _forward(self, params: Params, X: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (*K, n) and every layer's input: Xᵀ (d, n), then activations (*K, h, n)."""
        a, activations = X.mT, []
        layers = len(self.hidden) + 1
        for layer in range(1, layers + 1):
            activations.append(a)
            z = params[f"w{layer}"] @ a + params[f"b{layer}"].unsqueeze(-1)  # (*K, h, n)
            a = self.activation.value(z) if layer < layers else z
        return a.squeeze(-2), activations


def linear_weight(generator: torch.Generator, fan_out: int, fan_in: int) -> Tensor:
    """(fan_out, fan_in), drawn as `torch.nn.Linear` draws its weight."""
    weight = torch.empty(fan_out, fan_in)
    return torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)


def linear_bias(generator: torch.Generator, fan_out: int, fan_in: int) -> Tensor:
    """(fan_out,), drawn as `torch.nn.Linear` draws its bias."""
    bound = 1 / math.sqrt(fan_in)
    return torch.empty(fan_out).uniform_(-bound, bound, generator=generator)
