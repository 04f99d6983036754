"""Classification with a model of ours, or with that of a user's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from ..config.models import Model, ModelFile
from ..core import Params
from ..data import ImagePart, Part, Split
from ..sandbox.answers import offer
from ..system.errors import ConfigError
from . import models
from .classification import Classification
from .environment import Environment
from .file_model import FileModel
from .file_module import opened, weights
from .file_objective import as_gradient, no_gradient
from .likelihoods import Likelihood
from .model_forms import Form, tried
from .rows import of_one_run, one_by_one, takes_vmap, together

FEW = 5
"""Samples on which a model is tried."""


@dataclass(frozen=True)
class FileClassification(Classification):
    """The same with the model of a user's file, which may have a gradient of the loss by hand."""

    model: FileModel

    @property
    def by_hand(self) -> bool:
        """Whether the file has a `gradient`."""
        return self.model.source.file.defines("gradient")

    @property
    def capturable(self) -> bool:
        """No: a file may do what a graph cannot hold."""
        return False

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """f (*K,) and ∇f by the file's own `gradient`, which is that of the mean cross-entropy.

        Raises:
            ConfigError: it has none, or what it returns is none.
        """
        if not self.by_hand:
            raise no_gradient(self.model.said)
        like, train = self.model.like, self.data.train
        apply = together if of_one_run(params, like) or self.vmapped else one_by_one
        grads = apply(self.gradient_of_one, params, like)
        loss = self.likelihood.loss(self.model.logits(params, train.inputs), train.y)
        return self.penalty.added(loss, grads, params) if self.penalty else (loss, grads)

    def gradient_of_one(self, params: Params) -> Params:
        """What the file's `gradient` says of one run."""
        function, train = self.model.source.file.function("gradient"), self.data.train
        X, before = train.X, train.X._version
        answer = function.called_with(offer({"X": X, "y": train.y}, params))
        if X._version != before:
            raise ConfigError(f"{self.model.said}: gradient changes X in place; copy it")
        return as_gradient(answer, params, self.model.said)

    @cached_property
    def vmapped(self) -> bool:
        """Whether vmap takes the file's `gradient`."""
        return takes_vmap(self.gradient_of_one, self.model.like)

    def penalised(self, strength: Tensor) -> Self:
        """`Penalisable.penalised`: the penalty is on parameters of two or more dimensions."""
        if not self.model.weights:
            raise ConfigError(
                f"problem.l2: {self.model.said} has no parameter of two or more dimensions, which "
                "are its weights"
            )
        return super().penalised(strength)

    def notes(self, runs: int) -> list[str]:
        """What is to be known of the data, and of the model."""
        return [*self.remarks, *self.model.notes(runs)]


def classifier(
    choice: Model,
    data: Split[Part],
    likelihood: Likelihood,
    where: Environment,
    *,
    drawn_before: tuple[models.Logistic, ...] = (),
    remarks: tuple[str, ...] = (),
    ones_first: bool = False,
) -> Classification:
    """The model that is chosen, on these data.

    Args:
        where: its generator draws the initial weights of the trial, and is left as it is.
        drawn_before, ones_first: as in `Classification`, for models of ours.
        remarks: what a person should know of the data.

    Raises:
        ConfigError: the model's file cannot be used; the message has the line where there is one.
    """
    if isinstance(choice, ModelFile):
        path = Path(choice.path)
        theirs, form = from_file(path, data, likelihood, where.seed, where.generator)
        return FileClassification(theirs, in_form(data, form), likelihood, (), remarks)
    ours = models.build(choice, likelihood.outputs)
    return Classification(ours, data, likelihood, drawn_before, remarks, ones_first)


def from_file(
    path: Path, data: Split[Part], likelihood: Likelihood, seed: int, generator: torch.Generator
) -> tuple[FileModel, Form]:
    """The model of a file, which is run and tried, and the form of the inputs that it takes.

    Raises:
        ConfigError: as `classifier`.
    """
    X = data.train.X
    ahead = torch.Generator()
    ahead.set_state(generator.get_state())
    offered = {"features": X.shape[1], "outputs": likelihood.outputs}
    source, module = opened(path, seed, ahead, offered, X.device, X.dtype)
    params, constants = weights(module, source.file.said)
    model = FileModel(
        source,
        module,
        like={name: p.detach().to(X.device, X.dtype) for name, p in params.items()},
        constants={name: settled(value, X) for name, value in constants.items()},
        outputs=likelihood.outputs,
        sample=X[:FEW],
    )
    return tried(model, forms_of(data))


def settled(value: Tensor, X: Tensor) -> Tensor:
    """A copy on the device of X and, unless it is whole or complex, in its dtype."""
    dtype = X.dtype if value.is_floating_point() else value.dtype
    return value.detach().to(X.device, dtype, copy=True)


def forms_of(data: Split[Part]) -> Sequence[Form]:
    """Images as torchvision gives them, then features; of a table features."""
    features = Form("features", (data.train.X.shape[1],))
    if not isinstance(data.train, ImagePart):
        return [features]
    return [Form("images", (1, *data.train.images.shape[1:])), features]


def in_form(data: Split[Part], form: Form) -> Split[Part]:
    """The same with inputs in the form that the model takes."""

    def part(one: Part) -> Part:
        return replace(one, inputs=form.of(one.X))

    val, test = (part(one) if one else None for one in (data.val, data.test))
    return replace(data, train=part(data.train), val=val, test=test)
