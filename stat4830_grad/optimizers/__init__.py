"""Optimizers: the rules by hand, torch's loop, and the schedules of a step size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import torch
from torch import Tensor

from ..config import optimizers as choices
from ..config.fields import per_run_fields
from ..core import Convergence, Optimizer
from .rules import GRADIENT_DESCENT, Rule, adam, gd, momentum, nesterov
from .schedules import Scheduled
from .torch_sgd import TorchSGD

__all__ = [
    "GRADIENT_DESCENT",
    "Rule",
    "Scheduled",
    "TorchSGD",
    "adam",
    "build",
    "convergence",
    "gd",
    "momentum",
    "nesterov",
]


def build(choice: choices.Optimizer, values: Mapping[str, Tensor], steps: int) -> Optimizer:
    """The optimizer of a configuration.

    Args:
        values: every hyperparameter of `choice` that is `PerRun`, by name, each (*K,).
        steps: number of updates of the whole run, at which some schedules end.
    """
    rule = unscheduled(choice, values)
    if choice.schedule == "constant" and not values["warmup"].any():
        return rule
    return Scheduled(rule, choice.schedule, values["warmup"], steps)


def unscheduled(choice: choices.Optimizer, values: Mapping[str, Tensor]) -> Optimizer:
    """The same without its schedule."""
    match choice:
        case choices.GD():
            return gd()
        case choices.TorchSGD():
            return TorchSGD()
        case choices.Momentum():
            return momentum(values["beta"])
        case choices.Nesterov():
            return nesterov(values["beta"])
        case choices.Adam():
            return adam(values["beta1"], values["beta2"], values["eps"])
        case _:
            assert_never(choice)


def convergence(choice: choices.Optimizer) -> Convergence | None:
    """What theory knows of the optimizer of one run; nothing where its step size changes."""
    if choice.scheduled:
        return None
    keys = per_run_fields(type(choice))
    values = {key: torch.tensor(getattr(choice, key), dtype=torch.float64) for key in keys}
    return unscheduled(choice, values).convergence
