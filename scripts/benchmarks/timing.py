"""Who is timed when, and what is made of the numbers.

Everything that is compared takes turns: A, B, C, A, B, C, … A quotient is formed within one turn,
so that a slow moment of the machine, which hits neighbours alike, cancels.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Sample = Callable[[], float]
"""One measurement, made anew at every call: seconds, or another quantity with a fixed unit."""


@dataclass(frozen=True)
class Outcome:
    """What one run of some updates took, and where it ended."""

    seconds: float
    loss: float  # of the first run of a batch, after the last update


Run = Callable[[int], Outcome]
"""Makes so many updates from the initial point; compilation and evaluation are not timed."""

MOST_UPDATES = 100_000


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles, between neighbours by linear interpolation."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Spread of the quotients ours/theirs, turn by turn."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def alternate(samples: Mapping[str, Sample], rounds: int) -> dict[str, list[float]]:
    """Every sample once unrecorded, to warm up, then `rounds` turns of all in their order."""
    for sample in samples.values():
        sample()
    values: dict[str, list[float]] = {name: [] for name in samples}
    for _ in range(rounds):
        for name, sample in samples.items():
            values[name].append(sample())
    return values


def updates_for(run: Run, least: float) -> int:
    """A number of updates that takes about `least` seconds or more."""
    updates = 1
    run(updates)
    while True:
        seconds = run(updates).seconds
        if seconds >= 0.7 * least or updates >= MOST_UPDATES:
            return updates
        factor = min(100.0, least / max(seconds, 1e-9))
        updates = min(MOST_UPDATES, math.ceil(updates * factor))
