"""Classification of images: odd or even, or which of the ten digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch

from .. import data
from ..config import problems as choices
from ..config.models import Logistic, Model
from ..data.weights import load_indices
from ..system.errors import ConfigError
from . import models
from .classification import Classification
from .environment import Environment
from .likelihoods import likelihood_of


def build(
    problem: choices.ImageProblem, model: Model, where: Environment
) -> tuple[Classification, dict[str, Any]]:
    """The model on the images of its problem, split at random.

    Raises:
        ConfigError: sizes, indices or products that cannot be had.
        DataError: the images are not there, or damaged.
    """
    images = data.load_images(problem.name, where.data_dir)
    indices = load_indices(Path(problem.indices)) if problem.indices else None
    split = data.split_images(
        images,
        generator=where.generator,
        n_train=problem.n_train,
        n_val=problem.n_val,
        use_test=problem.test,
        mean=problem.mean,
        std=problem.std,
        labels=problem.labels,
        dtype=where.dtype,
        device=where.device,
        compiled=compiles(where.products, where.device),
        indices=indices,
        indices_are=f"problem.indices={problem.indices}",
    )
    dataset = {
        "name": problem.name,
        "sha256": split.sha256,
        "n_train": problem.n_train,
        "n_val": problem.n_val,
    }
    likelihood = likelihood_of(data.CLASSES[problem.labels])
    built = models.build(model, likelihood.outputs)
    return Classification(built, split, likelihood, drawn_before(problem, model)), dataset


def drawn_before(problem: choices.ImageProblem, model: Model) -> tuple[models.Logistic, ...]:
    """The lecture makes its logistic model first: a network's weights are the draws after it."""
    lecture = problem.labels == "parity"
    first = models.Logistic(bias=False)
    return (first,) if lecture and not isinstance(model, Logistic) else ()


def compiles(products: Literal["auto", "compiled", "torch"], device: torch.device) -> bool:
    """Whether products with images are compiled, instead of torch's own with a dense matrix.

    Raises:
        ConfigError: they are to be, on a device that has none.
    """
    if products == "compiled" and device.type != "cpu":
        raise ConfigError(f"products=compiled: device={device} has none; use products=torch")
    return products == "compiled" or (products == "auto" and device.type == "cpu")
