"""Groups with what else a user would take: a DataLoader, torch.compile, SciPy's L-BFGS."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor, nn

from stat4830_grad.core import Params
from stat4830_grad.tasks.check.cost import wait
from stat4830_grad.training.experiment import Experiment
from stat4830_grad.training.minibatches import Sampling, order

from . import jax_models, lecture
from .cases import Case, Kind, data_of, experiments
from .goals import JAX
from .measurement import Line, Outcome, Result, Run, Setting, alternate, compare, updates_for
from .updates import loss_at, module_at, our_loop

SIZE, SEED = 64, 42
SAMPLES = 64 * SIZE
"""To take minibatches of: a whole number of them, as JAX's shapes are fixed."""
EPOCHS = 2000
"""Whose order JAX is given, more than are timed."""
METHODS = ("manual", "backward")
LOADER, COMPILED, LBFGS = "DataLoader loop", "lecture's loop, torch.compile", "SciPy's L-BFGS"


def minibatches(problem: Kind, setting: Setting) -> Result:
    """Updates by minibatches of 64 against a plain loop with a DataLoader, and against JAX."""
    group, case = f"minibatch: {problem}", Case(problem, SAMPLES)
    built = {
        method: replace(experiment, sampling=Sampling(SIZE, SEED))
        for method, experiment in experiments(case, setting, METHODS).items()
    }
    first = built["manual"]
    (X, y), start, lr = data_of(first), first.params, case.step_sizes()[0]
    runs: dict[str, Run] = {method: our_loop(one) for method, one in built.items()}
    runs[LOADER] = module_run(
        problem, start, X, y, lambda model, n: lecture.by_minibatches(model, X, y, lr, n, SIZE)
    )
    lines, reason = [], jax_models.missing(setting.device)
    if reason is None:
        orders = np.stack([order(SEED, epoch, SAMPLES).numpy() for epoch in range(EPOCHS)])
        rows = orders.astype(np.int32).reshape(-1, SIZE)
        runs[JAX] = jax_models.jax_minibatches(problem, start, X, y, first.lr, rows)
    else:
        lines.append(Line(group, "best", JAX, missing=reason))
    agree(group, runs, {LOADER: 0.05})  # its order is its own
    return Result(against(group, setting, runs, {LOADER: 0.3, JAX: 1.0}) + lines)


def compiled(problem: Kind, setting: Setting) -> Result:
    """The lecture's loop with its model through torch.compile, which is not timed."""
    group, case = f"torch.compile: {problem}", Case(problem, 4000)
    if setting.device == "cpu" and not shutil.which(os.environ.get("CXX", "g++")):
        return Result([Line(group, "best", COMPILED, missing="it needs g++, or CXX")])
    built = experiments(case, setting, METHODS)
    (X, y), lr = data_of(built["manual"]), case.step_sizes()[0]
    runs: dict[str, Run] = {method: our_loop(one) for method, one in built.items()}
    runs[COMPILED] = module_run(
        problem,
        built["manual"].params,
        X,
        y,
        lambda model, n: lecture.train(model, X, y.unsqueeze(1), lr, n),
        torch.compile,
    )
    agree(group, runs, {})
    return Result(against(group, setting, runs, {}))


def agree(group: str, runs: Mapping[str, Run], tolerances: Mapping[str, float]) -> None:
    """All must compute the same: the loss after 20 updates, to 1e-4 or what `tolerances` say.

    Raises:
        RuntimeError: somebody's loss is another.
    """
    losses = {name: run(20).loss for name, run in runs.items()}
    for name, loss in losses.items():
        if not math.isclose(loss, losses["manual"], rel_tol=tolerances.get(name, 1e-4)):
            raise RuntimeError(f"{group}: after 20 updates the losses are {losses}")


def against(
    group: str, setting: Setting, runs: Mapping[str, Run], goals: Mapping[str, float]
) -> list[Line]:
    """The faster of our methods against everybody else, per update."""

    def per_update(run: Run) -> Callable[[], float]:
        updates = updates_for(run, setting.shortest)
        return lambda: run(updates).seconds / updates

    values = alternate({name: per_update(run) for name, run in runs.items()}, setting.rounds)
    best = min(METHODS, key=lambda method: sorted(values[method])[len(values[method]) // 2])
    return [
        compare(
            group,
            (f"best: {best}", name),
            (values[best], values[name]),
            goal=goals.get(name) if setting.device == "cpu" else None,
        )
        for name in runs
        if name not in METHODS
    ]


def module_run(
    problem: Kind,
    params: Params,
    X: Tensor,
    y: Tensor,
    train: Callable[[Any, int], None],
    prepared: Callable[[nn.Module], Any] = lambda model: model,
) -> Run:
    """A loop of the lecture's kind, from `params` each time.

    Args:
        prepared: the model as the loop calls it, made once and before the clock runs.
    """
    model = module_at(problem, params, X.device)
    called, start = prepared(model), [p.detach().clone() for p in model.parameters()]

    def run(updates: int) -> Outcome:
        with torch.no_grad():
            for weight, initial in zip(model.parameters(), start, strict=True):
                weight.copy_(initial)
        wait(X.device)
        began = time.perf_counter()
        train(called, updates)
        wait(X.device)
        return Outcome(time.perf_counter() - began, loss_at(model, X, y))

    return run


def to_a_loss(case: Case, setting: Setting) -> Result:
    """A run of gradient descent against SciPy's L-BFGS on NumPy's arrays, to the same loss."""
    updates = 20 if setting.quick else 1000
    experiment = experiments(case, setting, ("manual",))["manual"]
    ours, target = our_loop(experiment), our_loop(experiment)(updates).loss
    function = functions(experiment)[case.problem]
    w0 = experiment.params["w"].double().numpy()

    def descent() -> float:
        return ours(updates).seconds

    def lbfgs() -> float:
        began = time.perf_counter()
        minimize(function, w0, jac=True, method="L-BFGS-B", callback=until(target))
        return time.perf_counter() - began

    values = alternate({"ours": descent, LBFGS: lbfgs}, setting.rounds)
    names = (f"{updates:,} updates, manual", LBFGS)
    return Result([compare(f"to a loss: {case.name}", names, (values["ours"], values[LBFGS]))])


def until(target: float) -> Callable[[Any], None]:
    """A callback for `minimize` that ends it where its loss is no more than `target`."""

    def callback(intermediate_result: Any) -> None:
        if intermediate_result.fun <= target:
            raise StopIteration

    return callback


def functions(experiment: Experiment) -> dict[str, Callable[[Any], tuple[float, Any]]]:
    """Loss and gradient of each problem in NumPy, in float64 as SciPy computes."""
    X, y = (value.double().numpy() for value in data_of(experiment))

    def logistic(w: Any) -> tuple[float, Any]:
        z = X @ w
        return float(np.mean(np.logaddexp(0, z) - y * z)), X.T @ (expit(z) - y) / len(y)

    def least_squares(w: Any) -> tuple[float, Any]:
        r = X @ w - y
        return float(0.5 * r @ r), X.T @ r

    return {"logistic": logistic, "least squares": least_squares}
