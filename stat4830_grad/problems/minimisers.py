"""Minimisers of least squares in closed form, with a penalty and without."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def minimiser(X: Tensor, y: Tensor) -> Tensor:
    """argmin ½‖Xw − y‖², the one of least norm, solved in float64: (p,)."""
    solved = torch.linalg.lstsq(X.double().cpu(), y.double().cpu()[:, None], driver="gelsd")
    w: Tensor = solved.solution.squeeze(-1).to(X)
    return w


def ridge(X: Tensor, y: Tensor, strength: Tensor, *, ones_first: bool) -> Tensor:
    """argmin ½‖Xw − y‖² + (λ/2)‖w‖² for each λ = `strength` (*K,), solved in float64: (*K, p).

    It is least squares on `with_penalty_rows`. Of more samples than parameters the factor R of
    X = QR serves (Golub & Van Loan, §5.3), once for all λ.
    """
    A, b = X.double().cpu(), y.double().cpu()
    if len(A) > A.shape[1]:
        Q, A = torch.linalg.qr(A)
        b = Q.mT @ b
    zeros = torch.zeros(A.shape[1], dtype=b.dtype)
    each = [
        minimiser(with_penalty_rows(A, value, ones_first=ones_first), torch.cat([b, zeros]))
        for value in strength.double().flatten().tolist()
    ]
    return torch.stack(each).reshape((*strength.shape, X.shape[1])).to(X)


def with_penalty_rows(X: Tensor, strength: float, *, ones_first: bool) -> Tensor:
    """X with p rows √λ eⱼ below: half the square of what they add to Xw is the penalty.

    The row of a column of ones is 0.
    """
    below = math.sqrt(strength) * torch.eye(X.shape[1], dtype=X.dtype, device=X.device)
    if ones_first:
        below[0, 0] = 0
    return torch.cat([X, below])
