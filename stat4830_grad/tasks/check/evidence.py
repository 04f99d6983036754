"""What an explanation has to fit: the answers at every place, in every reading of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .coefficients import MINUS, Coefficients, Target, alternatives, columns
from .mistakes.recipe import Array, Mistake, Recipe, Values
from .scales import scales
from .trial import Trial

MOST, MOST_NUMBERS = 8_000, 4e8
"""So many candidates are tried in turn at most, and fewer where each has many numbers to make."""

EXACT = 1e-7
"""Relative difference, in float64, up to which an answer counts as explained."""

Mistakes = tuple[Mistake, ...]
GradientAt = Callable[[int, str], Array | None]
Family = Callable[[float], Mistake]


@dataclass(frozen=True)
class Reading:
    """A way to take an answer of another shape: as it is (""), transposed, or not yet summed."""

    kind: str = ""
    axis: int | None = None  # to sum over

    def of(self, answer: Array) -> Array:
        """The answer so taken, without dimensions of size 1."""
        if self.kind == "transposed":
            return answer.T.squeeze()
        return (answer if self.axis is None else answer.sum(self.axis)).squeeze()

    def sentence(self, answer: Array, parameter: Array) -> str:
        """What is wrong with the shape of the answer."""
        shapes = f"its gradient is {answer.shape}, the parameter {parameter.shape}"
        if self.kind == "transposed":
            return f"is transposed: {shapes}; return its transpose"
        return f"{shapes}: sum over axis {self.axis}, the samples"


def readings(answer: Array, right: Array) -> Iterator[Reading]:
    """Those that may serve for an answer where `right` is wanted."""
    yield Reading()
    if answer.ndim == 2 and min(answer.shape) > 1:
        yield Reading("transposed")
    if answer.squeeze().ndim > right.squeeze().ndim:
        yield from (Reading("not_summed", axis) for axis in range(answer.ndim))


@dataclass(frozen=True)
class Found:
    """How an answer comes about from a gradient with mistakes."""

    reading: Reading
    likely: tuple[Coefficients, ...]  # the likeliest first, others that are as likely after it

    @property
    def cost(self) -> float:
        """How far-fetched it is, besides the mistakes."""
        return self.likely[0].cost + bool(self.reading.kind)


@dataclass
class Candidate:
    """Mistakes together, and the answers that they explain."""

    mistakes: Mistakes
    explains: dict[str, Found]
    spoils: int  # right answers that would be wrong with these

    def cost(self, names: Iterable[str]) -> float:
        """How far-fetched it is for these parameters; what they share counts once."""
        found = [self.explains[name] for name in names]
        minus = [f.likely[0].minus for f in found]
        each = {
            (f.reading.kind, f.likely[0]): f.cost - MINUS * wrong
            for f, wrong in zip(found, minus, strict=True)
        }
        return len(self.mistakes) + sum(each.values()) + MINUS * any(minus) + 0.5 * self.spoils


@dataclass(frozen=True)
class Evidence:
    """Everything that an explanation has to fit."""

    recipe: Recipe
    trials: Sequence[Trial]
    wrong: Sequence[str]  # parameters
    right: Sequence[str]
    bound: float = EXACT
    gradients: dict[tuple[int, Mistakes], Values] = field(default_factory=dict)

    def gradient(self, i: int, mistakes: Mistakes) -> Values:
        """By parameter, squeezed, at trial i."""
        if (known := self.gradients.get((i, mistakes))) is not None:
            return known
        with np.errstate(all="ignore"):
            made = self.recipe.gradients(self.trials[i].right, mistakes)
        squeezed = {k: g.squeeze() for k, g in made.items()}
        if len(mistakes) < 2:
            self.gradients[i, mistakes] = squeezed
        return squeezed

    @property
    def most(self) -> int:
        """How many candidates there is time to try."""
        numbers = sum(value.size for value in self.trials[0].right.values())
        return int(min(MOST, MOST_NUMBERS / (numbers * self.recipe.effort)))

    @cached_property
    def targets(self) -> dict[str, list[tuple[Reading, Target, list[tuple[int, ...]]]]]:
        """Each wrong answer, in every reading, with the shapes it has."""
        of = tuple(scales([t.sizes for t in self.trials]))
        found: dict[str, list[tuple[Reading, Target, list[tuple[int, ...]]]]] = {}
        for name in self.wrong:
            first = self.trials[0]
            found[name] = []
            for reading in readings(first.answers[name], first.params[name]):
                if any(t.answers[name].ndim != first.answers[name].ndim for t in self.trials):
                    continue
                arrays = [reading.of(t.answers[name]) for t in self.trials]
                at = [
                    columns(p, only=not t.sizes)
                    if a.shape == (p := t.params[name].squeeze()).shape
                    else {}
                    for a, t in zip(arrays, self.trials, strict=True)
                ]
                target = Target(tuple(a.ravel() for a in arrays), tuple(at), of, self.bound)
                found[name].append((reading, target, [a.shape for a in arrays]))
        return found

    def candidate(self, mistakes: Mistakes) -> Candidate:
        """What these mistakes explain, and what they would spoil."""
        made = {0: self.gradient(0, mistakes)}

        def at(i: int, name: str) -> Array | None:
            if i not in made:
                made[i] = self.gradient(i, mistakes)
            return made[i].get(name)

        explains = {}
        for name, each in self.targets.items():
            for reading, target, shapes in each:
                if found := self.fitting(name, target, shapes, at):
                    explains[name] = Found(reading, found)
                    break
        spoils = sum(self.changes(made[0], name) for name in self.right) if explains else 0
        return Candidate(mistakes, explains, spoils)

    def fitting(
        self,
        name: str,
        target: Target,
        shapes: Sequence[tuple[int, ...]],
        at: GradientAt,
        only: Coefficients | None = None,
    ) -> tuple[Coefficients, ...]:
        """The coefficients with which the gradient is the answer, if it is; `only` these."""
        gradients, penalties = [], []
        for i, trial in enumerate(self.trials):
            g, penalty = at(i, name), trial.penalty[name]
            if g is None or g.shape != shapes[i] or not np.isfinite(g).all():
                return ()
            if not (target.near(i, g.ravel()) or self.zero(i, name, g, target)):
                return ()
            gradients.append(g.ravel())
            penalties.append(penalty.ravel() if penalty.shape == g.shape else 0 * g.ravel())
        if all(self.zero(i, name, g, target) for i, g in enumerate(gradients)):
            return (Coefficients(1.0),)
        both = [g + p for g, p in zip(gradients, penalties, strict=True)]
        if only:
            return (only,) if target.holds(only, gradients if only.bare else both) else ()
        whole = target.explained(both, bare=False)
        if all(not p.any() for p in penalties) or (whole and not whole[0].b):
            return tuple(alternatives(whole))
        found = target.explained(gradients, bare=True)
        sound = [replace(c, sound=bool(c.b) and target.adds(c, penalties)) for c in found]
        return tuple(alternatives(sorted(sound, key=lambda c: c.cost)))

    def zero(self, i: int, name: str, gradient: Array, target: Target) -> bool:
        """Whether a gradient and the answer at trial i are both zero but for rounding."""
        largest = max(np.abs(gradient).max(), np.abs(target.answers[i]).max())
        return bool(largest <= 1e-13 * np.abs(self.trials[i].gradient[name]).max())

    def holds(self, candidate: Candidate, name: str) -> bool:
        """Whether what a candidate says of a parameter elsewhere is so here."""
        found = candidate.explains[name]
        for reading, target, shapes in self.targets[name]:
            if reading == found.reading:
                here = self.fitting(
                    name,
                    target,
                    shapes,
                    lambda i, n: self.gradient(i, candidate.mistakes).get(n),
                    only=found.likely[0],
                )
                return bool(here)
        return False

    def number(
        self,
        name: str,
        target: Target,
        shapes: Sequence[tuple[int, ...]],
        ends: tuple[Mistakes, Mistakes],
    ) -> float:
        """The c with answer = a (g₀ + c (g₁ − g₀)) for the gradients g at both ends, or 0."""
        columns = []
        for i, trial in enumerate(self.trials):
            g0, g1 = (self.gradient(i, one).get(name) for one in ends)
            if g0 is None or g1 is None or not (g0.shape == g1.shape == shapes[i]):
                return 0.0
            penalty, by_c = trial.penalty[name], g1 - g0
            g0 = g0 + penalty if penalty.shape == g0.shape else g0
            columns.append(np.stack([g0.ravel(), by_c.ravel()], 1))
        A = np.concatenate(columns)
        if len(A) < 4 or not np.isfinite(A).all() or not A[:, 1].any():
            return 0.0
        (a, b), *_ = np.linalg.lstsq(A, np.concatenate(target.answers), rcond=None)
        return float(f"{b / a:.6g}") if a and target.same(A @ np.array([a, b])) else 0.0

    def changes(self, made: Values, name: str, since: Mistakes = ()) -> bool:
        """Whether a gradient at the first trial is other than with the mistakes `since`."""
        before = self.gradient(0, since)
        a, b = made.get(name), before.get(name)
        if a is None or b is None or a.shape != b.shape:
            return True
        return bool(np.abs(a - b).max() > EXACT * np.abs(b).max())
