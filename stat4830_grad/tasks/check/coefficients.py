"""The numbers c and b with answer = c·s·gradient + b·parameter, and what they are called.

s is a size such as n or 1/n, so that c is the same at points of several sizes: there 1/n is told
apart from a step size that happens to equal it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .mistakes.recipe import Array
from .scales import Scale

NICE = {1.0: "1", 2.0: "2", 0.5: "½", 4.0: "4", 0.25: "¼", 3.0: "3"}

STEPS = tuple(float(f"{digit}e-{k}") for k in range(1, 6) for digit in (1, 5))
"""Usual step sizes."""


WHOLE, BUT_FIRST = "w", "w but for its first entry"


MINUS = 1.1
"""The cost of a wrong sign, a little more than that of a mistake which makes one."""


@dataclass(frozen=True)
class Coefficients:
    """answer = c·scale·gradient + b·of·column.

    `bare`: the gradient is that of the data alone, where the right one has a penalty's part too.
    """

    c: float
    scale: str = ""
    b: float = 0.0
    of: str = ""
    column: str = ""  # a key of `columns`
    bare: bool = False
    sound: bool = False  # whether b·of·column is the penalty's part as it should be

    @property
    def factor(self) -> bool:
        """Whether there is a factor before the gradient."""
        return self.c != 1 or bool(self.scale)

    @property
    def updated(self) -> bool:
        """Whether it is the parameter after a step, down or up, not the gradient."""
        step = self.c < 0 or bool(self.scale and self.c) or 0 < self.c < 1
        return self.b == 1 and step and not self.of and self.column == WHOLE

    @property
    def minus(self) -> bool:
        """Whether it has the wrong sign."""
        return self.c > 0 if self.updated else self.c < 0

    @property
    def cost(self) -> float:
        """How far-fetched it is."""
        if self.updated:
            return 1.5 + 0.3 * bool(self.scale) + MINUS * self.minus
        size, cost = abs(self.c), MINUS * self.minus
        if size != 1 or self.scale:
            cost += 1.0 if size in NICE or (size in STEPS and not self.scale) else 2.0
        cost += 0.2 * bool(self.scale and size != 1)
        cost += 0.3 * ("²" in self.scale) + 0.3 * bool(self.of)
        return cost + (1.0 * (not self.sound) if self.bare else 1.5 * bool(self.b))

    @property
    def name(self) -> str:
        """`2/n`, `−½`, `n/2`, `3.7`."""
        size, sign = abs(self.c), "−" if self.c < 0 else ""
        said = NICE.get(size, f"{size:.6g}")
        if not self.scale:
            return sign + said
        below = self.scale.removeprefix("1/")
        if below != self.scale:
            return sign + (f"1/({round(1 / size)}{below})" if size < 1 else f"{said}/{below}")
        if size in (0.5, 0.25):
            return f"{sign}{self.scale}/{round(1 / size)}"
        return sign + (self.scale if size == 1 else f"{said}{self.scale}")


def columns(w: Array, *, only: bool) -> dict[str, Array]:
    """What a penalty may add, of a parameter of the gradient's shape: flat, by name.

    Args:
        only: the parameter itself.
    """
    if only:
        return {WHOLE: w.ravel()}
    made = {WHOLE: w.ravel(), "w²": (w * w).ravel(), "the sign of w": np.sign(w).ravel()}
    if w.ndim == 1 and w.size > 1:
        made[BUT_FIRST] = np.concatenate([[0.0], w[1:]])
    return made


@dataclass(frozen=True)
class Target:
    """What is to be explained: an answer at each point, flat, and what a penalty may add there."""

    answers: tuple[Array, ...]
    columns: tuple[dict[str, Array], ...]  # none where the answer has not the parameter's shape
    scales: tuple[Scale, ...]
    bound: float  # relative difference up to which it counts as explained

    def near(self, i: int, gradient: Array) -> bool:
        """Whether the answer at point i may be in the span of a gradient and one of the columns."""
        answer = self.answers[i]
        if answer.size < 3:
            return True
        units, along, size = self.frames[i]
        g, gg = units @ gradient, gradient @ gradient
        ag = answer @ gradient
        with np.errstate(all="ignore"):  # without what lies along a column, of both
            rest = size - along**2 - (ag - along * g) ** 2 / (gg - g**2)
        return not (rest > max(1e-9, self.bound**2) * size).all()

    @cached_property
    def frames(self) -> list[tuple[Array, Array, float]]:
        """At each point the columns with length 1, a row each, the answer's part along them and its
        squared length; the first row is zero."""
        made = []
        for answer, columns in zip(self.answers, self.columns, strict=True):
            rows = [0 * answer, *(c / (np.sqrt(c @ c) or 1.0) for c in columns.values())]
            units = np.stack(rows)
            made.append((units, units @ answer, float(answer @ answer)))
        return made

    def explained(self, gradients: Sequence[Array], *, bare: bool) -> list[Coefficients]:
        """All that fit, the likeliest first; one with a column only if none is without."""
        if not any(g.any() for g in gradients):
            return []
        each = np.stack([self.scaled(s, gradients) for s in self.scales])
        found = [c for s in self.alone(each) if (c := self.fit(gradients, s))]
        if not found:
            found = [c for s, added in self.beside(each) if (c := self.fit(gradients, s, *added))]
        return sorted((replace(c, bare=bare) for c in found), key=lambda c: c.cost)

    def scaled(self, s: Scale, arrays: Iterable[Array]) -> Array:
        """The arrays at all points, each times the scale there, as one."""
        return np.concatenate([v * a for v, a in zip(s.values, arrays, strict=True)])

    @cached_property
    def additions(self) -> list[tuple[Scale, str]]:
        """What may be added to a gradient: a column and its scale."""
        each = [s for s in self.scales if s.name in ("", "1/n", "n")]
        return [(s, column) for s in each for column in self.columns[0]]

    @cached_property
    def added(self) -> Array:
        """All of these at all points, a row each."""
        return np.stack([self.scaled(s, [at[c] for at in self.columns]) for s, c in self.additions])

    @cached_property
    def whole(self) -> Array:
        """The answers at all points."""
        return np.concatenate(self.answers)

    @property
    def loose(self) -> float:
        """The square that may be left over of an answer for it to be looked at closely."""
        return max(1e-9, 10 * self.bound**2) * float(self.whole @ self.whole)

    def alone(self, each: Array) -> list[Scale]:
        """The scales with which a gradient may be the answer; `each` has it times every scale."""
        along, squares = each @ self.whole, (each * each).sum(1)
        rest = self.whole @ self.whole - along**2 / squares
        return [self.scales[i] for i in np.flatnonzero(rest <= self.loose)]

    def beside(self, each: Array) -> list[tuple[Scale, tuple[Scale, str]]]:
        """Likewise with something added: least squares of two unknowns for all pairs at once."""
        if not self.columns[0] or self.whole.size < 4:
            return []
        a, W = self.whole, self.added
        ga, wa, gw = (each @ a)[:, None], (W @ a)[None], each @ W.T
        gg, ww = (each * each).sum(1)[:, None], (W * W).sum(1)[None]
        det = gg * ww - gw**2
        with np.errstate(all="ignore"):
            c, b = (ga * ww - gw * wa) / det, (gg * wa - gw * ga) / det
        fits = (a @ a - c * ga - b * wa <= self.loose) & (det > 1e-12 * gg * ww)
        return [(self.scales[i], self.additions[j]) for i, j in np.argwhere(fits)]

    def fit(
        self, gradients: Sequence[Array], s: Scale, of: Scale | None = None, column: str = ""
    ) -> Coefficients | None:
        """The coefficients by least squares, if nothing is left over."""
        answer = self.whole
        A = [self.scaled(s, gradients)]
        if of:
            A.append(self.scaled(of, [at[column] for at in self.columns]))
        found = np.linalg.lstsq(np.stack(A, 1), answer, rcond=None)[0]
        c, b = (rounded(float(one)) for one in (*found, *[0.0] * (2 - len(found))))
        if of and abs(c) * np.abs(A[0]).max() < 1e-9 * np.abs(answer).max():
            c = 0.0
        if not self.same(c * A[0] + (b * A[1] if of else 0)) or not (b if of else c):
            return None
        return Coefficients(c, s.name, b, of.name, column) if of else Coefficients(c, s.name)

    def same(self, made: Array) -> bool:
        """Whether this is the answer at every point."""
        start = 0
        for answer in self.answers:
            part = made[start : start + answer.size]
            start += answer.size
            size = max(np.abs(answer).max(), np.abs(part).max())
            if np.abs(part - answer).max() > self.bound * size:
                return False
        return True

    def adds(self, found: Coefficients, penalties: Sequence[Array]) -> bool:
        """Whether what is added to a gradient is this, the penalty's part."""
        value = {s.name: s.values for s in self.scales}[found.of]
        return all(
            np.abs(found.b * v * at[found.column] - p).max() <= 1e-6 * np.abs(p).max()
            for v, at, p in zip(value, self.columns, penalties, strict=True)
        )

    def holds(self, found: Coefficients, gradients: Sequence[Array]) -> bool:
        """Whether these coefficients serve here too."""
        value = {s.name: s.values for s in self.scales}
        made = [found.c * v * g for v, g in zip(value[found.scale], gradients, strict=True)]
        if found.column:
            added = zip(value[found.of], self.columns, strict=True)
            added_to = zip(made, added, strict=True)
            made = [one + found.b * v * at[found.column] for one, (v, at) in added_to]
        return self.same(np.concatenate(made))


def rounded(c: float) -> float:
    """The number with few digits that this is but for rounding, if there is one."""
    short = float(f"{c:.4g}")
    return short if abs(c - short) <= 1e-6 * abs(short) else c


def alternatives(found: Sequence[Coefficients]) -> Iterator[Coefficients]:
    """The likeliest, and those that are as likely."""
    for one in found:
        if one.cost <= found[0].cost + 0.1:
            yield one
