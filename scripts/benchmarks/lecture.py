"""The lecture's loop (lecture_loop.py) on our data, from our initial point, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import assert_never

import torch
from torch import Tensor, nn

from stat4830_grad.core import Params
from stat4830_grad.tasks.check.cost import wait

from . import lecture_loop
from .cases import Kind
from .timing import Outcome, Run


def lecture_run(problem: Kind, params: Params, X: Tensor, y: Tensor, lr: float) -> Run:
    """One run from `params`; X (n, d) and y (n,) are empty for a polynomial."""
    device = next(iter(params.values())).device

    def run(updates: int) -> Outcome:
        descend = descent(problem, params, X, y, lr)
        wait(device)
        began = time.perf_counter()
        end = descend(updates)
        wait(device)
        return Outcome(time.perf_counter() - began, loss(end, X, y))

    return run


def descent(
    problem: Kind, params: Params, X: Tensor, y: Tensor, lr: float
) -> Callable[[int], Tensor | nn.Module]:
    """Number of updates -> where they lead; modules are made before the clock runs."""
    model: nn.Module
    match problem:
        case "polynomial":
            x0, device = params["x"].item(), params["x"].device
            return lambda updates: lecture_loop.polynomial(x0, lr, updates, device)
        case "least squares":
            return lambda updates: lecture_loop.least_squares(X, y, lr, updates)
        case "logistic":
            model = lecture_loop.Logistic(params["w"])
        case "mlp":
            model = lecture_loop.SimpleNN(**params)
        case _:
            assert_never(problem)
    model = model.to(X.device)
    return lambda updates: lecture_loop.classifier(model, X, y, lr, updates)


def loss(end: Tensor | nn.Module, X: Tensor, y: Tensor) -> float:
    """Of a module, of weights w (p,), of a number x."""
    with torch.no_grad():
        value: Tensor
        if isinstance(end, nn.Module):
            value = nn.BCELoss()(end(X).squeeze(), y)
        elif end.ndim:
            value = 0.5 * torch.sum((X @ end - y) ** 2)
        else:
            value = end**3 - 3 * end
        return value.item()
