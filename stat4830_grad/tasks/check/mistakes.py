"""Wrong gradients that people really write, each as a formula: ours with one thing changed.

A `Mistake` is matched against what a student's function returns. Here are those of the polynomial
and of least squares, and the choice for every problem; `network_mistakes` has those of networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...core import Objective, Params
from ...problems import Classification, Composite, LeastSquares, Polynomial, monomial
from ...problems.penalty import L2
from .network_mistakes import classification_mistakes, composite_mistakes
from .penalty_mistakes import FORGOTTEN, penalty_mistakes, with_penalty


@dataclass(frozen=True)
class Mistake:
    """A wrong gradient, what is wrong with it, and where to look."""

    kind: str
    sentence: str
    gradient: Callable[[Params], Params]


def mistakes_of(objective: Objective) -> list[Mistake]:
    """The known mistakes for an objective, the likelier first; none for one that is not ours."""
    match objective:
        case LeastSquares(penalty=L2() as penalty) | Classification(penalty=L2() as penalty) if (
            objective.by_hand
        ):
            return penalised_mistakes(objective, penalty)
        case Polynomial():
            return polynomial_mistakes(objective)
        case LeastSquares():
            return least_squares_mistakes(objective)
        case Classification():
            return [Mistake(*m) for m in classification_mistakes(objective)]
        case Composite():
            return [Mistake(*m) for m in composite_mistakes(objective)]
    return []


def penalised_mistakes(f: LeastSquares | Classification, penalty: L2) -> list[Mistake]:
    """Those with the penalty; those with the data, beside a right penalty or none."""
    of_data = mistakes_of(replace(f, penalty=None))
    beside = [Mistake(m.kind, m.sentence, with_penalty(m.gradient, penalty)) for m in of_data]
    alone = [Mistake(m.kind, f"{m.sentence}; besides, {FORGOTTEN}", m.gradient) for m in of_data]
    return [*(Mistake(*m) for m in penalty_mistakes(f, penalty)), *beside, *alone]


def sample_count(objective: Objective) -> tuple[str, int] | None:
    """The count that sums and means differ by: n samples, or the m outputs of the composite."""
    match objective:
        case LeastSquares(X):
            return "n", X.shape[0]
        case Classification(_, data):
            return "n", len(data.train.y)
        case Composite(y):
            return "m", len(y)
    return None


def polynomial_mistakes(f: Polynomial) -> list[Mistake]:
    """The usual ones with f = Σ cᵢ xⁱ."""

    def of(slope: Callable[[Tensor], Tensor]) -> Callable[[Params], Params]:
        return lambda params: {"x": slope(params["x"])}

    def total(term: Callable[[int, float, Tensor], Tensor]) -> Callable[[Params], Params]:
        return of(lambda x: torch.stack([term(i, c, x) for i, c in f.terms]).sum(0))

    def f_at(x: Tensor) -> Tensor:
        return f.loss({"x": x})

    def right(x: Tensor) -> Tensor:
        return f.loss_and_gradient({"x": x})[1]["x"]

    every = [
        Mistake("no_derivative", "this is f itself, not its derivative", of(f_at)),
        Mistake(
            "second_derivative",
            "this is f″, the derivative taken twice",
            total(lambda i, c, x: monomial(i * (i - 1) * c, x, max(i - 2, 0))),
        ),
        Mistake(
            "power_not_lowered",
            "the powers are not lowered: the derivative of c xⁱ is i c xⁱ⁻¹, not i c xⁱ",
            total(lambda i, c, x: monomial(i * c, x, i)),
        ),
        Mistake(
            "power_not_multiplied",
            "the powers do not come down as factors: the derivative of c xⁱ is i c xⁱ⁻¹, "
            "not c xⁱ⁻¹",
            total(lambda i, c, x: monomial(c, x, i - 1) if i else torch.zeros_like(x)),
        ),
        Mistake(
            "coefficients_forgotten",
            "the coefficients are forgotten: the derivative of c xⁱ is i c xⁱ⁻¹, not i xⁱ⁻¹",
            total(lambda i, c, x: monomial(i, x, max(i - 1, 0))),
        ),
    ]
    return every + [one for i, c in f.terms for one in term_mistakes(i, c, right)]


def term_mistakes(i: int, c: float, right: Callable[[Tensor], Tensor]) -> list[Mistake]:
    """One term c xⁱ differentiated wrongly, the others right."""

    def instead(wrong: Callable[[Tensor], Tensor]) -> Callable[[Params], Params]:
        def gradient(params: Params) -> Params:
            x = params["x"]
            term = monomial(i * c, x, i - 1) if i else torch.zeros_like(x)
            return {"x": right(x) - term + wrong(x)}

        return gradient

    name = f"the term of power {i}, {c:g}" + ("" if i == 0 else " x" if i == 1 else f" x^{i}")
    if i == 0:
        text = f"{name}, is a constant: its derivative is 0"
        return [Mistake("constant_kept", text, instead(lambda x: monomial(c, x, 0)))]
    kept = f"{name}, is not differentiated: its derivative is {i * c:g}"
    kept += "" if i == 1 else f" x^{i - 1}"
    wrong: list[tuple[str, str, Callable[[Tensor], Tensor]]] = [
        ("term_missing", f"{name}, is missing from the derivative", torch.zeros_like),
        ("term_sign", f"{name}, has the wrong sign", lambda x: -monomial(i * c, x, i - 1)),
        ("term_kept", kept, lambda x: monomial(c, x, i)),
        (
            "power_not_lowered",
            f"{name}: its power is not lowered by one",
            lambda x: monomial(i * c, x, i),
        ),
        (
            "power_not_multiplied",
            f"{name}: its power {i} does not come down as a factor",
            lambda x: monomial(c, x, i - 1),
        ),
    ]
    return [Mistake(kind, text, instead(term)) for kind, text, term in wrong]


def back(f: LeastSquares, of: Callable[[Tensor], Tensor]) -> Callable[[Params], Params]:
    """params -> Xᵀ times what `of` makes of the residual (*K, n)."""
    return lambda params: {"w": of(f.residual(params)) @ f.X}


def least_squares_mistakes(f: LeastSquares) -> list[Mistake]:
    """The usual ones with f = ½‖Xw − y‖²."""

    return [
        Mistake(
            "target_forgotten",
            "y is forgotten: this is Xᵀ(Xw), the gradient is Xᵀ(Xw − y)",
            back(f, lambda r: r + f.y),
        ),
        Mistake(
            "target_sign",
            "y has the wrong sign: this is Xᵀ(Xw + y), the gradient is Xᵀ(Xw − y)",
            back(f, lambda r: r + 2 * f.y),
        ),
        Mistake(
            "prediction_forgotten",
            "Xw is forgotten: this is −Xᵀy, the gradient is Xᵀ(Xw − y)",
            back(f, lambda r: -f.y),
        ),
        *residual_mistakes(f),
    ]


def residual_mistakes(f: LeastSquares) -> list[Mistake]:
    """Of the residual Xw − y something else is made before, or instead of, Xᵀ."""
    return [
        Mistake(
            "norm_not_squared",
            "this is the gradient of ‖Xw − y‖; the loss is ½‖Xw − y‖², so leave out 1/‖Xw − y‖",
            back(f, lambda r: r / torch.linalg.vector_norm(r)),
        ),
        Mistake(
            "absolute_error",
            "this is the gradient of Σ|Xw − y|; the loss is ½‖Xw − y‖², without a sign function",
            back(f, torch.sign),
        ),
        Mistake(
            "residual_squared",
            "the residual is squared: Xᵀ(Xw − y), not Xᵀ(Xw − y)²",
            back(f, torch.square),
        ),
        Mistake(
            "factor_forgotten",
            "this is the residual Xw − y; multiply by Xᵀ from the left",
            lambda params: {"w": f.residual(params)},
        ),
    ]
