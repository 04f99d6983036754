"""What is wrong with a student's gradient: the simplest explanation that fits at every point."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Gradient, Objective, Params
from ...sandbox.answers import Finding, fits
from ...sandbox.student import Student
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
    student: Student, objective: Objective, points: list[tuple[Params, Params]], bound: float
) -> Diagnosis:
    """Ask the file at every point (parameters, right gradient), in float64, and compare.

    Args:
        bound: relative difference up to which a gradient is right.

    Raises:
        ConfigError: the file cannot be used or raises an error.
    """
    trials = [attempt(student, objective, params, right) for params, right in points]
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


def attempt(student: Student, objective: Objective, params: Params, right: Params) -> Trial:
    """Call the function of the file, run anew, twice at `params`, of which `right` is the gradient.

    Raises:
        ConfigError: the file, or its function, cannot be run.
    """
    student.load()
    data = objective.constants()
    first, second = student.ask(data, params), student.ask(data, params)
    return Trial(right, first.values, second.values, first.changed, first.findings)


def tolerant(student: Student) -> Gradient:
    """The function of the file, run anew, as a `Gradient`: NaN where it has no usable answer."""

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        student.load()
        values = student.ask(objective.constants(), params).values
        grads = {
            name: values[name].reshape(p.shape).to(p)
            if name in values and fits(values[name], p)
            else torch.full_like(p, torch.nan)
            for name, p in params.items()
        }
        return objective.loss(params), grads

    return Gradient(file, capturable=False)


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
