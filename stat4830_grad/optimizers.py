"""Optimizers as pure rules: a direction from gradients and state, one place for the step size.

Hyperparameters are numbers or tensors (*K,): each run of a batch may have its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .core import OptimizerState, Params, per_row

Direction = Callable[[Params, OptimizerState], tuple[Params, OptimizerState]]


@dataclass(frozen=True)
class Rule:
    """params ← params − lr · direction, for a pure function `direction`."""

    init: Callable[[Params], OptimizerState]
    direction: Direction

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        direction, state = self.direction(grads, state)
        moved = {name: p - per_row(lr, p) * direction[name] for name, p in params.items()}
        return moved, state


def gd() -> Rule:
    """Gradient descent (Cauchy 1847): d = g."""
    return Rule(init=lambda params: {}, direction=lambda grads, state: (grads, state))


def momentum(beta: Tensor) -> Rule:
    """Heavy ball (Polyak 1964), as `torch.optim.SGD(momentum=β)`: v ← βv + g, d = v."""

    def direction(grads: Params, state: OptimizerState) -> tuple[Params, OptimizerState]:
        v = accumulate(state["velocity"], beta, grads)
        return v, {"velocity": v}

    return Rule(init=lambda params: {"velocity": zeros(params)}, direction=direction)


def nesterov(beta: Tensor) -> Rule:
    """Nesterov's momentum in the form of Sutskever et al. (2013): v ← βv + g, d = g + βv."""

    def direction(grads: Params, state: OptimizerState) -> tuple[Params, OptimizerState]:
        v = accumulate(state["velocity"], beta, grads)
        return accumulate(v, beta, grads), {"velocity": v}

    return Rule(init=lambda params: {"velocity": zeros(params)}, direction=direction)


def adam(beta1: Tensor, beta2: Tensor, eps: Tensor) -> Rule:
    """Adam (Kingma & Ba 2015, Algorithm 1): m, v averages of g, g²; d = m̂ / (√v̂ + ε)."""

    def init(params: Params) -> OptimizerState:
        power = {"beta1": torch.ones_like(beta1), "beta2": torch.ones_like(beta2)}  # βᵗ at t = 0
        return {"mean": zeros(params), "square": zeros(params), "power": power}

    def direction(grads: Params, state: OptimizerState) -> tuple[Params, OptimizerState]:
        power = {
            "beta1": state["power"]["beta1"] * beta1,
            "beta2": state["power"]["beta2"] * beta2,
        }
        squares = {name: g * g for name, g in grads.items()}
        m = average(state["mean"], beta1, grads)
        v = average(state["square"], beta2, squares)
        d = {}
        for name, g in grads.items():
            m_hat = m[name] / per_row(1 - power["beta1"], g)
            v_hat = v[name] / per_row(1 - power["beta2"], g)
            d[name] = m_hat / (v_hat.sqrt() + per_row(eps, g))
        return d, {"mean": m, "square": v, "power": power}

    return Rule(init=init, direction=direction)


def zeros(params: Params) -> Params:
    return {name: torch.zeros_like(p) for name, p in params.items()}


def accumulate(v: Params, beta: Tensor, grads: Params) -> Params:
    """βv + g."""
    return {name: per_row(beta, g) * v[name] + g for name, g in grads.items()}


def average(v: Params, beta: Tensor, grads: Params) -> Params:
    """βv + (1 − β)g."""
    return {
        name: per_row(beta, g) * v[name] + per_row(1 - beta, g) * g for name, g in grads.items()
    }


class TorchSGD:
    """The lecture's loop: `torch.optim.SGD` makes the step from each tensor's `.grad`.

    It updates the parameters in place. A batch (*K, …) is one parameter group per run, made of
    views, since each run has its own step size.
    """

    def __init__(self) -> None:
        self._bound: tuple[Params, Tensor] | None = None

    def init(self, params: Params) -> OptimizerState:
        return {}

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        if self._bound is None or params is not self._bound[0] or lr is not self._bound[1]:
            self._bind(params, lr)
        for group, row in zip(self._sgd.param_groups, rows(grads, lr.ndim), strict=True):
            for p, g in zip(group["params"], row, strict=True):
                p.grad = g
        self._sgd.step()
        self._sgd.zero_grad()
        return params, state

    def _bind(self, params: Params, lr: Tensor) -> None:
        sizes = lr.reshape(-1).tolist()
        groups = [
            {"params": row, "lr": size}
            for row, size in zip(rows(params, lr.ndim), sizes, strict=True)
        ]
        self._sgd = torch.optim.SGD(groups)
        self._bound = (params, lr)


def rows(params: Params, leading: int) -> list[list[Tensor]]:
    """One list of views per run: tensors (*K, …) with `leading` = len(*K) come apart."""
    flat = [p.reshape((-1, *p.shape[leading:])).unbind(0) for p in params.values()]
    return [list(row) for row in zip(*flat, strict=True)]
