"""L5: `backward()` beside `autograd.grad`, and the second derivative. f = x³ − 3x at x = 2."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def with_backward(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    f = x**3 - 3 * x
    f.backward(retain_graph=True)
    print("x.grad, once", x.grad)
    f.backward()
    print("x.grad, twice", x.grad)


def with_autograd_grad(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    f = x**3 - 3 * x
    grad = torch.autograd.grad
    (df,) = grad(f, x, retain_graph=True)
    print("returned, once", df)
    (df,) = grad(f, x)
    print("returned, twice", df)
    print("x.grad", x.grad)


TWO_WAYS = Pitfall(
    name="two_ways",
    lecture="L5",
    title="backward() stores and accumulates, autograd.grad returns",
    why=(
        "backward() adds its result to x.grad, so that 9 becomes 18, while autograd.grad hands it "
        "back and leaves x.grad alone; either frees the graph unless it is told retain_graph=True."
    ),
    ways=(
        Way("either", "backward()", with_backward),
        Way("either", "autograd.grad", with_autograd_grad),
    ),
)


def without_graph(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    f = x**3 - 3 * x
    grad = torch.autograd.grad
    (df,) = grad(f, x)
    print("df = 3x² - 3", df)
    (d2f,) = grad(df, x)
    print("d2f = 6x", d2f)


def with_create_graph(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    f = x**3 - 3 * x
    grad = torch.autograd.grad
    (df,) = grad(f, x, create_graph=True)
    print("df = 3x² - 3", df)
    (d2f,) = grad(df, x)
    print("d2f = 6x", d2f)


SECOND_DERIVATIVE = Pitfall(
    name="second_derivative",
    lecture="L5",
    title="A derivative has no graph unless you ask for it",
    why=(
        "To differentiate a derivative, autograd must have recorded how it was computed, which it "
        "does only under create_graph=True."
    ),
    ways=(
        Way("wrong", "differentiate a plain number", without_graph),
        Way("right", "record the backward pass too", with_create_graph),
    ),
)
