"""Polynomials in one number, such as the lecture's x³ − 3x."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ..compiled.numbers import Numbers
from ..config import problems as choices
from ..config.formula_tree import Call, Name, Number, Tree
from ..core import Params
from ..metrics import GRAD_NORM, LOSS, Metric, coordinate
from .environment import Environment

X = coordinate("x")
METRICS = (LOSS, X, GRAD_NORM)


@dataclass(frozen=True)
class Polynomial:
    """f(x) = Σ cᵢ xⁱ for x (*K,), by default the lecture's x³ − 3x."""

    coefficients: tuple[float, ...]  # highest power first, as numpy.polyval takes them
    x0: float
    columns: tuple[Metric, ...] = METRICS
    by_hand: ClassVar[bool] = True
    capturable: ClassVar[bool] = True

    @cached_property
    def terms(self) -> list[tuple[int, float]]:
        """(power, coefficient) of every term that is not zero, highest power first."""
        powers = range(len(self.coefficients) - 1, -1, -1)
        return [(i, c) for i, c in zip(powers, self.coefficients, strict=True) if c != 0]

    def init(self, generator: torch.Generator) -> Params:
        """x = x0, float64."""
        return {"x": torch.tensor(self.x0, dtype=torch.float64)}

    def starting_at(self, problem: choices.Problem) -> Self:
        """The same polynomial with the x0 of `problem`."""
        assert isinstance(problem, choices.Polynomial)
        return replace(self, x0=problem.x0)

    def loss(self, params: Params) -> Tensor:
        """Σ cᵢ xⁱ: (*K,)."""
        return reduce(add, [monomial(c, params["x"], i) for i, c in self.terms])

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """The loss and Σ i cᵢ xⁱ⁻¹, both (*K,)."""
        x = params["x"]
        slopes = [monomial(i * c, x, i - 1) for i, c in self.terms if i > 0]  # c i xⁱ⁻¹
        return self.loss(params), {"x": reduce(add, slopes)}

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The loss and x: (*K,)."""
        return {LOSS.name: self.loss(params), X.name: params["x"]}

    def constants(self) -> dict[str, Any]:
        """`coefficients`, highest power first."""
        return {"coefficients": list(self.coefficients)}

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        """A number for each term."""
        return len(self.terms)

    def code(self) -> Numbers:
        """The same sums, as trees."""
        slopes = [product(i * c, i - 1) for i, c in self.terms if i > 0]
        loss = [product(c, i) for i, c in self.terms]
        return Numbers(total(loss), {"x": total(slopes)})

    def notes(self, runs: int) -> list[str]:
        """None."""
        return []


def monomial(c: float, x: Tensor, power: int) -> Tensor:
    """c xⁱ without the factors that do nothing, so that the graph of x³ − 3x is the lecture's."""
    if power == 0:
        return torch.full_like(x, c)
    xi = x if power == 1 else x**power
    return xi if c == 1 else c * xi


def product(c: float, power: int) -> Tree:
    """`monomial` as a tree."""
    if power == 0:
        return Number(c)
    xi: Tree = Name("x") if power == 1 else Call("power", (Name("x"), Number(power)))
    return xi if c == 1 else Call("multiply", (Number(c), xi))


def total(terms: list[Tree]) -> Tree:
    """Their sum, from left to right."""
    return reduce(lambda a, b: Call("add", (a, b)), terms)


def build(
    problem: choices.Polynomial, model: None, where: Environment
) -> tuple[Polynomial, dict[str, Any]]:
    """The polynomial; nothing in it is random."""
    return Polynomial(tuple(problem.coefficients), problem.x0), {"name": problem.name}
