"""L5 to L8: two ways to a gradient and three pitfalls, taken from the listings of `pitfalls`."""

from __future__ import annotations

import torch

from ...problems import Polynomial
from ..pitfalls.catalogue import PITFALLS, Outcome, Result, run
from ..pitfalls.lesson import Value
from ..pitfalls.listing import markdown
from .row import Claim, Row, same, value, values


def two_ways() -> Row:
    """L5: `backward()` stores and accumulates; `autograd.grad` returns, also higher derivatives."""
    first, second = run(PITFALLS["two_ways"]), run(PITFALLS["second_derivative"])
    stored, returned = first.outcomes
    once, twice = numbers(stored, "x.grad, once", "x.grad, twice")
    again = numbers(returned, "returned, once", "returned, twice")
    freed = run(PITFALLS["twice"]).outcomes[0].error or "no error"
    return Row(
        "L5",
        "Two ways: backward() and autograd.grad",
        (
            Claim("backward() twice", "adds up", f"{once:g}, then {twice:g}", twice == 2 * once),
            Claim(
                "autograd.grad twice",
                "does not",
                f"{again[0]:g}, then {again[1]:g}",
                again[0] == again[1],
            ),
            value("x.grad after autograd.grad", "None", str(returned.value("x.grad"))),
            value("again without retain_graph", "RuntimeError", freed.partition(":")[0]),
            second_derivative(),
        ),
        details=listings(first, second),
    )


def second_derivative() -> Claim:
    """f″(x) = 6x, by differentiating what `autograd.grad` returned."""
    x = torch.linspace(-2, 2, 401, dtype=torch.float64, requires_grad=True)
    f = Polynomial((1.0, 0.0, -3.0, 0.0), x0=1.0).loss({"x": x})
    (df,) = torch.autograd.grad(f.sum(), x, create_graph=True)
    (d2f,) = torch.autograd.grad(df.sum(), x)
    return same("f″(x) and 6x, on [−2, 2]", d2f, 6 * x.detach())


def in_place() -> Row:
    """L6: the version counter."""
    result = run(PITFALLS["in_place"])
    wrong, right = result.outcomes
    error = wrong.error or "no error"
    version = "is at version 1; expected version 0"
    return Row(
        "L6",
        "Pitfall: in-place operations",
        (
            value("y.add_(1), then backward()", "RuntimeError", error.partition(":")[0]),
            Claim(
                "what it finds changed",
                "version counter",
                "at 1, expected 0" if version in error else error,
                version in error,
            ),
            value("out of place, x.grad", "0.7500", numbers(right, "x.grad")[0]),
        ),
        details=listings(result),
    )


def memory() -> Row:
    """L7: what a tracked loss keeps alive, measured."""
    result = run(PITFALLS["memory"])
    wrong, right = result.outcomes
    more, less = numbers(wrong, "bytes kept")[0], numbers(right, "bytes kept")[0]
    return Row(
        "L7",
        "Pitfall: memory, XXᵀy − y with X 1000×1000",
        (
            value("requires_grad, tracked", "True", bool(wrong.value("requires_grad"))),
            value("requires_grad, no_grad", "False", bool(right.value("requires_grad"))),
            Claim("bytes kept, tracked", "more", f"{more:,}", more > less),
            Claim("bytes kept, no_grad", "less", f"{less:,}", less < more),
        ),
        details=listings(result),
    )


def accumulation() -> Row:
    """L8: gradients that were not cleared."""
    result = run(PITFALLS["accumulation"])
    wrong, right = (numbers(outcome, "x.grad 1", "x.grad 2") for outcome in result.outcomes)
    return Row(
        "L8",
        "Pitfall: accumulation, f = x², x₀ = 1, step 0.1",
        (
            values("x.grad, never cleared", "2.0, 3.6", wrong),
            values("x.grad, cleared", "2.0, 1.6", right),
        ),
        details=listings(result),
    )


def numbers(outcome: Outcome, *names: str) -> list[float]:
    """Numbers that a listing printed; TypeError if it printed None there."""
    return [number(outcome.value(name)) for name in names]


def number(printed: Value) -> float:
    """A printed value.

    Raises:
        TypeError: None was printed.
    """
    if printed is None:
        raise TypeError("a listing printed None where the lecture has a number")
    return printed


def listings(*results: Result) -> str:
    """Pitfalls as parts of a section of the report."""
    return "\n\n".join(markdown(result, level=3) for result in results)
