"""A job of a sweep as one row: what the sweep's table, pictures and last words are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..metrics import Metric

Cell = float | int | str
"""A value of a swept key: a number, or else its text on the command line."""


@dataclass(frozen=True)
class SweepRow:
    """A job that has ended, in whatever way; what it did not leave is None or not there."""

    job: int  # its number
    status: str
    directory: str  # its name, which is that of its directory in the sweep's if it has one
    swept: Mapping[str, Cell] = field(default_factory=dict)  # by the columns of swept keys
    steps: int | None = None  # updates made
    seconds: float | None = None
    start: Mapping[str, float] = field(default_factory=dict)  # row 0, by column
    final: Mapping[Metric, float] = field(default_factory=dict)
    best: Mapping[Metric, float | None] = field(default_factory=dict)
    theory: Mapping[str, float | None] = field(default_factory=dict)  # predicted, and measured
    error: str = ""
    separate: bool = True  # whether it has a directory


def metrics_of(rows: Sequence[SweepRow]) -> list[Metric]:
    """The metrics of a sweep's table that some job ended with, in their order."""
    found = dict.fromkeys(metric for row in rows for metric in row.final)
    return [metric for metric in found if "sweep" in metric.shown]


def deciding(rows: Sequence[SweepRow]) -> list[Metric]:
    """What tells which job is best, the most important metric first; none where no job ended.

    Those with a priority, or else the loss that is minimised.
    """
    found = list(dict.fromkeys(metric for row in rows for metric in row.final))
    return sorted((m for m in found if m.priority), key=lambda m: -m.priority) or found[:1]
