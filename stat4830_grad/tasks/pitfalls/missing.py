"""A gradient that is None: the tensor is no leaf, or the graph was cut on the way to it."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def intermediate(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    z = x**3
    f = z - 3 * x
    f.backward()
    print("z.is_leaf", z.is_leaf)
    print("z.grad", z.grad)


def retaining(print: Print) -> None:
    x = torch.tensor(2.0)
    x.requires_grad_()
    z = x**3
    z.retain_grad()
    f = z - 3 * x
    f.backward()
    print("z.is_leaf", z.is_leaf)
    print("z.grad", z.grad)


def scaled_after(print: Print) -> None:
    w = torch.tensor(4.0)
    w.requires_grad_()
    w = 0.5 * w
    f = w**2
    f.backward()
    print("w.is_leaf", w.is_leaf)
    print("w.grad", w.grad)


def scaled_before(print: Print) -> None:
    w = torch.tensor(4.0)
    w = 0.5 * w
    w.requires_grad_()
    f = w**2
    f.backward()
    print("w.is_leaf", w.is_leaf)
    print("w.grad", w.grad)


NOT_LEAF = Pitfall(
    name="not_leaf",
    lecture=None,
    title=".grad is None: the tensor is not a leaf",
    why=(
        "backward() fills .grad only of leaves, tensors that no recorded operation made; for "
        "another one ask by retain_grad(), and finish a parameter's initial value before "
        "requires_grad_()."
    ),
    ways=(
        Way("wrong", "z is an intermediate result", intermediate),
        Way("right", "ask for it before backward()", retaining),
        Way("wrong", "w was a leaf, 0.5 * w is none", scaled_after),
        Way("right", "scale first, then track", scaled_before),
    ),
)


def detached(print: Print) -> None:
    a = torch.tensor(2.0).requires_grad_()
    b = torch.tensor(3.0).requires_grad_()
    h = (a * a).detach()
    f = b * h
    f.backward()
    print("a.grad", a.grad)
    print("b.grad", b.grad)


def item(print: Print) -> None:
    a = torch.tensor(2.0).requires_grad_()
    b = torch.tensor(3.0).requires_grad_()
    h = (a * a).item()
    f = b * h
    f.backward()
    print("a.grad", a.grad)
    print("b.grad", b.grad)


def data(print: Print) -> None:
    a = torch.tensor(2.0).requires_grad_()
    b = torch.tensor(3.0).requires_grad_()
    h = (a * a).data
    f = b * h
    f.backward()
    print("a.grad", a.grad)
    print("b.grad", b.grad)


def connected(print: Print) -> None:
    a = torch.tensor(2.0).requires_grad_()
    b = torch.tensor(3.0).requires_grad_()
    h = a * a
    f = b * h
    f.backward()
    print("a.grad", a.grad)
    print("b.grad", b.grad)


CUT_GRAPH = Pitfall(
    name="cut_graph",
    lecture=None,
    title=".grad is None: the graph was cut",
    why=(
        ".detach() and .data give the value without its history and .item() a plain number, so "
        "the way back to a ends there, without any error; b, on the near side, gets its gradient."
    ),
    ways=(
        Way("wrong", "cut by .detach()", detached),
        Way("wrong", "cut by .item()", item),
        Way("wrong", "cut by .data", data),
        Way("right", "connected", connected),
    ),
)
