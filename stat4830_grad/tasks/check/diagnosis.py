"""What is wrong with a student's gradient: the simplest explanation that fits at every point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...core import Gradient, Objective, Params
from ...gradients.file import load
from ...problems.answers import Finding, fits, offer, read
from ...system.user_file import UserFunction
from .explanation import explain, explain_shape, same


@dataclass(frozen=True)
class Trial:
    """What the student's function does at one point, run from a fresh copy of the file."""

    right: Params
    first: Params  # in the shapes it was returned in
    second: Params  # called again with the same arguments
    changed: tuple[str, ...]  # arguments changed in place
    findings: list[Finding]


@dataclass(frozen=True)
class Diagnosis:
    """Whether the function is a gradient, and if not, why not."""

    accepted: bool
    findings: list[Finding]
    right: list[str]  # parameters whose values are right


def diagnose(
    path: Path, objective: Objective, points: list[tuple[Params, Params]], bound: float
) -> Diagnosis:
    """Run the file at every point (parameters, right gradient), in float64, and compare.

    Args:
        bound: relative difference up to which a gradient is right.

    Raises:
        ConfigError: the file cannot be used or raises an error.
    """
    trials = [attempt(path, objective, params, right) for params, right in points]
    places = [params for params, _ in points]
    findings = list(trials[0].findings) + habits(trials)
    right: list[str] = []
    wrong: list[str] = []
    for name in trials[0].right:
        if any(name not in t.first for t in trials):
            continue
        pairs = [(t.first[name], t.right[name]) for t in trials]
        found = structure(name, pairs)
        if found and found.kind == "shape":
            found = explain_shape(name, [g for g, _ in pairs], places, objective) or found
        if found:
            findings.append(found)
        if found is None or found.kind == "transposed":
            fine = all(same(in_shape_of(g, r), r, bound) for g, r in pairs)
            if not fine:
                wrong.append(name)
            elif found is None:
                right.append(name)
    answers = [{name: in_shape_of(t.first[name], t.right[name]) for name in wrong} for t in trials]
    findings += explain(answers, [t.right for t in trials], places, objective)
    return Diagnosis(not findings, findings, right)


def in_shape_of(g: Tensor, right: Tensor) -> Tensor:
    """In the shape of the right gradient, which is its own, or that but for 1s, or transposed."""
    return g.reshape(right.shape) if fits(g, right) else g.mT


def attempt(path: Path, objective: Objective, params: Params, right: Params) -> Trial:
    """Call the function of the file twice at `params`, of which `right` is the gradient.

    Raises:
        ConfigError: the file, or its function, cannot be run.
    """
    function = load(path)
    first, findings, changed = ask(function, objective, params)
    second, _, _ = ask(function, objective, params)
    return Trial(right, first, second, changed, findings)


def ask(
    function: UserFunction, objective: Objective, params: Params
) -> tuple[Params, list[Finding], tuple[str, ...]]:
    """One answer as it came, what it lacks, and the names of arguments it changed in place."""
    data = objective.constants()
    own = {k: v.clone() if isinstance(v, Tensor) else list(v) for k, v in data.items()}
    mine = {name: p.clone() for name, p in params.items()}
    values, findings = read(function.called_with(offer(own, mine)), params)
    before, after = {**params, **data}, {**mine, **own}
    return values, findings, tuple(k for k in before if differs(after[k], before[k]))


def tolerant(path: Path) -> Gradient:
    """The function of a freshly run file as a `Gradient`: NaN where it has no usable answer."""

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        values, _, _ = ask(load(path), objective, params)
        grads = {
            name: values[name].reshape(p.shape).to(p)
            if name in values and fits(values[name], p)
            else torch.full_like(p, torch.nan)
            for name, p in params.items()
        }
        return objective.loss(params), grads

    return Gradient(file, capturable=False)


def differs(mine: object, fresh: object) -> bool:
    """Whether an argument is no longer what it was."""
    if isinstance(mine, Tensor) and isinstance(fresh, Tensor):
        return not torch.equal(mine.detach(), fresh)
    return mine != fresh


def habits(trials: list[Trial]) -> list[Finding]:
    """What the function does besides returning: changes its arguments, remembers its calls."""
    findings = []
    if changed := trials[0].changed:
        text = f"changes {', '.join(changed)} in place; work on a copy: {changed[0]}.clone()"
        findings.append(Finding("in_place", (), f"the function {text}"))
    drifting = [name for name in trials[0].first if not steady(trials, name)]
    adding = [name for name in drifting if all(doubled(t, name) for t in trials)]
    if adding:
        text = (
            "accumulates: a second call with the same arguments returns twice the first. "
            "Start each call from zero, as optimizer.zero_grad() does"
        )
        findings.append(Finding("accumulates", tuple(adding), text))
    if others := [name for name in drifting if name not in adding]:
        text = "a second call with the same arguments returns something else; look for globals"
        findings.append(Finding("not_repeatable", tuple(others), text))
    return findings


def steady(trials: list[Trial], name: str) -> bool:
    """Whether the second call of each trial gave the same."""
    return all(
        name in t.second
        and same(t.first[name].nan_to_num(0, 1, -1), t.second[name].nan_to_num(0, 1, -1))
        for t in trials
    )


def doubled(trial: Trial, name: str) -> bool:
    """Whether the second call gave twice as much: a gradient that was not cleared."""
    return name in trial.second and same(trial.second[name], 2 * trial.first[name])


def structure(name: str, pairs: list[tuple[Tensor, Tensor]]) -> Finding | None:
    """Wrong before any value is looked at: not finite, or of another shape."""
    g, right = pairs[0]
    bad = next((int((~g.isfinite()).sum()) for g, _ in pairs if not g.isfinite().all()), 0)
    if bad:
        text = f"holds NaN or infinity in {bad} of {g.numel()} entries; look for 0/0, log 0, exp"
        return Finding("not_finite", (name,), text)
    if all(fits(g, r) for g, r in pairs):
        return None
    shapes = f"its gradient is {tuple(g.shape)}, the parameter {tuple(right.shape)}"
    if right.ndim == 2 and all(g.shape == r.mT.shape for g, r in pairs):
        return Finding("transposed", (name,), f"is transposed: {shapes}; return its transpose")
    for axis in range(g.ndim):
        if all(fits(g.sum(axis), r) and same(g.sum(axis).reshape(r.shape), r) for g, r in pairs):
            text = f"{shapes}: sum over axis {axis}, the samples"
            return Finding("not_summed", (name,), text)
    return Finding("shape", (name,), f"{shapes}; they must be the same")
