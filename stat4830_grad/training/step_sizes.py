"""Step sizes that are too large: what theory says of them before a run and after it."""

from __future__ import annotations

import torch

from ..config import problems as choices
from ..config.optimizers import Optimizer
from ..config.schema import Config
from ..core import Objective
from ..optimizers import GRADIENT_DESCENT, convergence
from ..problems import Classification, LeastSquares, Polynomial
from ..problems.models import Logistic
from .theory import extremes, forecast, landscape


def limit_in_words(objective: Objective, config: Config) -> str | None:
    """Below which step size the run would have converged, if its own is larger; else None.

    Of minibatches, whose gradients are estimates, it says nothing. Polynomials: said if
    the step size is too large for each of the minimisers.
    """
    optimizer = config.optimizer
    if config.minibatch is not None:
        return None
    if isinstance(objective, Polynomial) and (method := convergence(optimizer)):
        at = landscape(objective.coefficients, optimizer)["minimisers"]
        limits = [one["step_limit"] for one in at]
        if not at or optimizer.lr < max(limits):
            return None
        x = at[limits.index(max(limits))]["x"]
        where = f"near its minimiser x = {x:.4g}"
        return f"{where} {method.name} converges for lr < {max(limits):.3g}"
    found = largest_step(objective, optimizer)
    return found[1] if found and optimizer.lr >= found[0] else None


def largest_step(objective: Objective, optimizer: Optimizer) -> tuple[float, str] | None:
    """The step size from which on theory promises nothing, and this in words; None: not known.

    Least squares: below it the run converges, from it on it does not (Polyak 1987, §1.4). Logistic
    regression: the Hessian of the mean cross-entropy is Xᵀ diag(σ(1 − σ)) X / n with
    σ(1 − σ) ≤ 1/4, so that L ≤ λmax(XᵀX)/(4n), and below 2/L gradient descent lowers the loss at
    each update (Nesterov 2004, §1.2.3). Of C classes it is at most ½ (I − 11ᵀ/C) ⊗ XᵀX/n (Böhning
    1992), so that L ≤ λmax(XᵀX)/(2n). A penalty adds its λ to L.
    """
    if (method := convergence(optimizer)) is None:
        return None
    match objective:
        case LeastSquares():
            limit = forecast(objective, optimizer).get("step_limit")
            words = f"{method.name} converges for lr < {method.formula}"
        case Classification(model=Logistic(bias, outputs), data=data) if method is GRADIENT_DESCENT:
            X = data.train.X.double()
            known = extremes(torch.cat([X, torch.ones_like(X[:, :1])], dim=1) if bias else X)
            parts, strength = (4 if outputs == 1 else 2), penalty_of(objective)
            limit = 2 / (known[0] / (parts * len(X)) + strength) if known else None
            bound = f"2/(λmax(XᵀX)/({parts}n) + l2)" if strength else f"{2 * parts}n/λmax(XᵀX)"
            words = f"{method.name} lowers the loss at every update for lr < {bound}"
        case _:
            return None
    return None if limit is None else (limit, f"{words} = {limit:.3g}")


def warning(objective: Objective, config: Config) -> str | None:
    """What is said before the first update of a step size that is too large; None of others."""
    optimizer, problem = config.optimizer, config.problem
    found = known_limit(objective, config)
    if found is None or optimizer.lr < found[0]:
        return None
    limit, words = found
    raw = (
        isinstance(problem, choices.LeastSquares | choices.Table)
        and problem.file
        and not problem.standardize
    )
    other = ", or problem.standardize=true" if raw else ""
    return (
        f"optimizer.lr={optimizer.lr:g} {verdict_of(objective)} too large: {words}; "
        f"write optimizer.lr={limit / 2:.2g}{other}"
    )


def known_limit(objective: Objective, config: Config) -> tuple[float, str] | None:
    """`largest_step`, where it is worth saying before a run; None of a step size far below it."""
    if config.minibatch is not None:
        return None
    if isinstance(objective, Classification):
        model, lr = objective.model, config.optimizer.lr
        if not isinstance(model, Logistic) or surely_small(objective, lr, bias=model.bias):
            return None
    return largest_step(objective, config.optimizer)


def verdict_of(objective: Objective) -> str:
    """Whether a step size above the limit is, or may be, too large."""
    return "is" if isinstance(objective, LeastSquares) else "may be"


def penalty_of(objective: Classification) -> float:
    """The λ of its penalty, 0 if it has none."""
    return float(objective.penalty.strength) if objective.penalty else 0.0


def surely_small(objective: Classification, lr: float, *, bias: bool) -> bool:
    """Whether a step size is clearly below what `largest_step` finds, which takes longer.

    A few steps of the power method find λmax from below, mostly to a hundredth; the column of ones
    of a bias adds n to it at most.
    """
    data, strength = objective.data.train, penalty_of(objective)
    X, n = data.inputs, len(data.y)
    v = torch.randn(X.shape[1], generator=torch.Generator().manual_seed(0))
    v = v.to(data.y.device, X.dtype)
    for _ in range(8):
        v = v / torch.linalg.vector_norm(v)
        z = X @ v
        v = X.mT @ z
    return lr * (float(z @ z) + n * bias + 2 * n * strength) < 0.9 * 4 * n
