"""Calling `backward()` twice on one graph. f = x³ − 3x at x = 2."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way
from .two_ways import with_backward


def freed(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    f = x**3 - 3 * x
    f.backward()
    print("x.grad, once", x.grad)
    f.backward()
    print("x.grad, twice", x.grad)


def computed_again(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    for time in ("once", "twice"):
        x.grad = None
        f = x**3 - 3 * x
        f.backward()
        print(f"x.grad, {time}", x.grad)


TWICE = Pitfall(
    name="twice",
    lecture=None,
    title="backward() twice on the same graph",
    why=(
        "The first backward() frees the values stored in the graph to save memory; keep them by "
        "retain_graph=True (gradients then add up), or compute f again, as a training loop does."
    ),
    ways=(
        Way("wrong", "the graph is gone", freed),
        Way("right", "keep the graph", with_backward),
        Way("right", "or make a new one", computed_again),
    ),
)
