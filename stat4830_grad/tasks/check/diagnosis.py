"""What is wrong with a student's gradient: the simplest explanation that fits at every point."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Objective, Params
from ...gradients.methods import backward
from ...sandbox.answers import Finding, fits
from ...system.errors import ConfigError
from .attempts import Asked, Attempt, at_larger_weights, attempt, habits
from .evidence import EXACT
from .explanation import Case, characterise, explain, same
from .places import Place, places, sizes
from .trial import Trial, recipe_of, trials


@dataclass(frozen=True)
class Diagnosis:
    """Whether the function is a gradient, and if not, why not."""

    accepted: bool
    findings: list[Finding]
    right: list[str]  # parameters whose values are right
    remarks: list[Finding]  # what is to be known of a gradient that is accepted


def diagnose(
    student: Asked, objective: Objective, points: list[tuple[Params, Params]], bound: float
) -> Diagnosis:
    """Ask the file at every point (parameters, right gradient), in float64, and compare.

    Args:
        bound: relative difference up to which a gradient is right.

    Raises:
        ConfigError: the file cannot be used or raises an error.
    """
    tried = [attempt(student, objective, params, right) for params, right in points]
    return judged(student, objective, [params for params, _ in points], tried, bound)


def judged(
    student: Asked, objective: Objective, points: list[Params], tried: list[Attempt], bound: float
) -> Diagnosis:
    """The diagnosis of what the function did at these points; as `diagnose`."""
    drifting = habits(tried)
    findings = list(tried[0].findings) + drifting
    random = {name for f in drifting if f.kind == "not_repeatable" for name in f.parameters}
    right: list[str] = []
    wrong: list[str] = []
    for name in tried[0].right:
        if name in random or any(name not in t.first for t in tried):
            continue
        pairs = [(t.first[name], t.right[name]) for t in tried]
        if found := unusable(name, pairs):
            findings.append(found)
        elif all(fits(g, r) and same(g.reshape(r.shape), r, bound) for g, r in pairs):
            right.append(name)
        elif all(fits(g, r) and rounded(g.reshape(r.shape), r) for g, r in pairs):
            kind = str(pairs[0][0].dtype).removeprefix("torch.")
            text = f"is right as far as {kind} goes, which has too few digits: keep the dtype of "
            findings.append(Finding("rounding", (name,), f"{text}{name}"))
        elif all(fits(g, r) and same(g.reshape(r.shape), r, coarse(g)) for g, r in pairs):
            kind, text = characterise([(g.reshape(r.shape), r) for g, r in pairs])
            findings.append(Finding(kind, (name,), text))
        else:
            wrong.append(name)
    wrong += (off := wrong_elsewhere(student, objective, points[-1], right))
    right = [name for name in right if name not in off]
    if wrong:
        findings += misplaced(wrong, tried) or reasons(
            student, objective, points, tried, wrong, right
        )
    remarks = [] if findings else at_larger_weights(student, objective, points[-1])
    return Diagnosis(not findings, findings, right, remarks)


def misplaced(wrong: list[str], tried: list[Attempt]) -> list[Finding]:
    """Whether all that is wrong is the gradient of another parameter."""
    if len(wrong) < 2:
        return []
    places = {
        name: [
            other
            for other in tried[0].right
            if other != name
            and all(
                fits(t.first[name], t.right[other])
                and same(t.first[name].reshape(t.right[other].shape), t.right[other])
                for t in tried
            )
        ]
        for name in wrong
    }
    if not all(places.values()):
        return []
    order = [places[name][0] if name in places else name for name in tried[0].first]
    text = f"what is returned are the gradients of {', '.join(order)}, in this order; "
    text += f"it is to be {', '.join(tried[0].right)}, or a dict by name"
    return [Finding("order", tuple(wrong), text)]


def reasons(
    student: Asked,
    f: Objective,
    points: list[Params],
    tried: list[Attempt],
    wrong: list[str],
    right: list[str],
) -> list[Finding]:
    """Why these gradients are wrong, told from answers at other places besides the points."""
    recipe, given = recipe_of(f)

    def found(each: list[Place], rights: list[Params], answers: list[Params]) -> list[Trial]:
        return trials(f, recipe, given, list(zip(each, rights, answers, strict=True)))

    own = found([(f, p) for p in points], [t.right for t in tried], [t.first for t in tried])
    case = Case(
        f,
        recipe,
        own,
        found(*elsewhere(student, f, points[-1], list(tried[0].first))),
        wrong,
        right,
        max(coarse(tried[0].first[name]) for name in wrong),
    )
    findings, left = explain(case)
    for name in left:
        pairs = [(t.first[name], t.right[name]) for t in tried]
        if all(fits(g, r) and same(g.reshape(r.shape), r) for g, r in pairs):
            text = "is right at the initial point and near it, and wrong at points of other signs"
            findings.append(Finding("elsewhere", (name,), text))
        elif all(fits(g, r) for g, r in pairs):
            kind, text = characterise([(g.reshape(r.shape), r) for g, r in pairs])
            findings.append(Finding(kind, (name,), text))
        else:
            g, r = pairs[0]
            shapes = f"its gradient is {tuple(g.shape)}, the parameter {tuple(r.shape)}"
            findings.append(Finding("shape", (name,), f"{shapes}; they must be the same"))
    return findings


def rounded(answer: Tensor, right: Tensor) -> bool:
    """Whether a half-precision answer is the right one but for the rounding of its dtype."""
    if answer.dtype not in (torch.float16, torch.bfloat16):
        return False
    return same(answer, right, 2 * torch.finfo(answer.dtype).eps)


def coarse(answer: Tensor) -> float:
    """The relative difference that the answer's own dtype allows, as far as mistakes go."""
    eps = torch.finfo(answer.dtype).eps if answer.is_floating_point() else 0.0
    return min(max(EXACT, 100 * eps), 1e-3)


