"""The lecture's own training loops in plain PyTorch, one run at a time: what others are timed by.

Written from the lecture's description (forward, zero_grad, backward, step), not from its code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def polynomial(x0: float, lr: float, steps: int, device: torch.device | str = "cpu") -> Tensor:
    """Gradient descent on x³ − 3x by `backward()`, updating under `no_grad`."""
    x = torch.tensor(x0, requires_grad=True, device=device)
    for _ in range(steps):
        f = x**3 - 3 * x
        f.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad.zero_()
    return x.detach()


def least_squares(X: Tensor, y: Tensor, lr: float, steps: int) -> Tensor:
    """Gradient descent on ½‖Xw − y‖² from the origin, X (n, p), y (n,)."""
    w = torch.zeros(X.shape[1], requires_grad=True, device=X.device)
    for _ in range(steps):
        f = 0.5 * torch.sum((X @ w - y) ** 2)
        f.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad.zero_()
    return w.detach()


class Logistic(nn.Module):
    """Linear(d, 1) without bias, then sigmoid."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.linear = nn.Linear(len(weight), 1, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(weight)

    def forward(self, X: Tensor) -> Tensor:
        return torch.sigmoid(self.linear(X))


class SimpleNN(nn.Module):
    """Linear(d, h), relu, Linear(h, 1), sigmoid."""

    def __init__(self, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> None:
        super().__init__()
        self.first = nn.Linear(w1.shape[1], w1.shape[0])
        self.second = nn.Linear(w2.shape[1], 1)
        given = (w1, b1, w2, b2)
        with torch.no_grad():
            for p, value in zip(self.parameters(), given, strict=True):
                p.copy_(value)

    def forward(self, X: Tensor) -> Tensor:
        return torch.sigmoid(self.second(torch.relu(self.first(X))))


def classifier(model: nn.Module, X: Tensor, y: Tensor, lr: float, steps: int) -> nn.Module:
    """Full-batch gradient descent on mean binary cross-entropy; y (n,) in {0, 1}."""
    criterion = nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    target = y.unsqueeze(1)
    for _ in range(steps):
        loss = criterion(model(X), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
