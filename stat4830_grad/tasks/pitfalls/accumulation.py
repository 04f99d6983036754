"""L8: `.grad` is added to. f = x² from x = 1 with step size 0.1, two steps."""

# mypy: disable-error-code="operator"
# The listings stay what a learner writes; that x.grad may be None is another pitfall.
from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def without_clearing(print: Print) -> None:
    x = torch.tensor(1.0)
    x.requires_grad_()
    for step in (1, 2):
        f = x**2
        f.backward()
        print(f"x.grad {step}", x.grad)
        with torch.no_grad():
            x -= 0.1 * x.grad
    print("x", x)


def clearing(print: Print) -> None:
    x = torch.tensor(1.0)
    x.requires_grad_()
    for step in (1, 2):
        x.grad = None
        f = x**2
        f.backward()
        print(f"x.grad {step}", x.grad)
        with torch.no_grad():
            x -= 0.1 * x.grad
    print("x", x)


ACCUMULATION = Pitfall(
    name="accumulation",
    lecture="L8",
    title="Gradients add up from step to step",
    why=(
        "backward() adds to .grad, because a tensor used in several places needs the sum of what "
        "comes from each; only you know when a new step begins, so you must clear it."
    ),
    ways=(
        Way("wrong", "never cleared", without_clearing),
        Way("right", "cleared in every step", clearing),
    ),
)
