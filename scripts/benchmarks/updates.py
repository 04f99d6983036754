"""The groups that time updates: one case, everybody who can compute it, in turns."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

import torch
from torch import Tensor, nn

from stat4830_grad.core import Params
from stat4830_grad.problems.reduction import reduced
from stat4830_grad.tasks.check.cost import wait
from stat4830_grad.training.experiment import Experiment

from . import jax_models, lecture
from .cases import Case, Kind, data_of, experiments, limit
from .goals import ALONE, GOALS, JAX, LECTURE, LIMIT
from .measurement import (
    Line,
    Outcome,
    Point,
    Result,
    Run,
    Sample,
    Setting,
    alternate,
    compare,
    spread,
    updates_for,
)

METHODS = ("manual", "backward", "autograd_grad")
LONG_RUN = 1_000_000  # updates of a polynomial by those that compile them; we do where it is long

SINGLE = {name for name, _ in GOALS["cpu"] if "×" not in name}


def measure(case: Case, setting: Setting, methods: tuple[str, ...] = METHODS) -> Result:
    """Every method of ours against everybody else, per update and run."""
    built = experiments(case, setting, methods)
    runs, missing = runners(case, setting, built)
    check_agreement(case, runs)
    samples = {name: per_update(case, name, run, setting) for name, run in runs.items()}
    if case.numbers():
        samples[LIMIT] = limit(case, next(iter(built.values())).lr.device)
    values = alternate(samples, setting.rounds)
    seconds = {name: spread(taken) for name, taken in values.items()}
    points = [Point(case.problem, case.n, case.runs, seconds)] if case.usual else []
    dataset = next(iter(built.values())).dataset["name"]
    lines = lines_of(case, setting, methods, values)
    for name, reason in missing.items():
        lines.append(Line(case.name, "best", name, missing=reason))
    return Result(lines, points, dataset)


def runners(
    case: Case, setting: Setting, built: Mapping[str, Experiment]
) -> tuple[dict[str, Run], dict[str, str]]:
    """Who makes the updates of `case`, and why somebody cannot."""
    first = next(iter(built.values()))
    X, y = data_of(first)
    start = {name: p[0] if case.runs > 1 else p for name, p in first.params.items()}
    runs = {method: our_loop(experiment) for method, experiment in built.items()}
    runs[LECTURE] = lecture_run(case.problem, start, X, y, case.step_sizes()[0])
    missing = {}
    if reason := jax_models.missing(setting.device):
        missing[JAX] = reason
    else:
        runs[JAX] = jax_models.jax_loop(case.problem, first.params, X, y, first.lr)
    if case.runs == 1024 and case.problem == "logistic":
        single = experiments(Case(case.problem, case.n), setting, ("manual",))
        runs[ALONE] = our_loop(single["manual"])
    return runs, missing


def per_update(case: Case, name: str, run: Run, setting: Setting) -> Sample:
    """Seconds of one update of one run; the lecture's loop and ALONE make one run at a time."""
    together = 1 if name in (LECTURE, ALONE) else case.runs
    long = case.problem == "polynomial" and name in ("manual", JAX)
    updates = LONG_RUN if long else updates_for(run, setting.shortest)
    return lambda: run(updates).seconds / updates / together


def check_agreement(case: Case, runs: Mapping[str, Run]) -> None:
    """All must compute the same: the first run's loss after ten updates.

    Raises:
        RuntimeError: somebody's loss is another.
    """
    losses = {name: run(10).loss for name, run in runs.items() if name != ALONE}
    expected = losses[LECTURE]
    for name, loss in losses.items():
        if not math.isclose(loss, expected, rel_tol=1e-4, abs_tol=1e-6):
            raise RuntimeError(
                f"{case.name}: after 10 updates {name} has loss {loss}, the lecture's {expected}"
            )


