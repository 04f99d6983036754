"""Optimizers as pure rules: a direction from gradients and state, one place for the step size.

Each says what theory knows of it on a quadratic, where one update multiplies the error along an
eigenvector of the Hessian by a factor (Polyak 1987, §1.4). Hyperparameters are tensors (*K,): each
run of a batch may have its own. λ is the eigenvalue, η the step size, z = ηλ.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

import torch
from torch import Tensor

from ..config import optimizers as choices
from ..core import Convergence, OptimizerState, Params, per_row

Direction = Callable[[Params, OptimizerState], tuple[Params, OptimizerState]]


@dataclass(frozen=True)
class Rule:
    """params ← params − lr · direction, for a pure function `direction`."""

    init: Callable[[Params], OptimizerState]
    direction: Direction
    convergence: Convergence | None
    capturable: bool = True
    fixed_state: bool = True
    note: None = None

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """`Optimizer.update`: params − lr · direction, lr (*K,)."""
        direction, state = self.direction(grads, state)
        moved = {name: p - per_row(lr, p) * direction[name] for name, p in params.items()}
        return moved, state


def rule(choice: choices.Rule, values: Mapping[str, Tensor]) -> Rule:
    """The rule of a configuration.

    Args:
        values: every hyperparameter of `choice` that is `PerRun`, by name, each (*K,).
    """
    match choice:
        case choices.GD():
            return gd()
        case choices.Momentum():
            return momentum(values["beta"])
        case choices.Nesterov():
            return nesterov(values["beta"])
        case choices.Adam():
            return adam(values["beta1"], values["beta2"], values["eps"])
        case _:
            assert_never(choice)


def gd() -> Rule:
    """Gradient descent (Cauchy 1847): d = g. Converges for η < 2/λ."""
    return Rule(
        init=lambda params: {},
        direction=lambda grads, state: (grads, state),
        convergence=GRADIENT_DESCENT,
    )


GRADIENT_DESCENT = Convergence(
    name="gradient descent",
    rate=lambda z: abs(1 - z),
    step_limit=lambda curvature: 2 / curvature,
    formula="2/L",
)


def spectral_radius(a: float, b: float) -> float:
    """Largest |r| of the recursion with r² − a r + b = 0, which momentum makes of the error's."""
    root = cmath.sqrt(a * a - 4 * b)
    return max(abs(a + root), abs(a - root)) / 2


def momentum(beta: Tensor) -> Rule:
    """Heavy ball (Polyak 1964), as `torch.optim.SGD(momentum=β)`: v ← βv + g, d = v.

    The error's recursion has a = 1 + β − z and b = β, and converges for η < 2(1 + β)/λ.
    """

    def direction(grads: Params, state: OptimizerState) -> tuple[Params, OptimizerState]:
        v = accumulate(state["velocity"], beta, grads)
        return v, {"velocity": v}

    def rate(z: float) -> float:
        return spectral_radius(1 + float(beta) - z, float(beta))

    def step_limit(curvature: float) -> float:
        return 2 * (1 + float(beta)) / curvature

    convergence = Convergence("heavy ball", rate, step_limit, "2(1 + β)/L")
    return Rule(lambda params: {"velocity": zeros(params)}, direction, convergence)


def nesterov(beta: Tensor) -> Rule:
    """Nesterov's momentum in the form of Sutskever et al. (2013): v ← βv + g, d = g + βv.

    The error's recursion has a = (1 + β)(1 − z) and b = β(1 − z), and converges for
    η < 2(1 + β)/((1 + 2β)λ).
    """

    def direction(grads: Params, state: OptimizerState) -> tuple[Params, OptimizerState]:
        v = accumulate(state["velocity"], beta, grads)
        return accumulate(v, beta, grads), {"velocity": v}

    def rate(z: float) -> float:
        return spectral_radius((1 + float(beta)) * (1 - z), float(beta) * (1 - z))

    def step_limit(curvature: float) -> float:
        return 2 * (1 + float(beta)) / ((1 + 2 * float(beta)) * curvature)

    formula = "2(1 + β)/((1 + 2β)L)"
    convergence = Convergence("Nesterov's method", rate, step_limit, formula)
    return Rule(lambda params: {"velocity": zeros(params)}, direction, convergence)


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

    return Rule(init, direction, convergence=None)  # its steps do not shrink with the gradient


def zeros(params: Params) -> Params:
    """Of the shapes of `params`."""
    return {name: torch.zeros_like(p) for name, p in params.items()}


def accumulate(v: Params, beta: Tensor, grads: Params) -> Params:
    """βv + g."""
    return {name: per_row(beta, g) * v[name] + g for name, g in grads.items()}


def average(v: Params, beta: Tensor, grads: Params) -> Params:
    """βv + (1 − β)g."""
    return {
        name: per_row(beta, g) * v[name] + per_row(1 - beta, g) * g for name, g in grads.items()
    }
