"""Least squares on fewer rows: the same function, at a cost that no longer grows with n.

With X = QR (Golub & Van Loan, §5.3), ‖Xw − y‖² = ‖Rw − Qᵀy‖² + ‖y − QQᵀy‖². So p rows of R, and
one row of zeros against the part of y that no w reaches, have the loss, the gradient and the
minimiser of all n samples. R has the singular values of X: nothing is squared, as XᵀX would.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ..core import Objective
from .least_squares import LeastSquares

LEAST = 1000
"""Samples from which on it pays; smaller problems are left as they are."""


def reduced(objective: Objective) -> Objective:
    """The same objective on p + 1 rows if it is least squares with n ≥ 1000 and n > 4p."""
    if not isinstance(objective, LeastSquares):
        return objective
    n, p = objective.X.shape
    if n < LEAST or n <= 4 * p:
        return objective
    X, y = objective.X.double().cpu(), objective.y.double().cpu()
    Q, R = torch.linalg.qr(X)  # (n, p), (p, p)
    q = Q.mT @ y
    beyond = torch.linalg.vector_norm(y - Q @ q)
    rows = torch.cat([R, torch.zeros(1, p, dtype=R.dtype)])
    targets = torch.cat([q, beyond[None]])
    return replace(objective, X=rows.to(objective.X), y=targets.to(objective.y))
