"""Mutants of right gradients: the diagnosis names what was put into them, and nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import cases
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from mutants.measure import (
    AMONG,
    IN_PART,
    RIGHTLY,
    WRONGLY,
    case_of,
    findings_of,
    outcome,
)
from mutants.mutations import Mutant, mutants
from mutants.solutions import SOLUTIONS
from mutants.twins import Twins

from stat4830_grad.sandbox.answers import Finding
from stat4830_grad.system.errors import ConfigError


def outcomes(name: str, each: list[Mutant]) -> Counter[str]:
    """Of those mutants of a solution that run and are wrong."""
    problem, source = SOLUTIONS[name]
    case = case_of(cases.objective(problem))
    twins = Twins(source, case)
    found: Counter[str] = Counter()
    for one in each:
        with suppress(ConfigError):  # it does not run
            if findings := findings_of(one.source, case):
                found[twins.outcome(one, findings)] += 1
    return found


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_solutions_that_are_mutated_are_right(name: str) -> None:
    problem, source = SOLUTIONS[name]
    assert findings_of(source, case_of(cases.objective(problem))) == []


@pytest.mark.parametrize(
    ("name", "every"),
    [("least_squares numpy", 1), ("cubic", 1), ("logistic numpy", 4), ("tanh_mlp torch", 12)],
)
def test_mistakes_put_into_a_right_gradient_are_named(name: str, every: int) -> None:
    singles = list(mutants(SOLUTIONS[name][1], pairs=0, seed=0))[::every]
    found = outcomes(name, singles)
    assert found[WRONGLY] == 0
    assert found[RIGHTLY] + found[AMONG] >= 0.9 * found.total()


@pytest.mark.parametrize("name", ["least_squares torch", "ridge torch", "cubic"])
def test_two_mistakes_at_once_are_both_named(name: str) -> None:
    each = mutants(SOLUTIONS[name][1], pairs=16, seed=1)
    found = outcomes(name, [one for one in each if len(one.mistakes) == 2])
    assert found[WRONGLY] == 0
    assert found[RIGHTLY] + found[AMONG] >= 0.9 * found.total()


def test_a_mistake_that_shows_at_other_points_only_is_found() -> None:
    problem, source = SOLUTIONS["formula numpy"]
    wrong = source.replace("3 * x * (y > 0.1)", "3 * x")  # the problem begins at y = 0.5
    (finding,) = findings_of(wrong, case_of(cases.objective(problem)))
    assert (finding.kind, finding.parameters) == ("outer_forgotten", ("y",))


def test_a_sign_and_a_factor_are_both_said() -> None:
    problem, source = SOLUTIONS["least_squares torch"]
    wrong = source.replace("dz1 = e", "dz1 = -0.5 * e")
    found = findings_of(wrong, case_of(cases.objective(problem)))
    assert [f.kind for f in found] == ["sign", "factor"]
    assert "½ times" in found[1].sentence


def test_a_step_up_in_place_of_the_gradient_is_an_update_with_the_wrong_sign() -> None:
    problem, source = SOLUTIONS["relu_mlp numpy"]
    wrong = source.replace("e = p - Y", "e = Y - p").replace(
        "dw2 = dz2.T", "dw2 = w2 - 0.1 * dz2.T"
    )
    found = findings_of(wrong, case_of(cases.objective(problem)))
    assert [(f.kind, f.parameters) for f in found] == [
        ("sign", ("w1", "b1", "w2", "b2")),
        ("updated_parameter", ("w2",)),
    ]


def test_mutants_that_compute_the_same_have_each_others_names() -> None:
    problem, source = SOLUTIONS["least_squares numpy"]
    twins = Twins(source, case_of(cases.objective(problem)))
    both = next(
        one
        for one in mutants(source, pairs=10**6, seed=0)
        if {m.text for m in one.mistakes} == {"e = abs(p - Y)", "dw1 = 0 * (X.T @ dz1)"}
    )
    zero = Finding("zero", ("w",), "")
    assert outcome([m.rule.kinds for m in both.mistakes], [zero]) == IN_PART
    assert twins.outcome(both, [zero]) == RIGHTLY
    assert twins.outcome(both, [Finding("sign", ("w",), "")]) == WRONGLY
