"""What tests of traces share: functions to trace, and what must have been seen of a tensor."""

from __future__ import annotations

import torch
from torch import Tensor

from stat4830_grad.core import Params
from stat4830_grad.graph import Trace, trace
from stat4830_grad.graph.summary import Summary
from stat4830_grad.problems import Polynomial

X3_MINUS_3X = Polynomial((1.0, 0.0, -3.0, 0.0), 1.0)


def scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def polynomial(x: float = 1.0, order: int = 1) -> Trace:
    return trace(X3_MINUS_3X.loss, {"x": scalar(x)}, order=order)


def least_squares() -> tuple[Trace, Tensor]:
    """½‖Xw − y‖² as the lecture's graph has it, n = 20 and p = 2, and its gradient by hand."""
    X, w = normal(20, 2), torch.tensor([-1.5, 1.0], dtype=torch.float64)
    y = X @ torch.tensor([1.0, -0.5], dtype=torch.float64)

    def loss(params: Params) -> Tensor:
        z1 = X @ params["w"] - y
        return 0.5 * torch.dot(z1, z1)

    return trace(loss, {"w": w}, constants={"X": X, "y": y}), X.mT @ (X @ w - y)


def known(summary: Summary | None) -> Summary:
    """Of a tensor that the trace must have seen."""
    assert summary is not None
    return summary


def numbers(summary: Summary) -> tuple[float, ...]:
    """Of a tensor small enough to be kept."""
    assert summary.values is not None
    return summary.values


def chain(params: Params) -> Tensor:
    x = params["x"]
    for k in range(5000):
        x = torch.sin(x) if k % 2 else 1.001 * x
    return x
