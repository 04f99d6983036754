"""What a problem is given besides its parameters: its data, by name."""

from __future__ import annotations

from typing import Any

from .core import Objective
from .problems import Composite, LeastSquares, Parity, Polynomial


def given(objective: Objective) -> dict[str, Any]:
    """X (n, d) and y (n,), or y (m,) alone, or a polynomial's coefficients, highest power first."""
    match objective:
        case Polynomial(coefficients):
            return {"coefficients": list(coefficients)}
        case Composite(y):
            return {"y": y}
        case LeastSquares(X, y):
            return {"X": X, "y": y}
        case Parity(_, data):
            return {"X": data.train.X, "y": data.train.y}
    raise TypeError(f"no data are known of {objective!r}")
