"""Classification of samples into two or more classes, with any model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from ..config import schema
from ..core import Model, Params
from ..data import Part, Split
from .likelihoods import BINARY, Likelihood


@dataclass(frozen=True)
class Classification:
    """Mean cross-entropy of a model's logits z against the labels y of the training part.

    ∇f is the model's pullback of ∂f/∂z, which the likelihood knows.
    """

    model: Model
    data: Split
    likelihood: Likelihood = BINARY
    drawn_before: tuple[Model, ...] = ()
    """Models whose initial weights the same generator gives first."""

    def parts(self) -> dict[str, Part]:
        """The parts of the data that exist: train, val, test."""
        parts = {"train": self.data.train, "val": self.data.val, "test": self.data.test}
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        names = [f"{part}_{metric}" for part in self.parts() for metric in ("loss", "accuracy")]
        return (*names, "grad_norm")

    def init(self, generator: torch.Generator) -> Params:
        """The model's own, for as many inputs as a sample has."""
        d = self.data.train.inputs.shape[1]
        for earlier in self.drawn_before:
            earlier.init(generator, d)
        return self.model.init(generator, d)

    def starting_at(self, problem: schema.Problem) -> Self:
        """Itself: the initial weights are the model's affair."""
        return self

    def loss(self, params: Params) -> Tensor:
        train = self.data.train
        return self.likelihood.loss(self.model.logits(params, train.inputs), train.y)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        X, y = self.data.train.inputs, self.data.train.y
        z, pullback = self.model.vjp(params, X)
        return self.likelihood.loss(z, y), pullback(self.likelihood.slope(z, y))

    def metrics(self, params: Params) -> dict[str, Tensor]:
        values = {}
        for name, part in self.parts().items():
            z = self.model.logits(params, part.inputs)
            values[f"{name}_loss"] = self.likelihood.loss(z, part.y)
            values[f"{name}_accuracy"] = self.likelihood.accuracy(z, part.y)
        return values

    def constants(self) -> dict[str, Any]:
        """`X` (n, d) and `y` (n,) of the training part."""
        return {"X": self.data.train.X, "y": self.data.train.y}

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        return self.model.units * max(len(part.y) for part in self.parts().values())
