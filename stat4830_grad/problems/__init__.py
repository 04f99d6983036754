"""The objectives, one file each: the formula with its gradient by hand beside it.

Index legend: n samples, d inputs, h hidden units, m outputs, p parameters; *K leading dimensions.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from ..config.schema import Config
from ..core import Objective
from ..metrics import Metric, coordinate
from . import classification, composite, least_squares, polynomial
from .classification import Classification
from .composite import Composite
from .formula import Formula
from .least_squares import LeastSquares, minimiser
from .polynomial import Polynomial, monomial

__all__ = [
    "Classification",
    "Composite",
    "Formula",
    "LeastSquares",
    "Polynomial",
    "build",
    "metric_named",
    "minimiser",
    "monomial",
]

METRICS = {m.name: m for problem in (classification, composite, least_squares, polynomial)
           for m in problem.METRICS}  # fmt: skip
"""Name -> what a problem of ours logs."""


def metric_named(name: str) -> Metric:
    """What a column means in the files of an earlier process: a metric of ours or a parameter."""
    return METRICS.get(name) or coordinate(name)


def build(
    config: Config, generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> tuple[Objective, dict[str, Any]]:
    """The objective of `config`, and a description of its data for summary.json.

    The file that the problem's struct in the schema names has a function `build` of this form.

    Args:
        generator: what is random in the data is drawn from it.

    Raises:
        ConfigError: the problem cannot be built from these values, or not on this device.
        DataError: a file of its data is missing or damaged.
    """
    module = import_module(f"{__name__}.{config.problem.module}")
    built: tuple[Objective, dict[str, Any]] = module.build(config, generator, device, dtype)
    return built
