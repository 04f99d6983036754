"""The objectives, one file each: the formula with its gradient by hand beside it.

Index legend: n samples, d inputs, h hidden units, m outputs, p parameters; *K leading dimensions.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from ..config.models import Model
from ..config.problems import Problem
from ..core import Objective
from ..metrics import STEP_SIZE, Metric, coordinate
from . import classification, composite, least_squares, penalty, polynomial
from .classification import Classification
from .composite import Composite
from .environment import Environment
from .formula import Formula
from .least_squares import LeastSquares
from .minimisers import minimiser
from .penalty import penalised
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
    "penalised",
]

METRICS = {m.name: m for module in (classification, composite, least_squares, penalty, polynomial)
           for m in module.METRICS}  # fmt: skip
METRICS[STEP_SIZE.name] = STEP_SIZE
"""Name -> what a run of ours logs."""


def metric_named(name: str) -> Metric:
    """What a column means in the files of an earlier process: a metric of ours or a parameter."""
    return METRICS.get(name) or coordinate(name)


def build(
    problem: Problem, model: Model | None, where: Environment
) -> tuple[Objective, dict[str, Any]]:
    """The objective of a configuration, and a description of its data for summary.json.

    The file that the problem's struct in `config/problems.py` names has a function `build` of this
    form, whose problem is of this struct; `model` is None but where the problem takes one.

    Raises:
        ConfigError: the problem cannot be built from these values, or not on this device.
        DataError: a file of its data is missing or damaged.
    """
    module = import_module(f"{__name__}.{problem.module}")
    built: tuple[Objective, dict[str, Any]] = module.build(problem, model, where)
    objective, described = built
    return penalised(objective, [problem], torch.Size(()), where.device, where.dtype), described
