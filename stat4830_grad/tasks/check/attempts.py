"""What a student's function does when it is called: its answers, and whether it answers alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...core import Objective, Params
from ...gradients.methods import backward
from ...sandbox.answers import Finding
from ...sandbox.student import Answer
from ...system.errors import ConfigError
from .explanation import same


class Asked(Protocol):
    """What can be asked for gradients: a `Student`, or what stands for one."""

    def load(self) -> None:
        """Begin anew."""

    def ask(self, data: Mapping[str, Any], params: Params, *, quiet: bool = False) -> Answer:
        """The answer at `params`; if `quiet`, without the warnings that this may call forth."""


@dataclass(frozen=True)
class Attempt:
    """What the student's function does at one point, run from a fresh copy of the file."""

    right: Params
    first: Params  # in the shapes it was returned in
    second: Params  # called again with the same arguments
    changed: tuple[str, ...]  # arguments changed in place
    findings: list[Finding]
    drawn: bool  # whether random numbers were drawn


def attempt(
    student: Asked,
    objective: Objective,
    params: Params,
    right: Params,
    first: Answer | None = None,
) -> Attempt:
    """Call the function of the file, run anew, twice at `params`, of which `right` is the gradient.

    Args:
        first: the answer, where the function was just called so for the first time.

    Raises:
        ConfigError: the file, or its function, cannot be run.
    """
    first = first or asked_anew(student, objective, params)
    second = student.ask(objective.constants(), params)
    drawn = first.drawn or second.drawn
    return Attempt(right, first.values, second.values, first.changed, first.findings, drawn)


def asked_anew(student: Asked, objective: Objective, params: Params) -> Answer:
    """The answer at `params` of the function of the file, run anew.

    Raises:
        ConfigError: the file, or its function, cannot be run.
    """
    student.load()
    return student.ask(objective.constants(), params)


def habits(trials: list[Attempt]) -> list[Finding]:
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
        text = "a second call with the same arguments returns something else: "
        if any(t.drawn for t in trials):
            text += (
                "it draws random numbers, perhaps a minibatch; the gradient is that of all samples"
            )
        else:
            text += "look for globals and for random numbers"
        findings.append(Finding("not_repeatable", tuple(others), text))
    return findings


def steady(trials: list[Attempt], name: str) -> bool:
    """Whether the second call of each trial gave the same."""
    return all(
        name in t.first
        and name in t.second
        and same(t.first[name].nan_to_num(0, 1, -1), t.second[name].nan_to_num(0, 1, -1))
        for t in trials
    )


def doubled(trial: Attempt, name: str) -> bool:
    """Whether the second call gave twice as much: a gradient that was not cleared."""
    both = name in trial.first and name in trial.second
    return both and same(trial.second[name], 2 * trial.first[name])


LARGER = 10_000.0
"""Times the parameters, where exp of most logits is more than a float64 holds."""


def at_larger_weights(student: Asked, objective: Objective, params: Params) -> list[Finding]:
    """Whether a right function gives NaN or infinity at parameters where the gradient is finite."""
    larger = {name: LARGER * p for name, p in params.items()}
    right = backward(objective, larger)[1]
    if not all(g.isfinite().all() for g in right.values()):
        return []
    there = f"at {LARGER:,.0f} times these parameters"
    try:
        values = student.ask(objective.constants(), larger, quiet=True).values
    except ConfigError as error:  # such as a math.exp that overflows
        why = str(error).partition("\n")[0]
        text = f"is right here, but {there} there is an error, where the gradient is finite: {why}"
        return [Finding("overflow", tuple(right), text)]
    names = [n for n in right if n not in values or not values[n].isfinite().all()]
    if not names:
        return []
    text = (
        f"is right here, but {there} it is NaN or infinity, where the gradient is finite: look for "
    )
    text += "exp of a large number, such as exp(z)/(1 + exp(z)) for 1/(1 + exp(−z))"
    return [Finding("overflow", tuple(names), text)]
