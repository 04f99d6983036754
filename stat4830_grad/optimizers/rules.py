"""Optimizers as pure rules: one update of a number, in a text for tensors and for compiled code.

Each says what theory knows of it on a quadratic, where one update multiplies the error along an
eigenvector of the Hessian by a factor (Polyak 1987, §1.4). Hyperparameters are tensors (*K,): each
run of a batch may have its own. λ is the eigenvalue, η the step size, z = ηλ.
"""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import torch
from torch import Tensor

from ..compiled.stretches import POWER, Move
from ..config import optimizers as choices
from ..core import Convergence, OptimizerState, Params, per_row

Numbers = tuple[Any, ...]


@dataclass(frozen=True)
class Rule:
    """How each number is updated: a pure function that tensors run and compiled code too.

    `move` gets the parameter, its gradient, the step size, the entries of `memory`, and `numbers`
    followed by 1 − βᵗ of the t-th update for each β of `powers`.
    """

    move: Move
    convergence: Convergence | None
    memory: tuple[str, ...] = ()  # parts of the state, of the parameters' shapes
    numbers: tuple[Tensor, ...] = ()  # (*K,) each
    powers: Mapping[str, Tensor] = field(default_factory=dict)  # β (*K,) by name
    exact: bool = True  # whether compiled code rounds all of `move` as torch does
    capturable: bool = True
    fixed_state: bool = True
    note: None = None

    def init(self, params: Params) -> OptimizerState:
        """Zeros of the shapes of `params`, and βᵗ at t = 0."""
        state = {part: {n: torch.zeros_like(p) for n, p in params.items()} for part in self.memory}
        if self.powers:
            state[POWER] = {name: torch.ones_like(beta) for name, beta in self.powers.items()}
        return state

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """`Optimizer.update`, lr (*K,)."""
        numbers, after = self.numbers, dict[str, Params]()
        if self.powers:
            power = {name: state[POWER][name] * beta for name, beta in self.powers.items()}
            numbers, after[POWER] = (*numbers, *(1 - p for p in power.values())), power
        if not self.memory and not numbers:  # nothing to be put together
            move = self.move
            return {n: move(p, grads[n], per_row(lr, p), (), ())[0] for n, p in params.items()}, {}
        made = {
            name: self.move(
                p,
                grads[name],
                per_row(lr, p),
                tuple([state[part][name] for part in self.memory]),
                tuple([per_row(number, p) for number in numbers]),
            )
            for name, p in params.items()
        }
        for s, part in enumerate(self.memory):
            after[part] = {name: memory[s] for name, (_, memory) in made.items()}
        return {name: p for name, (p, _) in made.items()}, after


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
    """Gradient descent (Cauchy 1847): x ← x − ηg. Converges for η < 2/λ."""
    return Rule(move_gd, GRADIENT_DESCENT)


def move_gd(p: Any, g: Any, lr: Any, memory: Numbers, numbers: Numbers) -> tuple[Any, Numbers]:
    """`Move`."""
    return p - lr * g, memory


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
    """Heavy ball (Polyak 1964), as `torch.optim.SGD(momentum=β)`: v ← βv + g, x ← x − ηv.

    The error's recursion has a = 1 + β − z and b = β, and converges for η < 2(1 + β)/λ.
    """

    def rate(z: float) -> float:
        return spectral_radius(1 + float(beta) - z, float(beta))

    def step_limit(curvature: float) -> float:
        return 2 * (1 + float(beta)) / curvature

    convergence = Convergence("heavy ball", rate, step_limit, "2(1 + β)/L")
    return Rule(move_momentum, convergence, ("velocity",), (beta,))


def move_momentum(
    p: Any, g: Any, lr: Any, memory: Numbers, numbers: Numbers
) -> tuple[Any, Numbers]:
    """`Move`."""
    beta = numbers[0]
    v = beta * memory[0] + g
    return p - lr * v, (v,)


def nesterov(beta: Tensor) -> Rule:
    """Nesterov's momentum in the form of Sutskever et al. (2013): v ← βv + g, x ← x − η(g + βv).

    The error's recursion has a = (1 + β)(1 − z) and b = β(1 − z), and converges for
    η < 2(1 + β)/((1 + 2β)λ).
    """

    def rate(z: float) -> float:
        return spectral_radius((1 + float(beta)) * (1 - z), float(beta) * (1 - z))

    def step_limit(curvature: float) -> float:
        return 2 * (1 + float(beta)) / ((1 + 2 * float(beta)) * curvature)

    formula = "2(1 + β)/((1 + 2β)L)"
    convergence = Convergence("Nesterov's method", rate, step_limit, formula)
    return Rule(move_nesterov, convergence, ("velocity",), (beta,))


def move_nesterov(
    p: Any, g: Any, lr: Any, memory: Numbers, numbers: Numbers
) -> tuple[Any, Numbers]:
    """`Move`."""
    beta = numbers[0]
    v = beta * memory[0] + g
    return p - lr * (beta * v + g), (v,)


def adam(beta1: Tensor, beta2: Tensor, eps: Tensor) -> Rule:
    """Adam (Kingma & Ba 2015, Algorithm 1): m, v averages of g, g²; x ← x − ηm̂ / (√v̂ + ε)."""
    return Rule(
        move_adam,
        convergence=None,  # its steps do not shrink with the gradient
        memory=("mean", "square"),
        numbers=(beta1, beta2, eps, 1 - beta1, 1 - beta2),
        powers={"beta1": beta1, "beta2": beta2},
        exact=False,  # torch's square root may have another last bit
    )


def move_adam(p: Any, g: Any, lr: Any, memory: Numbers, numbers: Numbers) -> tuple[Any, Numbers]:
    """`Move`."""
    mean, square = memory
    beta1, beta2, eps, rest1, rest2, corrected1, corrected2 = numbers
    m = beta1 * mean + rest1 * g
    v = beta2 * square + rest2 * (g * g)
    return p - lr * ((m / corrected1) / (torch.sqrt(v / corrected2) + eps)), (m, v)
