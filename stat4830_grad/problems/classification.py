"""Classification of samples into two or more classes, with any model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from ..compiled.arrays import Arrays
from ..compiled.sampled import Order
from ..compiled.stretches import Code
from ..config import problems as choices
from ..core import Model, Params, Weighted
from ..data import Part, Split
from ..data.pixels import Pixels
from ..metrics import GRAD_NORM, Metric, Place
from ..system.errors import ConfigError
from .by_minibatches import code_for
from .likelihoods import BINARY, Likelihood
from .models import MLP, Logistic
from .penalty import DATA_LOSS, L2, for_code


def loss_on(part: str, word: str, *shown: Place, priority: int = 0) -> Metric:
    """The mean cross-entropy on a part of the data, `word` in print."""
    label = f"{word} loss"
    return Metric(f"{part}_loss", label, "lower", False, "loss", word, shown, priority)


def accuracy_on(part: str, word: str, *shown: Place, priority: int = 0) -> Metric:
    """The share of the samples of a part that are in their own class."""
    label = f"{word} accuracy"
    return Metric(f"{part}_accuracy", label, "higher", True, "accuracy", word, shown, priority)


TRAIN, VAL, TEST = ("train", "training"), ("val", "validation"), ("test", "test")
OF_PART = {
    "train": (loss_on(*TRAIN, "progress", "comparison"), accuracy_on(*TRAIN)),
    "val": (
        loss_on(*VAL, "sweep", "comparison", priority=1),
        accuracy_on(*VAL, "progress", "sweep", "comparison", priority=2),
    ),
    "test": (loss_on(*TEST, "comparison"), accuracy_on(*TEST, "comparison")),
}
"""(loss, accuracy) of each part: jobs of a sweep are ranked by those of validation."""

_, VAL_ACCURACY = OF_PART["val"]

NEAR = 1 << 20
"""Activations that are computed at once: 4 MB of float32 stay near the cores."""

METRICS = (*OF_PART["train"], *OF_PART["val"], *OF_PART["test"], GRAD_NORM)


@dataclass(frozen=True)
class Classification:
    """Mean cross-entropy of a model's logits z against the labels y of the training part.

    ∇f is the model's pullback of ∂f/∂z, which the likelihood knows. With a penalty it is part of
    the training loss, and of no other.
    """

    model: Model
    data: Split[Part]
    likelihood: Likelihood = BINARY
    drawn_before: tuple[Model, ...] = ()
    """Models whose initial weights the same generator gives first."""
    remarks: tuple[str, ...] = ()  # what a person should know of the data
    ones_first: bool = False  # whether the first column of the inputs is one of ones
    penalty: L2 | None = None

    @property
    def by_hand(self) -> bool:
        """Yes: models of ours know their pullback."""
        return True

    @property
    def capturable(self) -> bool:
        """Yes: nothing in it looks at values."""
        return True

    @property
    def columns(self) -> tuple[Metric, ...]:
        """Loss and accuracy of each part of the data, then the gradient norm."""
        found = [metric for part in self.data.parts() for metric in OF_PART[part]]
        return (*found, DATA_LOSS, GRAD_NORM) if self.penalty else (*found, GRAD_NORM)

    def init(self, generator: torch.Generator) -> Params:
        """The model's own, for as many inputs as a sample has."""
        d = self.data.train.inputs.shape[1]
        for earlier in self.drawn_before:
            earlier.init(generator, d)
        return self.model.init(generator, d)

    def starting_at(self, problem: choices.Problem) -> Self:
        """Itself: the model says what the initial weights are."""
        return self

    def penalised(self, strength: Tensor) -> Self:
        """`Penalisable.penalised`."""
        if not isinstance(self.model, Weighted):
            raise ConfigError("problem.l2: this model does not say which parameters are weights")
        weights = self.model.weights
        constant = next(iter(weights)) if self.ones_first else None
        return replace(self, penalty=L2(strength, weights, constant))

    def of_run(self, k: int) -> Self:
        """`Penalisable.of_run`."""
        if self.penalty is None or self.penalty.shared:
            return self
        return replace(self, penalty=self.penalty.of_run(k))

    def loss(self, params: Params) -> Tensor:
        """Mean cross-entropy on the training data, and the penalty if there is one: (*K,)."""
        train = self.data.train
        loss = self.likelihood.loss(self.model.logits(params, train.inputs), train.y)
        return loss + self.penalty.loss(params) if self.penalty else loss

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """The loss (*K,), and ∂f/∂params: the model's pullback of the likelihood's slope.

        On the CPU runs of a batch go a few at a time, whose activations stay in a core's caches.
        """
        y = self.data.train.y
        runs = self._runs(params)
        few = max(1, NEAR // (self.model.units * len(y)))
        if runs > few and y.device.type == "cpu":
            parts = [
                self._of_data({name: p[k : k + few] for name, p in params.items()})
                for k in range(0, runs, few)
            ]
            loss = torch.cat([part for part, _ in parts])
            grads = {name: torch.cat([g[name] for _, g in parts]) for name in params}
        else:
            loss, grads = self._of_data(params)
        return self.penalty.added(loss, grads, params) if self.penalty else (loss, grads)

    def _of_data(self, params: Params) -> tuple[Tensor, Params]:
        """The same without the penalty, of all runs at once."""
        X, y = self.data.train.inputs, self.data.train.y
        z, pullback = self.model.vjp(params, X)
        return self.likelihood.loss(z, y), pullback(self.likelihood.slope(z, y))

    def _runs(self, params: Params) -> int:
        """K for parameters (K, …) of a model with hidden layers; else 1."""
        if not isinstance(self.model, MLP):
            return 1
        name, dimensions = next(iter(self.model.weights.items()))
        leading = params[name].shape[:-dimensions]
        return leading[0] if len(leading) == 1 else 1

    def code(self) -> Arrays | None:
        """Of logistic regression on images that stay bytes, with the same kernels and bits."""
        X = self.data.train.inputs
        if not (isinstance(self.model, Logistic) and isinstance(X, Pixels)):
            return None
        if self.model.outputs > 1:
            return None
        from ..compiled.logistic import logistic, logistic_with_bias  # imports numba

        strengths, _ = for_code(self.penalty, self.data.train.y)
        data = (X.strips, X.mT.strips, *X.affine, self.data.train.y.numpy(), strengths)
        names, code = (("w", "b"), logistic_with_bias) if self.model.bias else (("w",), logistic)
        return Arrays(names, code, data, reads=X.stored.numel())

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """Loss, and the share of samples whose class is the likeliest, of each part: (*K,)."""
        values: dict[str, Tensor] = {}
        for name, part in self.data.parts().items():
            z, (loss, share) = self.model.logits(params, part.inputs), OF_PART[name]
            values[loss.name] = self.likelihood.loss(z, part.y)
            values[share.name] = self.likelihood.accuracy(z, part.y)
        if self.penalty:
            minimised = OF_PART["train"][0].name
            values[DATA_LOSS.name] = values[minimised]
            values[minimised] = values[minimised] + self.penalty.loss(params)
        return values

    @property
    def samples(self) -> int:
        """Those of the training part."""
        return len(self.data.train.y)

    def on(self, rows: Tensor) -> Self:
        """The mean over the samples `rows` of the training part; there is no other part."""
        train = self.data.train.rows(rows)
        return replace(self, data=replace(self.data, train=train, val=None, test=None))

    def code_on(self, order: Order) -> Code | None:
        """`CompilableSampled.code_on`: of models of ours, without a penalty."""
        if self.penalty:
            return None
        train = self.data.train
        return code_for(self.model, self.likelihood, train.inputs, train.y, order)

    def constants(self) -> dict[str, Any]:
        """`X` (n, d) and `y` (n,) of the training part; of a penalty `l2`, its λ."""
        data = {"X": self.data.train.X, "y": self.data.train.y}
        return data | {"l2": self.penalty.strength} if self.penalty else data

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        """The model's units for each sample of the largest part."""
        return self.model.units * max(len(part.y) for part in self.data.parts().values())

    def notes(self, runs: int) -> list[str]:
        """What was made of a table's cells."""
        return list(self.remarks)
