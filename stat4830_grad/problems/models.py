"""Models for classification: logistic regression and multilayer perceptrons.

Index legend: n samples, d inputs, h hidden units, C classes; *K leading dimensions of a
batch of runs.
Inputs X are (n, d) and shared by all runs: K small products with them are one large one.
Activations are (*K, n, h), a row for each sample, as in `torch.nn.Linear`.
Two classes take one output, and logits are (*K, n); C classes take C, and logits are (*K, n, C).

Initial weights are those of `torch.nn.Linear`: W and b uniform on ±1/√fan_in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import torch
from torch import Tensor

from ..config import models as choices
from ..core import Inputs, Model, Params


def build(choice: choices.OurModel, outputs: int) -> Model:
    """The model of ours that is chosen, with as many outputs as its problem asks for."""
    match choice:
        case choices.Logistic(bias):
            return Logistic(bias, outputs)
        case choices.ReluMLP(hidden):
            return MLP(tuple(hidden), RELU, outputs)
        case choices.TanhMLP(hidden):
            return MLP(tuple(hidden), TANH, outputs)
        case _:
            assert_never(choice)


@dataclass(frozen=True)
class Logistic:
    """logits = X w (+ b), with w (*K, d) and b (*K,); of C outputs w (*K, C, d) and b (*K, C)."""

    bias: bool = False
    outputs: int = 1

    @property
    def units(self) -> int:
        """Its outputs."""
        return self.outputs

    @property
    def weights(self) -> dict[str, int]:
        """w (d,), or (C, d)."""
        return {"w": 1 if self.outputs == 1 else 2}

    @property
    def samples(self) -> int:
        """The dimension of the samples in logits."""
        return -1 if self.outputs == 1 else -2

    def init(self, generator: torch.Generator, d: int) -> Params:
        """w (d,), and b () if there is a bias, as `Linear(d, 1)` draws them; likewise for C."""
        params = {"w": linear_weight(generator, self.outputs, d)}
        if self.bias:
            params["b"] = linear_bias(generator, self.outputs, d)
        return {k: p.squeeze(0) for k, p in params.items()} if self.outputs == 1 else params

    def logits(self, params: Params, X: Inputs) -> Tensor:
        """X w + b: (*K, n), or (*K, n, C)."""
        z = forward(X, params["w"]).movedim(0, self.samples)  # (*K, n) or (*K, n, C)
        return z + params["b"].unsqueeze(self.samples) if self.bias else z

    def vjp(self, params: Params, X: Inputs) -> tuple[Tensor, Callable[[Tensor], Params]]:
        """`Model.vjp`: the pullback of dz is Xᵀ dz for w, Σ_n dz for b."""

        def pullback(dz: Tensor) -> Params:  # in the shape of the logits
            grads = {"w": pull_back(X, dz.movedim(self.samples, 0))}
            if self.bias:
                grads["b"] = dz.sum(self.samples)
            return grads

        return self.logits(params, X), pullback


def forward(X: Inputs, W: Tensor) -> Tensor:
    """x·w for each row x (d,) of X (n, d) and w (d,) of W (*S, d): (n, *S), in one product."""
    if W.ndim == 1:
        return X @ W
    Z: Tensor = (X @ W.reshape(-1, W.shape[-1]).mT).unflatten(1, W.shape[:-1])
    return Z


def pull_back(X: Inputs, dZ: Tensor) -> Tensor:
    """∂f/∂W = Σ_n dz xᵀ (*S, d) from ∂f/∂(X Wᵀ) = dZ (n, *S)."""
    if dZ.ndim == 1:
        return X.mT @ dZ
    dW: Tensor = (X.mT @ dZ.flatten(1)).mT.unflatten(0, dZ.shape[1:])
    return dW


@dataclass(frozen=True)
class Activation:
    """a = φ(z), and its pullback ∂f/∂z = ∂f/∂a · φ′(z), expressed from the output a."""

    name: str
    value: Callable[[Tensor], Tensor]
    pullback: Callable[[Tensor, Tensor], Tensor]  # (∂f/∂a, a) -> ∂f/∂z


def relu_pullback(da: Tensor, a: Tensor) -> Tensor:
    """∂f/∂a where a > 0, else 0; torch has it in one pass, twenty times as fast as `where`."""
    dz: Tensor = torch.ops.aten.threshold_backward(da, a, 0)
    return dz


TANH = Activation("tanh", torch.tanh, lambda da, a: da * (1 - a * a))
RELU = Activation("relu", torch.relu, relu_pullback)


@dataclass(frozen=True)
class MLP:
    """d → hidden[0] → … → outputs, an activation after every layer but the last.

    Parameters, layers counted from 1: w1 (*K, h, d), b1 (*K, h), …, w_L (*K, outputs, h),
    b_L (*K, outputs).
    """

    hidden: tuple[int, ...]
    activation: Activation
    outputs: int = 1

    @property
    def units(self) -> int:
        """Of all layers together."""
        return sum(self.hidden) + self.outputs

    @property
    def weights(self) -> dict[str, int]:
        """The matrix of each layer."""
        return {f"w{layer}": 2 for layer in range(1, len(self.hidden) + 2)}

    def init(self, generator: torch.Generator, d: int) -> Params:
        """Weights, then bias, layer by layer."""
        params: Params = {}
        sizes = (d, *self.hidden, self.outputs)
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
            params[f"w{layer}"] = linear_weight(generator, fan_out, fan_in)
            params[f"b{layer}"] = linear_bias(generator, fan_out, fan_in)
        return params

    def logits(self, params: Params, X: Inputs) -> Tensor:
        """Of the last layer: (*K, n), or (*K, n, C)."""
        return self._forward(params, X)[0]

    def vjp(self, params: Params, X: Inputs) -> tuple[Tensor, Callable[[Tensor], Params]]:
        """`Model.vjp`: backpropagation, layer by layer from the last."""
        logits, activations = self._forward(params, X)

        def pullback(dlogits: Tensor) -> Params:
            grads: Params = {}
            # (*K, n, outputs): ∂f/∂z of the last layer
            dz = dlogits.unsqueeze(-1) if self.outputs == 1 else dlogits
            for layer in range(len(activations) + 1, 1, -1):
                a = activations[layer - 2]  # (*K, n, h): input of this layer
                grads[f"w{layer}"] = dz.mT @ a  # Σ_n dz aᵀ
                grads[f"b{layer}"] = dz.sum(-2)
                dz = self.activation.pullback(dz @ params[f"w{layer}"], a)
            grads["w1"], grads["b1"] = pull_back(X, dz.movedim(-2, 0)), dz.sum(-2)
            return {name: grads[name] for name in params}

        return logits, pullback

    def _forward(self, params: Params, X: Inputs) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the activations (*K, n, h) of every hidden layer."""
        z = forward(X, params["w1"]).movedim(0, -2) + params["b1"].unsqueeze(-2)  # (*K, n, h)
        activations = []
        for layer in range(2, len(self.hidden) + 2):
            a = self.activation.value(z)
            activations.append(a)
            z = a @ params[f"w{layer}"].mT + params[f"b{layer}"].unsqueeze(-2)
        return z.squeeze(-1) if self.outputs == 1 else z, activations


def linear_weight(generator: torch.Generator, fan_out: int, fan_in: int) -> Tensor:
    """(fan_out, fan_in), drawn as `torch.nn.Linear` draws its weight."""
    weight = torch.empty(fan_out, fan_in)
    return torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)


def linear_bias(generator: torch.Generator, fan_out: int, fan_in: int) -> Tensor:
    """(fan_out,), drawn as `torch.nn.Linear` draws its bias."""
    bound = 1 / math.sqrt(fan_in)
    return torch.empty(fan_out).uniform_(-bound, bound, generator=generator)
