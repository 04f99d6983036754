"""Odd or even? Binary classification of images, with any model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .. import data
from ..config import schema
from ..core import Model, Params
from ..data import Part, Split
from ..data.weights import load_indices
from ..system.errors import ConfigError
from . import models


@dataclass(frozen=True)
class Parity:
    """Mean binary cross-entropy of a model's logits z against y = label mod 2.

    f = 1/n Σ softplus(z) − y z, so ∂f/∂z = (σ(z) − y)/n (Bishop, PRML, eq. 4.90–4.91).
    """

    model: Model
    data: Split
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
        """The model's own, for as many inputs as an image has pixels."""
        d = self.data.train.inputs.shape[1]
        for earlier in self.drawn_before:
            earlier.init(generator, d)
        return self.model.init(generator, d)

    def starting_at(self, problem: schema.Problem) -> Self:
        """Itself: the initial weights are the model's affair."""
        return self

    def loss(self, params: Params) -> Tensor:
        train = self.data.train
        return cross_entropy(self.model.logits(params, train.inputs), train.y)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        X, y = self.data.train.inputs, self.data.train.y
        z, pullback = self.model.vjp(params, X)
        return cross_entropy(z, y), pullback((torch.sigmoid(z) - y) / len(y))

    def metrics(self, params: Params) -> dict[str, Tensor]:
        values = {}
        for name, part in self.parts().items():
            z = self.model.logits(params, part.inputs)
            values[f"{name}_loss"] = cross_entropy(z, part.y)
            values[f"{name}_accuracy"] = accuracy(z, part.y)
        return values

    def constants(self) -> dict[str, Any]:
        """`X` (n, d) and `y` (n,) of the training part."""
        return {"X": self.data.train.X, "y": self.data.train.y}

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        return self.model.units * max(len(part.y) for part in self.parts().values())


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Mean binary cross-entropy (*K,) of logits z (*K, n) against y (n,) in {0, 1}."""
    if z.ndim == 1:
        return binary_cross_entropy_with_logits(z, y)
    return binary_cross_entropy_with_logits(z, y.expand_as(z), reduction="none").mean(-1)


def accuracy(z: Tensor, y: Tensor) -> Tensor:
    """Share (*K,) of samples on the right side of z = 0, in float64 so that 0.873 is 0.873."""
    return ((z > 0) == (y > 0.5)).double().mean(-1)


def build(
    config: schema.Config, generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> tuple[Parity, dict[str, Any]]:
    """The model of `config` on the images of its problem, split at random.

    Raises:
        ConfigError: sizes, indices or products that cannot be had.
        DataError: the images are not there, or damaged.
    """
    problem = config.problem
    assert isinstance(problem, schema.ImageProblem)
    assert config.model is not None
    images = data.load_images(problem.name, Path(config.data_dir).expanduser())
    indices = load_indices(Path(problem.indices)) if problem.indices else None
    split = data.split_images(
        images,
        generator=generator,
        n_train=problem.n_train,
        n_val=problem.n_val,
        use_test=problem.test,
        mean=problem.mean,
        std=problem.std,
        dtype=dtype,
        device=device,
        compiled=compiles(config, device),
        indices=indices,
        indices_are=f"problem.indices={problem.indices}",
    )
    dataset = {
        "name": problem.name,
        "sha256": split.sha256,
        "n_train": problem.n_train,
        "n_val": problem.n_val,
    }
    model = models.build(config.model)
    # The lecture makes its logistic model first: a network's weights are the draws after it.
    logistic = models.Logistic(bias=False)
    before = () if isinstance(config.model, schema.Logistic) else (logistic,)
    return Parity(model, split, before), dataset


def compiles(config: schema.Config, device: torch.device) -> bool:
    """Whether products with images are compiled, instead of torch's own with a dense matrix.

    Raises:
        ConfigError: they are to be, on a device that has none.
    """
    if config.products == "compiled" and device.type != "cpu":
        raise ConfigError(f"products=compiled: device={device} has none; use products=torch")
    explains = config.task in ("check", "trace")  # what torch does, operation by operation
    return config.products == "compiled" or (
        config.products == "auto" and device.type == "cpu" and not explains
    )
