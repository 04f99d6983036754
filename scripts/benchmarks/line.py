"""A line of the table: ours against theirs, or why it was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .timing import Spread, ratio, spread


@dataclass(frozen=True)
class Line:
    """`ratio` is ours/theirs, formed turn by turn: below 1, ours takes less."""

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


def compare(
    group: str,
    names: tuple[str, str],
    values: tuple[Sequence[float], Sequence[float]],
    *,
    unit: str = "s",
    goal: float | None = None,
) -> Line:
    """The line of ours and theirs, measured in the same turns."""
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
