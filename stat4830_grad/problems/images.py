"""Classification of images: odd or even, or which of the ten digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .. import data
from ..config import schema
from ..data.weights import load_indices
from ..system.errors import ConfigError
from . import models
from .classification import Classification
from .likelihoods import likelihood_of


def build(
    config: schema.Config, generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> tuple[Classification, dict[str, Any]]:
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
        labels=problem.labels,
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
    likelihood = likelihood_of(data.CLASSES[problem.labels])
    model = models.build(config.model, likelihood.outputs)
    return Classification(model, split, likelihood, drawn_before(config)), dataset


def drawn_before(config: schema.Config) -> tuple[models.Logistic, ...]:
    """The lecture makes its logistic model first: a network's weights are the draws after it."""
    assert isinstance(config.problem, schema.ImageProblem)
    lecture = config.problem.labels == "parity"
    first = models.Logistic(bias=False)
    return (first,) if lecture and not isinstance(config.model, schema.Logistic) else ()


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
