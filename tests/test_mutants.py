"""Mutants of right gradients: the diagnosis names what was put into them, and nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import cases
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from mutants.measure import AMONG, RIGHTLY, WRONGLY, Case, case_of, findings_of, outcome
from mutants.mutations import Mutant, mutants
from mutants.solutions import SOLUTIONS


def outcomes(each: list[Mutant], case: Case) -> Counter[str]:
    """Of those that run and are wrong."""
    found = [(one, findings_of(one.source, case)) for one in each]
    return Counter(outcome(one, findings) for one, findings in found if findings)


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_solutions_that_are_mutated_are_right(name: str) -> None:
    problem, source = SOLUTIONS[name]
    assert findings_of(source, case_of(cases.objective(problem))) == []


@pytest.mark.parametrize(
    ("name", "every"),
    [("least_squares numpy", 1), ("cubic", 1), ("logistic numpy", 4), ("tanh_mlp torch", 12)],
)
def test_mistakes_put_into_a_right_gradient_are_named(name: str, every: int) -> None:
    problem, source = SOLUTIONS[name]
    singles = list(mutants(source, pairs=0, seed=0))[::every]
    found = outcomes(singles, case_of(cases.objective(problem)))
    assert found[WRONGLY] == 0
    assert found[RIGHTLY] + found[AMONG] >= 0.9 * found.total()


def test_two_mistakes_at_once_are_both_named() -> None:
    problem, source = SOLUTIONS["least_squares torch"]
    pairs = [one for one in mutants(source, pairs=20, seed=1) if len(one.mistakes) == 2]
    found = outcomes(pairs, case_of(cases.objective(problem)))
    assert found[WRONGLY] == 0
    assert found[RIGHTLY] + found[AMONG] >= 0.8 * found.total()
