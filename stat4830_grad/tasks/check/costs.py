"""The cost card: what one gradient costs by each method, measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Gradient, Objective, Params
from ...gradients.methods import as_leaves
from ...graph.nodes import graph_nodes
from ...sandbox.student import Student
from .cost import BUDGET, MOST, Cost, Work, measure
from .methods import CENTRAL, FILE, FORWARD, around, forward, step


@dataclass(frozen=True)
class MethodCost:
    """Forward mode and central differences are measured along one direction; a whole gradient
    takes as many as there are parameters, so `seconds` is that multiple for them."""

    method: str
    seconds: float
    directions: int  # 1 for a method that gives the whole gradient at once
    cost: Cost
    nodes: int | None  # None: a file's own affair


def cost_card(
    objective: Objective, params: Params, methods: dict[str, Gradient], *, by_forward: bool = True
) -> list[MethodCost]:
    """Every method at `params` (*K = ()), in the dtype and on the device of `params`.

    Args:
        by_forward: whether forward mode goes through the loss.
    """
    works = {name: gradient_work(method, objective, params) for name, method in methods.items()}
    slopes = slope_works(objective, params)
    works |= slopes if by_forward else {CENTRAL: slopes[CENTRAL]}
    data = [value for value in objective.constants().values() if isinstance(value, Tensor)]
    device = next(iter(params.values())).device
    costs = measure(works, device, [*params.values(), *data])
    size = sum(p.numel() for p in params.values())
    nodes: dict[str, int] = {}
    if objective.by_hand:
        nodes["manual"] = graph_nodes(objective.loss_and_gradient(params)[0])
    nodes["backward"] = nodes["autograd_grad"] = graph_nodes(
        objective.loss(as_leaves(params)).sum()
    )
    nodes |= {name: graph_nodes(works[name]()) for name in (FORWARD, CENTRAL) if name in works}
    card = []
    for name, cost in costs.items():
        directions = size if name in (FORWARD, CENTRAL) else 1
        seconds = directions * cost.seconds
        card.append(MethodCost(name, seconds, directions, cost, nodes.get(name)))
    return card


def cost_of_file(
    student: Student, objective: Objective, params: Params, known: float | None = None
) -> MethodCost:
    """A student's file at `params`, by the clock of its own process: a call, or many short ones.

    Args:
        known: seconds of a call at `params`; by default those of the last call.

    Raises:
        ConfigError: it gives no answer.
    """
    data, last = objective.constants(), known or student.seconds
    seconds = [last] if last > BUDGET else list[float]()  # no need to wait for it again
    while len(seconds) < MOST and sum(seconds) < BUDGET / 2:
        seconds.append(student.ask(data, params, often=True).seconds)
    cost = Cost(statistics.median(seconds), None, None, None)
    return MethodCost(FILE, cost.seconds, 1, cost, None)


def gradient_work(method: Gradient, objective: Objective, params: Params) -> Work:
    """One gradient by this method."""
    return lambda: method(objective, params)


def slope_works(objective: Objective, params: Params) -> dict[str, Work]:
    """One slope each by forward mode and by a central difference, in the largest parameter."""
    name = max(params, key=lambda name: params[name].numel())
    v = torch.ones_like(params[name])[None]
    h = step(params[name])
    return {
        FORWARD: lambda: forward(objective.loss, params, {name: v})[name],
        CENTRAL: lambda: central_difference(*around(objective.loss, params, name, v, h), h),
    }


def central_difference(up: Tensor, down: Tensor, h: float) -> Tensor:
    """The slope from the values at +h and −h."""
    return (up - down) / (2 * h)
