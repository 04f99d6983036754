"""L6: an in-place operation overwrites what the backward pass still needs. y = √x at x = 4."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def in_place(print: Print) -> None:
    x = torch.tensor(4.0)
    x.requires_grad_()
    y = torch.sqrt(x)
    y.add_(1)
    f = 3 * y
    f.backward()
    print("x.grad", x.grad)


def out_of_place(print: Print) -> None:
    x = torch.tensor(4.0)
    x.requires_grad_()
    y = torch.sqrt(x)
    y = y + 1
    f = 3 * y
    f.backward()
    print("x.grad", x.grad)


IN_PLACE = Pitfall(
    name="in_place",
    lecture="L6",
    title="An in-place operation destroys a value that backward() needs",
    why=(
        "The derivative of the root, 1/(2√x), is computed from the stored √x = 2; y.add_(1) made "
        "it 3 and raised its version counter, which autograd checks before it uses the value."
    ),
    ways=(
        Way("wrong", "y.add_(1) changes y itself", in_place),
        Way("right", "y + 1 is a new tensor", out_of_place),
    ),
)
