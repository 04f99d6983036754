"""Mutants of one source that compute the same numbers, so that the names of either are right."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stat4830_grad.sandbox.answers import Finding
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks.check.places import Place, places

from .measure import AMONG, RIGHTLY, Case, InProcess, outcome
from .mutations import Mutant, Mutation, mutations, with_mutations
from .rules import OTHERWISE, RULES

SEED = 4830
"""Of places at which the diagnosis does not ask."""

NAMED = (RIGHTLY, AMONG)

SAME = 1e-9
"""Relative difference up to which numbers are the same."""


@dataclass(frozen=True)
class Print:
    """Of an answer: its shapes, and what its numbers add up to with weights drawn once."""

    shapes: tuple[tuple[int, ...], ...]
    sums: NDArray[np.float64]

    def same(self, other: Print) -> bool:
        """Whether the answers are the same but for rounding."""
        if self.shapes != other.shapes:
            return False
        size = np.maximum(np.abs(self.sums).max(), np.abs(other.sums).max())
        return bool(np.abs(self.sums - other.sums).max() <= SAME * size)


def print_of(arrays: list[NDArray[np.float64]]) -> Print | None:
    """That of some arrays; None where they hold NaN or infinity."""
    sums = [
        np.random.default_rng(array.size).normal(size=(2, array.size)) @ array.ravel()
        for array in arrays
    ]
    flat = np.concatenate(sums) if sums else np.zeros(1)
    return Print(tuple(array.shape for array in arrays), flat) if np.isfinite(flat).all() else None


class Twins:
    """Of one source: every mutant with one mistake or two, by what it computes.

    What is said of a mutant is compared with the mistakes of all that compute the same: nothing
    can tell them apart, and what is true of one is true of the others.
    """

    def __init__(self, source: str, case: Case) -> None:
        self.source = source
        self.at: list[Place] = next(places(case.objective, case.points[0][0], SEED))[:3]
        self.at += [(case.objective, case.points[0][0])]

    def outcome(self, mutant: Mutant, findings: list[Finding]) -> str:
        """Its own; or that for another, all of whose mistakes are named."""
        own = outcome([one.rule.kinds for one in mutant.mistakes], findings)
        if own in NAMED:
            return own
        every = [outcome([m.rule.kinds for m in each], findings) for each in self.of(mutant)]
        return min([one for one in every if one in NAMED], key=NAMED.index, default=own)

    def of(self, mutant: Mutant) -> Iterator[tuple[Mutation, ...]]:
        """The mistakes of all that compute the same as this one, among them its own."""
        mine = self.answers(mutant.source)
        if mine is None:
            return
        for mistakes, theirs in self.all:
            if mine.same(theirs):
                yield mistakes

    @cached_property
    def all(self) -> list[tuple[tuple[Mutation, ...], Print]]:
        """All that have an answer."""
        every = list(mutations(self.source, [*RULES, *OTHERWISE]))
        alone = [(one,) for one in every]
        both = [(a, b) for a, b in itertools.combinations(every, 2) if a.line != b.line]
        found = []
        for mistakes in [*alone, *both]:
            if (answers := self.answers(with_mutations(self.source, mistakes))) is not None:
                found.append((mistakes, answers))
        return found

    def answers(self, source: str) -> Print | None:
        """What a source computes; None where it raises an error, or NaN or infinity comes out."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                asked = InProcess(source)
                each = [asked.ask(f.constants(), params).values for f, params in self.at]
        except ConfigError:
            return None
        return print_of([g.double().squeeze().numpy() for v in each for g in v.values()])
