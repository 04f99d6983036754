"""The numbers that parameters are, where they are few enough to be logged and drawn."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor

from ..core import Objective, Params
from ..metrics import STEP_SIZE, Metric, coordinate


def coordinates(params: Params, rows: int) -> dict[str, Tensor]:
    """The one or two numbers that a run's parameters are, by name, each (*K,); none if more.

    A number alone has the name of its parameter (x), the entries of a vector are w1 and w2.

    Args:
        rows: len(*K).
    """
    entries = {name: p.reshape((*p.shape[:rows], -1)) for name, p in params.items()}
    if sum(p.shape[-1] for p in entries.values()) > 2:
        return {}
    return {
        name if p.shape[-1] == 1 else f"{name}{i + 1}": p[..., i]
        for name, p in entries.items()
        for i in range(p.shape[-1])
    }


def located(points: Tensor, like: Params) -> Params:
    """What `coordinates` takes apart: parameters (*K, …) of one or two numbers, points (*K, c).

    Args:
        like: parameters of one run, whose shapes, dtype and device they get.
    """
    parts = points.split([p.numel() for p in like.values()], dim=-1)
    shapes = [(*points.shape[:-1], *p.shape) for p in like.values()]
    made = zip(like.items(), parts, shapes, strict=True)
    return {name: part.reshape(shape).to(p) for (name, p), part, shape in made}


def logged_columns(
    objective: Objective, numbers: Collection[str], *, scheduled: bool
) -> tuple[Metric, ...]:
    """The objective's columns, and after the loss the `coordinates` that are not among them.

    Args:
        scheduled: whether the step size changes; its column comes last, if none has its name.
    """
    loss, *others = objective.columns
    declared = {metric.name for metric in objective.columns}
    found = (loss, *(coordinate(name) for name in numbers if name not in declared), *others)
    named = STEP_SIZE.name in {metric.name for metric in found}
    return (*found, STEP_SIZE) if scheduled and not named else found