def elsewhere(
    student: Asked, f: Objective, params: Params, names: list[str]
) -> tuple[list[Place], list[Params], list[Params]]:
    """Places with the right gradients and the answers there; none where there is no answer."""
    for each in places(f, params):
        answers = []
        for place in each:
            try:
                student.load()
                values = student.ask(place[0].constants(), place[1]).values
            except ConfigError:  # the function knows its sizes
                break
            if not all(name in values and values[name].isfinite().all() for name in names):
                break
            answers.append(values)
        else:
            return each, [backward(*place)[1] for place in each], answers
    return [], [], []


def wrong_elsewhere(student: Asked, f: Objective, params: Params, right: list[str]) -> list[str]:
    """Of a function of numbers, those that are right at its points and wrong at others."""
    if sizes(f) or not right:
        return []
    _, rights, answers = elsewhere(student, f, params, right)
    return [
        name
        for name in right
        if any(
            not (fits(a[name], r[name]) and same(a[name].reshape(r[name].shape), r[name]))
            for a, r in zip(answers, rights, strict=True)
        )
    ]


def tiny(g: Tensor, right: Tensor) -> bool:
    """Whether this is zero but for rounding."""
    return bool(g.abs().max() <= 1e-13 * right.abs().max())


def unusable(name: str, pairs: list[tuple[Tensor, Tensor]]) -> Finding | None:
    """Wrong before any value is compared: not finite, or zero throughout."""
    g = pairs[0][0]
    bad = next((int((~g.isfinite()).sum()) for g, _ in pairs if not g.isfinite().all()), 0)
    if bad:
        text = f"holds NaN or infinity in {bad} of {g.numel()} entries; look for 0/0, log 0, exp"
        return Finding("not_finite", (name,), text)
    if all(fits(g, r) and r.any() and tiny(g, r) for g, r in pairs):
        return Finding("zero", (name,), "is zero: its term is missing")
    return None
