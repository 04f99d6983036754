"""A formula that a user writes: f of numbers, with its gradient by SymPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ..compiled.numbers import Numbers
from ..config import problems as choices
from ..config.formula import parse
from ..config.formula_tree import Call, Name, Number, Tree
from ..core import Params
from ..metrics import GRAD_NORM, LOSS, Metric, coordinate
from .environment import Environment
from .notation import notation

LOGGED = 6
"""Up to so many parameters each have a column."""
LONGEST = 300
"""Longest derivative that is shown, in characters."""

LONGEST_CODE = 1000
"""Most operations of a formula and its derivatives that are compiled."""

Value = Tensor | float


def of_tensors(function: Callable[..., Tensor]) -> Callable[[Value, Value], Tensor]:
    """A function of two tensors as one of which either may be a number."""

    def called(a: Value, b: Value) -> Tensor:
        like = a if isinstance(a, Tensor) else b
        assert isinstance(like, Tensor)
        return function(*(v if isinstance(v, Tensor) else torch.full_like(like, v) for v in (a, b)))

    return called


TORCH: dict[str, Callable[..., Value]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negate": lambda a: -a,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "log10": torch.log10,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "relu": torch.relu,
    "abs": torch.abs,
    "max": of_tensors(torch.maximum),
    "min": of_tensors(torch.minimum),
    "sign": torch.sign,  # these four only in derivatives
    "step": lambda x: (torch.sign(x) + 1) / 2,
    "positive": lambda x: (x > 0).to(x.dtype),
    "power_log": of_tensors(lambda a, b: (a**b * a.log()).masked_fill((a == 0) & (b >= 0), 0)),
}


def value(tree: Tree, params: Params, known: dict[int, Value]) -> Value:
    """The tree's value; it acts entrywise, so params (*K,) give (*K,).

    Args:
        known: values by identity of trees, found and left there.
    """
    match tree:
        case Number(number):
            return number
        case Name(name):
            return params[name]
        case Call(operation, arguments):
            if id(tree) not in known:
                found = [value(one, params, known) for one in arguments]
                known[id(tree)] = TORCH[operation](*found)
            return known[id(tree)]


@dataclass(frozen=True)
class Formula:
    """f of one or more numbers, each (*K,); ∂f/∂x is derived by SymPy from the same tree."""

    root: Tree
    start: dict[str, float]  # initial point; the parameters in their order
    by_hand: ClassVar[bool] = True
    capturable: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[Metric, ...]:
        """The loss, the parameters where they are few, the gradient norm."""
        names = self.start if len(self.start) <= LOGGED else ()
        return (LOSS, *map(coordinate, names), GRAD_NORM)

    @cached_property
    def slopes(self) -> dict[str, Tree]:
        """∂f/∂x for each parameter x."""
        from .derivation import partial_derivatives  # SymPy takes a quarter of a second to import

        return partial_derivatives(self.root, tuple(self.start))

    def init(self, generator: torch.Generator) -> Params:
        """The initial point, float64."""
        return {name: torch.tensor(x, dtype=torch.float64) for name, x in self.start.items()}

    def starting_at(self, problem: choices.Problem) -> Self:
        """The same function with the initial point of `problem`."""
        assert isinstance(problem, choices.Formula)
        return replace(self, start={name: problem.start[name] for name in self.start})

    def loss(self, params: Params) -> Tensor:
        """f: (*K,)."""
        found = value(self.root, params, {})
        assert isinstance(found, Tensor)  # a constant is no formula
        return found

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """f (*K,) and its derived slopes, of which common parts are computed once."""
        known: dict[int, Value] = {}
        slopes = {name: value(tree, params, known) for name, tree in self.slopes.items()}
        return self.loss(params), {
            name: slope if isinstance(slope, Tensor) else torch.full_like(params[name], slope)
            for name, slope in slopes.items()
        }

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The loss, and the parameters that are logged: (*K,)."""
        shown = {one.name: params[one.name] for one in self.columns if one.name in params}
        return {LOSS.name: self.loss(params), **shown}

    def constants(self) -> dict[str, Any]:
        """Nothing: the numbers are part of the formula."""
        return {}

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        """A number for each operation of the formula."""
        return operations(self.root)

    def code(self) -> Numbers | None:
        """f and its slopes; None where they are so long that compiling them takes too long."""
        numbers = Numbers(self.root, self.slopes)
        return numbers if numbers.operations <= LONGEST_CODE else None

    def notes(self, runs: int) -> list[str]:
        """The gradient by hand, a line for each parameter."""
        found: list[str] = []
        for name, tree in self.slopes.items():
            text = notation(tree)
            if len(text) > LONGEST:
                text = f"… ({len(text):,} characters, too long to show)"
            found.append(f"{' ' * 9 if found else 'by hand: '}∂f/∂{notation(Name(name))} = {text}")
        return found


def operations(tree: Tree) -> int:
    """How many operations there are in a tree."""
    return 1 + sum(map(operations, tree.arguments)) if isinstance(tree, Call) else 0


def build(
    problem: choices.Formula, model: None, where: Environment
) -> tuple[Formula, dict[str, Any]]:
    """The formula; nothing in it is random."""
    parsed = parse(problem.f)
    start = {name: problem.start[name] for name in parsed.names}
    return Formula(parsed.root, start), {"name": problem.name, "f": problem.f}
