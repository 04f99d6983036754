"""How things are timed, and what one line of the table says.

Everything that is compared takes turns: A, B, C, A, B, C, … A quotient is formed within one turn,
so that a slow moment of the machine, which hits neighbours alike, cancels.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """What the options of the command line say; the same for all lines."""

    device: str  # cpu or cuda
    threads: int  # of torch, JAX and every process that is timed
    quick: bool
    data_dir: Path
    scratch: Path  # a directory for what is timed to write into; removed at the end

    @property
    def rounds(self) -> int:
        """Turns of everything that is timed within this process."""
        return 2 if self.quick else 9

    @property
    def process_rounds(self) -> int:
        """Turns of whole processes, each of which takes seconds."""
        return 1 if self.quick else 5

    @property
    def shortest(self) -> float:
        """Seconds that one measurement lasts at least."""
        return 0.02 if self.quick else 0.15


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
    """Median and quartiles of at least one value, by linear interpolation between neighbours."""
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


def updates_for(run: Run, shortest: float) -> int:
    """A number of updates that takes about `shortest` seconds or more."""
    updates = 1
    run(updates)
    while True:
        seconds = run(updates).seconds
        if seconds >= 0.7 * shortest or updates >= MOST_UPDATES:
            return updates
        factor = min(100.0, shortest / max(seconds, 1e-9))
        updates = min(MOST_UPDATES, math.ceil(updates * factor))


@dataclass(frozen=True)
class Line:
    """Ours against theirs; `ratio` is ours/theirs, turn by turn: below 1, ours takes less."""

    group: str
    ours: str
    theirs: str
    unit: str = "s"  # of `ours_takes` and `theirs_takes`: s or MB
    ours_takes: Spread | None = None
    theirs_takes: Spread | None = None
    ratio: Spread | None = None
    goal: float | None = None  # the ratio must not be above it
    missing: str | None = None  # why there are no numbers
    failed: bool = False  # there should have been some

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a measurement."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio.median <= self.goal


def compare(
    group: str,
    names: tuple[str, str],
    values: tuple[Sequence[float], Sequence[float]],
    *,
    unit: str = "s",
    goal: float | None = None,
) -> Line:
    """The line of (ours, theirs), measured in the same turns."""
    ours, theirs = values
    return Line(
        group,
        *names,
        unit=unit,
        ours_takes=spread(ours),
        theirs_takes=spread(theirs),
        ratio=ratio(ours, theirs),
        goal=goal,
    )


@dataclass(frozen=True)
class Point:
    """What one update of one run takes with n samples and `runs` runs at once, in the picture."""

    problem: str
    n: int
    runs: int
    seconds: dict[str, Spread]  # who -> seconds


@dataclass(frozen=True)
class Result:
    """What measuring one group gives."""

    lines: list[Line]
    points: list[Point] = field(default_factory=list)
    dataset: str | None = None
