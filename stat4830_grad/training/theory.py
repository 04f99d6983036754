"""What theory says of gradient descent on quadratics and polynomials, beside what was measured.

With λ an eigenvalue of the Hessian and η the step size, one update multiplies the error along
that eigenvector by 1 − ηλ (Polyak 1987, §1.4); momentum turns the factor into a 2×2 matrix, whose
spectral radius takes its place. L and μ are the largest and the smallest eigenvalue above 0; a
penalty (λ/2)‖w‖² adds λ to both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..config.optimizers import Optimizer
from ..config.schema import Config
from ..core import Objective
from ..optimizers import convergence
from ..problems import LeastSquares, Polynomial, least_squares, polynomial
from ..problems.minimisers import with_penalty_rows
from .rows import Row

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def forecast(objective: Objective, optimizer: Optimizer) -> dict[str, Any]:
    """What is known before a run; empty where theory does not speak.

    Least squares: `lambda_max`, `mu` and the named step sizes of gradient descent. Polynomials:
    `minimisers`, each with x, loss, curvature f″ and `step_limit` 2/f″, and the `maximisers`
    that part their basins.
    """
    match objective:
        case LeastSquares():
            known = spectrum(objective)
            if known is None:
                return {}
            L, mu = known
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
            "measured_rate": measured_rate(rows, least_squares.DISTANCE.name, EPS[config.dtype]),
        }
    if "minimisers" in known:
        at = destination(known["minimisers"], rows[-1][polynomial.X.name])
        if at is None:
            return {"converged_to": None, "predicted_rate": None, "measured_rate": None}
        errors = [{**row, "error": abs(row[polynomial.X.name] - at["x"])} for row in rows]
        return {
            "converged_to": at["x"],
            "predicted_rate": rate(optimizer, [at["curvature"]]),
            "measured_rate": measured_rate(errors, "error", EPS[config.dtype]),
        }
    return {}


def spectrum(f: LeastSquares) -> tuple[float, float] | None:
    """L and μ of its Hessian XᵀX + λD, where D is I but for a column of ones; None as `extremes`.

    From the origin, descent stays among combinations of the rows of X, where λ moves each
    eigenvalue of XᵀX by itself.
    """
    if f.penalty is None:
        return extremes(f.X)
    strength = float(f.penalty.strength)
    if f.ones_first or f.w0 is not None:
        return extremes(with_penalty_rows(f.X.double(), strength, ones_first=f.ones_first))
    known = extremes(f.X)
    return (known[0] + strength, known[1] + strength) if known else None


def extremes(X: Tensor) -> tuple[float, float] | None:
    """L and μ: the largest eigenvalue of XᵀX for X (n, p), and the smallest one above rounding.

    Along eigenvectors of eigenvalue 0 gradient descent never moves, so they have no part in it.
    None where no number of use comes out: X is 0, or its squares are beyond float64.
    """
    X = X.double().cpu()
    scale = float(X.abs().max()) if X.numel() else 0.0
    if scale == 0:
        return None
    X = X / scale  # so that no square overflows on the way
    gram = X.mT @ X if X.shape[1] <= X.shape[0] else X @ X.mT  # the same eigenvalues above 0
    eigenvalues = torch.linalg.eigvalsh(gram)
    largest = eigenvalues[-1]
    positive = eigenvalues[eigenvalues > largest * max(X.shape) * EPS["float64"]]
    L, mu = (float(value) * scale * scale for value in (largest, positive[0]))
    usable = math.isfinite(L) and mu > 0 and math.isfinite(2 / mu)
    return (L, mu) if usable else None


def rate(optimizer: Optimizer, eigenvalues: Sequence[float]) -> float | None:
    """Factor of the error per update, the worst over `eigenvalues`; None where none is known.

    It is largest at the ends of the spectrum, so μ and L suffice.
    """
    known = convergence(optimizer)
    return max(known.rate(optimizer.lr * value) for value in eigenvalues) if known else None


def step_limit(curvature: float, optimizer: Optimizer) -> float | None:
    """Step sizes from here on do not converge on f″ = `curvature`, if theory knows that."""
    known = convergence(optimizer)
    return known.step_limit(curvature) if known else None


def landscape(coefficients: Sequence[float], optimizer: Optimizer) -> dict[str, Any]:
    """Minimisers and maximisers of a polynomial, from the real roots of f′."""
    scale = max(abs(c) for c in coefficients)
    f = np.poly1d([c / scale for c in coefficients])  # the same roots, and nothing overflows
    slope, bend = f.deriv(), f.deriv(2)
    minimisers = []
    for x in (points := real_roots(slope)):
        curvature, loss = scale * float(bend(x)), scale * float(f(x))
        if curvature > 0 and math.isfinite(curvature) and math.isfinite(loss):
            limit = step_limit(curvature, optimizer)
            minimisers.append({"x": x, "loss": loss, "curvature": curvature, "step_limit": limit})
    return {
        "coefficients": list(coefficients),
        "minimisers": minimisers,
        "maximisers": [x for x in points if bend(x) < 0],
    }


def real_roots(polynomial: np.poly1d) -> list[float]:
    """In order, each once; none where coefficients are too far apart for float64."""
    try:
        with np.errstate(all="ignore"):
            roots = polynomial.roots
    except np.linalg.LinAlgError:
        return []
    return sorted({float(r.real) for r in roots if abs(r.imag) < 1e-9 * max(1.0, abs(r))})


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
