"""Classification of images: odd or even, or which of the ten digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .. import data
from ..config import problems as choices
from ..config.models import Logistic, Model, ModelFile
from ..data.weights import load_indices
from ..system.errors import ConfigError
from . import models
from .classification import Classification
from .environment import Environment, Products
from .file_classification import classifier
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
    compiled = compiles(products_for(model, where.products), where.device)
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
        compiled=compiled,
        indices=indices,
        indices_are=f"problem.indices={problem.indices}",
    )
    dataset = {
        "name": problem.name,
        "sha256": split.sha256,
        "n_train": problem.n_train,
        "n_val": problem.n_val,
    }
    likelihood = likelihood_of(data.CLASSES[problem.labels], compiled=compiled)
    before = drawn_before(problem, model)
    return classifier(model, split, likelihood, where, drawn_before=before), dataset


def drawn_before(problem: choices.ImageProblem, model: Model) -> tuple[models.Logistic, ...]:
    """The lecture makes its logistic model first: a network's weights are the draws after it."""
    lecture = problem.labels == "parity"
    first = models.Logistic(bias=False)
    return (first,) if lecture and not isinstance(model, Logistic) else ()


def products_for(model: Model, asked: Products) -> Products:
    """How products with images are made: a user's model gets tensors.

    Raises:
        ConfigError: it is to have compiled ones.
    """
    if not isinstance(model, ModelFile):
        return asked
    if asked == "compiled":
        raise ConfigError("products=compiled: model=file takes tensors; leave products out")
    return "torch"


def compiles(products: Products, device: torch.device) -> bool:
    """Whether products with images are compiled, instead of torch's own with a dense matrix.

    Raises:
        ConfigError: they are to be, on a device that has none.
    """
    if products == "compiled" and device.type != "cpu":
        raise ConfigError(f"products=compiled: device={device} has none; use products=torch")
    return products == "compiled" or (products == "auto" and device.type == "cpu")
