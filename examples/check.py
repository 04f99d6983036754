"""Is a gradient that was written by hand right? For a function that is not one of ours."""

import torch
from torch import Tensor

import stat4830_grad as sg

generator = torch.Generator().manual_seed(0)
X = torch.randn(50, 3, generator=generator, dtype=torch.float64)
y = torch.randn(50, generator=generator, dtype=torch.float64)


def ridge(w: Tensor) -> Tensor:
    """½‖Xw − y‖² + ½‖w‖²."""
    return 0.5 * ((X @ w - y).square().sum() + w.square().sum())


def right(w: Tensor) -> Tensor:
    return X.T @ (X @ w - y) + w


def wrong(w: Tensor) -> Tensor:
    return X.T @ (X @ w - y)


w = torch.ones(3, dtype=torch.float64)
for gradient in (right, wrong):
    agreement = sg.check(ridge, gradient, w=w)
    print(f"{gradient.__name__}: {'every pair agrees' if agreement.agree else 'NOT a gradient'}")
print(agreement)