def lines_of(
    case: Case, setting: Setting, methods: tuple[str, ...], values: Mapping[str, list[float]]
) -> list[Line]:
    """The best method against everybody, then every method against the lecture's loop."""
    best = min(methods, key=lambda method: statistics.median(values[method]))
    goals = GOALS[setting.device]
    lines = [
        compare(
            case.name,
            (f"best: {best}", name),
            (values[best], values[name]),
            goal=goals.get((case.name, name)),
        )
        for name in (LECTURE, JAX, LIMIT)
        if name in values
    ]
    if ALONE in values:
        together = [case.runs * seconds for seconds in values[best]]
        goal = goals.get((case.name, ALONE))
        names = (f"all {case.runs:,} runs", ALONE)
        lines.append(compare(case.name, names, (together, values[ALONE]), goal=goal))
    if len(methods) > 1:
        lines += [
            compare(
                case.name,
                (method, LECTURE),
                (values[method], values[LECTURE]),
                goal=never_slower(case, method),
            )
            for method in methods
        ]
    return lines


def never_slower(case: Case, method: str) -> float | None:
    """The goal of a method that autograd works in, for the lecture's own models."""
    automatic = method in ("backward", "autograd_grad")
    return 1.0 if automatic and case.name in SINGLE else None


def our_loop(experiment: Experiment) -> Run:
    """`train` with no record due, timed by its own clock, which leaves the last evaluation out.

    The group `overhead` holds that clock against the wall's. A batch trains on what a sweep trains
    on; bringing least squares to fewer rows is part of its time.
    """

    def run(updates: int) -> Outcome:
        before = time.perf_counter()
        objective = reduced(experiment.objective) if experiment.lr.ndim else experiment.objective
        preparing = time.perf_counter() - before
        trained = replace(experiment, objective=objective)
        *_, (_, record) = trained.train(
            trained.start(), steps=updates, due=lambda _: False, following=lambda _: updates
        )
        if record.updates != updates:
            raise RuntimeError(f"diverged after {record.updates} updates: nothing to time")
        losses = next(v for name, v in record.values.items() if name in ("loss", "train_loss"))
        return Outcome(preparing + record.seconds, losses.flatten()[0].item())

    return run


def lecture_run(problem: Kind, params: Params, X: Tensor, y: Tensor, lr: float) -> Run:
    """One run from `params`; X (n, d) and y (n,) are empty for a polynomial."""
    device = next(iter(params.values())).device

    def run(updates: int) -> Outcome:
        descend = descent(problem, params, X, y, lr)
        wait(device)
        began = time.perf_counter()
        end = descend(updates)
        wait(device)
        return Outcome(time.perf_counter() - began, loss_at(end, X, y))

    return run


def descent(
    problem: Kind, params: Params, X: Tensor, y: Tensor, lr: float
) -> Callable[[int], Tensor | nn.Module]:
    """Number of updates -> where they lead; modules are made before the clock runs."""
    match problem:
        case "polynomial":
            x0, device = params["x"].item(), params["x"].device
            return lambda updates: lecture.polynomial(x0, lr, updates, device)
        case "least squares":
            return lambda updates: lecture.least_squares(X, y, lr, updates)
        case "logistic" | "mlp":
            model = module_at(problem, params, X.device)
        case _:
            assert_never(problem)

    def train(updates: int) -> nn.Module:
        lecture.train(model, X, y.unsqueeze(1), lr, updates)
        return model

    return train


def module_at(problem: Kind, params: Params, device: torch.device) -> nn.Module:
    """The lecture's module with these weights."""
    model: nn.Module
    model = lecture.Logistic() if problem == "logistic" else lecture.SimpleNN(len(params["b1"]))
    with torch.no_grad():
        for weight, initial in zip(model.parameters(), params.values(), strict=True):
            weight.copy_(initial)
    return model.to(device)


def loss_at(end: Tensor | nn.Module, X: Tensor, y: Tensor) -> float:
    """Of a module, of weights w (p,), of a number x."""
    with torch.no_grad():
        value: Tensor
        if isinstance(end, nn.Module):
            value = nn.BCELoss()(end(X).squeeze(), y)
        elif end.ndim:
            value = 0.5 * torch.sum((X @ end - y) ** 2)
        else:
            value = end**3 - 3 * end
        return value.item()
