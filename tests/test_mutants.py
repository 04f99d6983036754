"""Mutants of right gradients: the diagnosis names what was put into them, and nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import cases
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from mutants.measure import AMONG, RIGHTLY, WRONGLY, case_of, findings_of
from mutants.mutations import Mutant, mutants
from mutants.solutions import SOLUTIONS
from mutants.twins import Twins


def outcomes(name: str, each: list[Mutant]) -> Counter[str]:
    """Of those mutants of a solution that run and are wrong."""
    problem, source = SOLUTIONS[name]
    case = case_of(cases.objective(problem))
    twins = Twins(source, case)
    found = [(one, findings_of(one.source, case)) for one in each]
    return Counter(twins.outcome(one, findings) for one, findings in found if findings)


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


def test_two_mistakes_at_once_are_both_named() -> None:
    name = "least_squares torch"
    each = mutants(SOLUTIONS[name][1], pairs=20, seed=1)
    found = outcomes(name, [one for one in each if len(one.mistakes) == 2])
    assert found[WRONGLY] == 0
    assert found[RIGHTLY] + found[AMONG] >= 0.9 * found.total()
