"""What a picture of f with iterates on it shows, as plain arrays, and the window it shows.

Imports no torch: a process that draws needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """The iterates of a run that were logged, as long as there is a place for them."""

    steps: Array  # (T,), the number of updates
    points: Array  # (T, c), c being one or two
    losses: Array  # (T,)
    diverged: bool  # it came to numbers that are not finite, or too large

    @cached_property
    def settled(self) -> bool:
        """Whether it ended no higher than it began, and was not on its way to infinity.

        There the last move is far longer than those before it.
        """
        moves = np.abs(np.diff(self.points, axis=0)).max(axis=1, initial=0.0)
        risen = self.diverged or self.losses[-1] > self.losses[0]
        return not risen and (len(moves) == 0 or bool(moves[-1] <= 2 * moves.mean()))


@dataclass(frozen=True)
class Landscape:
    """f on a grid over the window, and the paths of runs on it."""

    names: tuple[str, ...]  # of the c parameters
    grid: tuple[Array, ...]  # along each of them
    values: Array  # f there: (n,) or (n₁, n₂)
    paths: tuple[Path, ...]
    solution: Array | None = None  # (c,)

    @cached_property
    def window(self) -> Array:
        """Least and greatest value of each parameter that is shown: (c, 2)."""
        return np.array([[axis[0], axis[-1]] for axis in self.grid])

    @cached_property
    def heights(self) -> Array:
        """Least and greatest f that the graph of one parameter shows: (2,).

        It holds f at every start and wherever a run is that settles, with as much around it.
        """
        seen = [p.losses if p.settled else p.losses[:1] for p in self.paths]
        low, high = np.concatenate(seen).min(), np.concatenate(seen).max()
        finite = self.values[np.isfinite(self.values)]
        room = 0.5 * (high - low) or np.ptp(finite)
        ends = np.array([max(low - room, finite.min()), min(high + room, finite.max())])
        return ends + np.array([-0.06, 0.06]) * (np.ptp(ends) or 1.0)

    @cached_property
    def box(self) -> Array:
        """The limits of the axes: (2, 2)."""
        return self.window if len(self.grid) == 2 else np.stack([self.window[0], self.heights])

    def placed(self, path: Path) -> Array:
        """Where the iterates are on the axes: (T, 2)."""
        alone = path.points.shape[1] == 1
        return np.column_stack([path.points, path.losses]) if alone else path.points

    def shown(self, path: Path) -> NDArray[np.bool_]:
        """Which iterates are on the picture: (T,)."""
        return inside(self.placed(path), self.box)

    def leaves(self, path: Path) -> bool:
        """Whether it is not drawn to its end."""
        return path.diverged or self.drawn(path) < len(path.steps)

    def drawn(self, path: Path) -> int:
        """How many iterates are drawn: of a run that does not settle those until it leaves."""
        shown = self.shown(path)
        return len(shown) if path.settled or shown.all() else int(shown.argmin())


FLAT = 0.02
"""Below this share of its size, the spread of a parameter is no scale to draw at."""
NEAR = {1: 1.25, 2: 2.0}
"""Iterates are near that are so many times as far from 0 as the farthest start or end,"""
MARGIN = {1: 0.25, 2: 0.12}
"""and around what is to be seen is as much, as a share of its size; by number of parameters."""
SLENDER = 0.05
"""Parameters whose spreads are less apart than this are shown in one scale,"""
SIDES = {1: np.ones(1), 2: np.array([1.0, 0.55])}
"""in a window of which each side is at least so long, as a share of the longest."""


def window(paths: Sequence[Path], solution: Array | None) -> Array:
    """The part of the plane (or line) that shows the paths well: (c, 2).

    It holds every start, the solution, and where runs settled; of the other iterates those that
    are not far from them. So a run that diverges, or that leaps, leaves the picture.
    """
    ends = [path.points[-1] for path in paths if path.settled]
    known = [] if solution is None else [solution]
    anchors = np.array([*(path.points[0] for path in paths), *ends, *known])
    low, high = anchors.min(axis=0), anchors.max(axis=0)
    around = np.stack([2 * low - high, 2 * high - low], axis=1)
    each = np.abs(anchors).max(axis=0)
    every = np.concatenate([path.points for path in paths])
    reach = NEAR[len(each)] * (each.max() or 1.0)
    near = inside(every, around) | (np.abs(every) <= reach).all(axis=1)
    seen = np.concatenate([anchors, every[near]])
    low, high = seen.min(axis=0), seen.max(axis=0)
    size = extent(high - low, each)
    half = (0.5 + MARGIN[len(size)]) * size
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half], axis=1)


def extent(size: Array, scale: Array) -> Array:
    """How much of each parameter to show, if `size` of it is to be seen and `scale` is its size."""
    flat = size <= FLAT * scale
    if flat.all():
        return np.full_like(size, scale.max() or 1.0)
    longest = size.max(where=~flat, initial=0.0)
    shown: Array = np.maximum(size, SIDES[len(size)] * longest)
    return np.where(flat | (size >= SLENDER * longest), shown, size)


def inside(points: Array, box: Array) -> NDArray[np.bool_]:
    """Which of the points (T, c) are in the box (c, 2): (T,)."""
    return np.asarray(((points >= box[:, 0]) & (points <= box[:, 1])).all(axis=1))


def nearby(points: Array, box: Array) -> Array:
    """The points (T, c), those far outside the box moved towards it, so that lines can be drawn."""
    middle, half = box.mean(axis=1), (box[:, 1] - box[:, 0]) / 2
    offset = np.clip(points, middle - FAR * half, middle + FAR * half) - middle
    away = np.abs(offset / half).max(axis=1, keepdims=True)
    return np.where(away <= 10, points, middle + offset * (10 / np.maximum(away, 10)))


FAR = 1e6
