"""How far apart the methods are, pair by pair and parameter by parameter, as data."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .methods import CENTRAL, FORWARD, Evaluation, floors

TOLERANCES = {"float64": 1e-9, "float32": 1e-4}
"""Of the relative difference of two exact methods: they differ by rounding alone."""

CENTRAL_TOLERANCES = {"float64": 1e-6, "float32": 1e-4}
"""With central differences, besides their own measured uncertainty: theirs are float64 in either
case, so that in float32 only the rounding of the other method counts."""

FLOOR = 0.01
"""A gradient below this share of its usual size is compared with that size: at a minimiser the
gradient is what rounding leaves of terms that cancel."""


@dataclass(frozen=True)
class Difference:
    """Of two methods in one parameter: ‖a − b‖∞ and ‖a − b‖∞ / max(‖a‖∞, ‖b‖∞, floor).

    Both are infinite where a or b holds something that is not finite. `allowed` is the relative
    difference with which they count as agreeing.
    """

    absolute: float
    relative: float
    allowed: float
    agree: bool


@dataclass(frozen=True)
class Pair:
    """Two methods: their tolerance, and the largest difference in each parameter at any point."""

    a: str
    b: str
    tolerance: float
    parameters: dict[str, Difference]

    @property
    def worst(self) -> Difference:
        """That of the parameter in which they differ most."""
        return worst(list(self.parameters.values()))

    @property
    def agree(self) -> bool:
        """Whether they agree in every parameter."""
        return self.worst.agree


def tolerance(a: str, b: str, dtype: str) -> float:
    """The largest relative difference with which methods a and b count as agreeing."""
    return (CENTRAL_TOLERANCES if CENTRAL in (a, b) else TOLERANCES)[dtype]


def compare(evaluations: list[Evaluation], dtype: str, reference: str = "backward") -> list[Pair]:
    """Every pair of methods over all points; `reference` tells the usual size of a gradient."""
    sizes = floors(evaluations, reference)
    pairs = []
    for a, b in itertools.combinations(evaluations[0].slopes, 2):
        bound = tolerance(a, b, dtype)
        parameters = {
            name: worst([at_point(e, a, b, name, FLOOR * size, bound) for e in evaluations])
            for name, size in sizes.items()
        }
        pairs.append(Pair(a, b, bound, parameters))
    return pairs


def at_point(
    evaluation: Evaluation, a: str, b: str, name: str, floor: float, bound: float
) -> Difference:
    """Methods a and b in parameter `name`: entry by entry, or slope by slope if one has no more."""
    has_slopes_only = {FORWARD, CENTRAL} & {a, b}
    table = evaluation.slopes if has_slopes_only else evaluation.gradients
    slack = evaluation.uncertainty[name] if CENTRAL in (a, b) else torch.zeros(1)
    return difference(table[a][name], table[b][name], floor, bound, slack)


def difference(a: Tensor, b: Tensor, floor: float, bound: float, slack: Tensor) -> Difference:
    """Of a and b, which agree if |a − b| ≤ bound · max(‖a‖∞, ‖b‖∞, floor) + slack everywhere."""
    a, b, slack = (t.detach().double().cpu() for t in (a, b, slack))
    if not (a.isfinite().all() and b.isfinite().all()):
        return Difference(math.inf, math.inf, bound, False)
    scale = max(float(a.abs().max()), float(b.abs().max()), floor)
    gap = (a - b).abs()
    absolute = float(gap.max())
    relative = absolute / scale if absolute else 0.0
    allowed = bound + float(slack.max()) / scale if scale else bound
    return Difference(absolute, relative, allowed, bool((gap <= bound * scale + slack).all()))


def worst(differences: list[Difference]) -> Difference:
    """The largest relative difference; the largest absolute one; agreement only if all agree."""
    largest = max(differences, key=lambda d: (not d.agree, d.relative))
    return replace(largest, absolute=max(d.absolute for d in differences))
