"""What theory says of gradient descent on quadratics and polynomials, beside what was measured.

With λ an eigenvalue of the Hessian and η the step size, one update multiplies the error along
that eigenvector by 1 − ηλ (Polyak 1987, §1.4); momentum turns the factor into a 2×2 matrix, whose
spectral radius takes its place. L and μ are the largest and the smallest eigenvalue above 0.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .core import Objective
from .problems import LeastSquares, Polynomial
from .rundir import Row
from .schema import Adam, Config, Momentum, Nesterov

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def forecast(objective: Objective, optimizer: Any) -> dict[str, Any]:
    """What is known before a run; empty where theory does not speak.

    Least squares: `lambda_max`, `mu` and the named step sizes of gradient descent. Polynomials:
    `minimisers`, each with x, loss, curvature f″ and `step_limit` 2/f″, and the `maximisers`
    that part their basins.
    """
    match objective:
        case LeastSquares(X=X):
            L, mu = extremes(X)
            named = {"1/L": 1 / L, "2/(L+mu)": 2 / (L + mu), "2/L": 2 / L}
            limit = step_limit(L, optimizer)
            return {"lambda_max": L, "mu": mu, "step_sizes": named, "step_limit": limit}
        case Polynomial(coefficients=coefficients):
            return landscape(coefficients, optimizer)
    return {}


def verdict(known: dict[str, Any], config: Config, rows: Sequence[Row]) -> dict[str, Any]:
    """Columns that set theory beside a run: rates per update, where it went.

    Args:
        known: what `forecast` said.
        rows: the run's metrics.csv.
    """
    optimizer = config.optimizer
    if "lambda_max" in known:
        predicted = rate(optimizer, [known["mu"], known["lambda_max"]])
        return {
            "predicted_rate": predicted,
            "measured_rate": measured_rate(rows, "distance", EPS[config.dtype]),
        }
    if "minimisers" in known:
        at = destination(known["minimisers"], rows[-1]["x"])
        if at is None:
            return {"converged_to": None, "predicted_rate": None, "measured_rate": None}
        errors = [{**row, "error": abs(row["x"] - at["x"])} for row in rows]
        return {
            "converged_to": at["x"],
            "predicted_rate": rate(optimizer, [at["curvature"]]),
            "measured_rate": measured_rate(errors, "error", EPS[config.dtype]),
        }
    return {}


def extremes(X: Tensor) -> tuple[float, float]:
    """L and μ: the largest eigenvalue of XᵀX for X (n, p), and the smallest one above rounding.

    Along eigenvectors of eigenvalue 0 gradient descent never moves, so they have no part in it.
    """
    X = X.double().cpu()
    eigenvalues = torch.linalg.eigvalsh(X.mT @ X)
    L = float(eigenvalues[-1])
    positive = eigenvalues[eigenvalues > L * max(X.shape) * EPS["float64"]]
    return L, float(positive[0])


def rate(optimizer: Any, eigenvalues: Sequence[float]) -> float | None:
    """Factor of the error per update, the worst over `eigenvalues`; None for Adam.

    It is largest at the ends of the spectrum, so μ and L suffice.
    """
    if isinstance(optimizer, Adam):
        return None
    return max(spectral_radius(optimizer, optimizer.lr * value) for value in eigenvalues)


def spectral_radius(optimizer: Any, z: float) -> float:
    """Largest |r| of the error's recursion for z = ηλ: r² − a r + b = 0.

    Gradient descent: r = 1 − z. Heavy ball: a = 1 + β − z, b = β (Polyak 1964). Nesterov:
    a = (1 + β)(1 − z), b = β(1 − z).
    """
    match optimizer:
        case Momentum(beta=beta):
            a, b = 1 + beta - z, beta
        case Nesterov(beta=beta):
            a, b = (1 + beta) * (1 - z), beta * (1 - z)
        case _:
            return abs(1 - z)
    root = cmath.sqrt(a * a - 4 * b)
    return max(abs(a + root), abs(a - root)) / 2


def step_limit(curvature: float, optimizer: Any) -> float | None:
    """Step sizes from here on do not converge on f″ = `curvature`: where the rate reaches 1.

    Gradient descent: 2/L. Heavy ball: 2(1 + β)/L. Nesterov: 2(1 + β)/((1 + 2β)L).
    """
    match optimizer:
        case Adam():
            return None
        case Momentum(beta=beta):
            return 2 * (1 + beta) / curvature
        case Nesterov(beta=beta):
            return 2 * (1 + beta) / ((1 + 2 * beta) * curvature)
    return 2 / curvature


def landscape(coefficients: Sequence[float], optimizer: Any) -> dict[str, Any]:
    """Minimisers and maximisers of a polynomial, from the real roots of f′."""
    f = np.poly1d(coefficients)
    slope, bend = f.deriv(), f.deriv(2)
    roots = slope.roots
    real = sorted({float(r.real) for r in roots if abs(r.imag) < 1e-9 * max(1.0, abs(r))})
    minimisers = [
        {
            "x": x,
            "loss": float(f(x)),
            "curvature": float(bend(x)),
            "step_limit": step_limit(float(bend(x)), optimizer),
        }
        for x in real
        if bend(x) > 0
    ]
    return {
        "coefficients": list(coefficients),
        "minimisers": minimisers,
        "maximisers": [x for x in real if bend(x) < 0],
    }


def destination(minimisers: Sequence[dict[str, Any]], x: float) -> dict[str, Any] | None:
    """The minimiser that a run ended at, to a thousandth; None if it ended elsewhere."""
    near = [at for at in minimisers if abs(x - at["x"]) <= 1e-3 * max(1.0, abs(at["x"]))]
    return near[0] if near else None


STEADY = 0.1
"""Two halves of a stretch may differ so much in slope for the stretch to have a rate."""


def measured_rate(rows: Sequence[Row], name: str, eps: float) -> float | None:
    """Factor per update of the column `name` over the later half of a run, if it is steady.

    Rows from where the error drowns in rounding are left out: below 100 eps of where it began, or
    within 10 times its least value where that is not at the end. None where fewer than four rows
    are left, or where the factor still changes: theory speaks of the limit.
    """
    points = [(row["step"], row[name]) for row in rows if 0 < row[name] < math.inf]
    if not points:
        return None
    least = min(range(len(points)), key=lambda i: points[i][1])
    floor = 100 * eps * points[0][1]
    if 0 < least < 0.9 * (len(points) - 1):
        floor = max(floor, 10 * points[least][1])
    clear = next((i for i, (_, value) in enumerate(points) if value < floor), len(points))
    last = points[clear // 2 : clear]
    if len(last) < 4:
        return None
    half = len(last) // 2
    early, late, whole = (slope(part) for part in (last[:half], last[half:], last))
    return math.exp(whole) if abs(early - late) <= STEADY * abs(whole) else None


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of log value against step, by least squares."""
    steps, values = zip(*points, strict=True)
    return float(np.polyfit(steps, np.log(values), 1)[0])
