"""Optimizers: rules by hand, torch's classes, files, and the schedules of a step size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..config import optimizers as choices
from ..config.fields import per_run_fields
from ..config.torch_classes import Torch
from ..core import Convergence, Optimizer, Params
from .file import FileRule
from .rules import GRADIENT_DESCENT, Rule, adam, gd, momentum, nesterov, rule
from .schedules import Scheduled, rule_code
from .torch_class import Evaluate, TorchClass
from .torch_sgd import TorchSGD

__all__ = [
    "GRADIENT_DESCENT",
    "FileRule",
    "Rule",
    "Scheduled",
    "TorchClass",
    "TorchSGD",
    "adam",
    "build",
    "convergence",
    "gd",
    "momentum",
    "nesterov",
    "rule_code",
]


def build(
    choice: choices.Optimizer,
    values: Mapping[str, Tensor],
    steps: int,
    params: Params,
    evaluate: Evaluate,
) -> Optimizer:
    """The optimizer of a configuration.

    Args:
        values: every hyperparameter of `choice` that is `PerRun`, by name, each (*K,).
        steps: number of updates of the whole run, at which some schedules end.
        params: the initial point, each (*K, …).
        evaluate: loss and gradients of a run or a batch, for optimizers that ask for more.

    Raises:
        ConfigError: a file of the user's, or an option of a class of torch's, cannot be used.
    """
    rule = unscheduled(choice, values, params, evaluate)
    if choice.schedule == "constant" and not values["warmup"].any():
        return rule
    return Scheduled(rule, choice.schedule, values["warmup"], steps)


def unscheduled(
    choice: choices.Optimizer, values: Mapping[str, Tensor], params: Params, evaluate: Evaluate
) -> Optimizer:
    """The same without its schedule."""
    match choice:
        case Torch():
            return TorchClass(choice, params, values["lr"], evaluate)
        case choices.File(path=path):
            return FileRule(Path(path), params, values["lr"])
        case choices.TorchSGD():
            return TorchSGD()
        case _:
            return rule(choice, values)


def convergence(choice: choices.Optimizer) -> Convergence | None:
    """What theory knows of the optimizer of one run.

    Nothing of torch's classes and users' files, and nothing where the step size changes.
    """
    if choice.scheduled or isinstance(choice, Torch | choices.File):
        return None
    if isinstance(choice, choices.TorchSGD):
        return TorchSGD.convergence
    keys = per_run_fields(type(choice))
    values = {key: torch.tensor(getattr(choice, key), dtype=torch.float64) for key in keys}
    return rule(choice, values).convergence
