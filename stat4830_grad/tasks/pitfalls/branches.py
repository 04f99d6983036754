"""NaN gradients through a branch of torch.where that is not taken: 0 times infinity is NaN."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def root(print: Print) -> None:
    x = torch.tensor(0.0)
    x.requires_grad_()
    here = x > 0
    f = torch.where(here, x.sqrt(), 0 * x)
    f.backward()
    print("f", f)
    print("x.grad", x.grad)


def safe_root(print: Print) -> None:
    x = torch.tensor(0.0)
    x.requires_grad_()
    here = x > 0
    s = torch.where(here, x, 1)
    f = torch.where(here, s.sqrt(), 0 * x)
    f.backward()
    print("f", f)
    print("x.grad", x.grad)


def exponential(print: Print) -> None:
    x = torch.tensor(200.0)
    x.requires_grad_()
    here = x < 20
    f = torch.where(here, x.exp(), x)
    f.backward()
    print("f", f)
    print("x.grad", x.grad)


def safe_exponential(print: Print) -> None:
    x = torch.tensor(200.0)
    x.requires_grad_()
    here = x < 20
    s = torch.where(here, x, 0)
    f = torch.where(here, s.exp(), x)
    f.backward()
    print("f", f)
    print("x.grad", x.grad)


BRANCHES = Pitfall(
    name="where",
    lecture=None,
    title="torch.where gives NaN gradients from a branch that is not taken",
    why=(
        "Both branches are computed, and the one that is not taken gets the gradient 0; its local "
        "derivative is infinite here, of the root at 0 and of exp at 200 in float32, and 0 times "
        "infinity is NaN. Put a harmless value into the branch before its function, not after."
    ),
    ways=(
        Way("wrong", "√x is not taken at 0", root),
        Way("right", "it gets 1 instead", safe_root),
        Way("wrong", "exp is not taken at 200", exponential),
        Way("right", "it gets 0 instead", safe_exponential),
    ),
)
