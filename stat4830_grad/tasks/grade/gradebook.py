"""The gradebook: one row for each submission."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...system.files import write_text
from .grading import Result


def write_gradebook(path: Path, results: Sequence[Result]) -> None:
    """Name, file, status, score, points, a column for each parameter (1 is right), diagnosis."""
    parameters = list(dict.fromkeys(name for one in results for name in one.parameters))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["name", "file", "status", "score", "points", *parameters, "diagnosis"])
    for one in results:
        marks = [str(int(one.parameters[p])) if p in one.parameters else "" for p in parameters]
        row = [one.name, one.file, one.status, f"{one.score:g}", f"{one.points:g}", *marks]
        rows.writerow([*map(harmless, row), harmless(" ".join(one.about.split()))])
    write_text(path, text.getvalue())


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


@dataclass(frozen=True)
class Summary:
    """A class at one glance."""

    count: int
    statuses: list[tuple[str, int]]  # the commonest first
    mistakes: list[tuple[str, list[str]]]  # what was wrong -> whose; the commonest first
    mean: float  # of the scores
    points: float
    slowest: list[Result]


SLOWEST = 5


def summary(results: Sequence[Result]) -> Summary:
    """What a class had, counted."""
    whose: dict[str, list[str]] = {}
    for one in results:
        for mistake in dict.fromkeys(
            f.mistake if f.kind != one.status else f"no answer: {f.kind}" for f in one.findings
        ):
            whose.setdefault(mistake, []).append(one.name)
    return Summary(
        count=len(results),
        statuses=Counter(one.status for one in results).most_common(),
        mistakes=sorted(whose.items(), key=lambda item: (-len(item[1]), item[0])),
        mean=sum(one.score for one in results) / max(1, len(results)),
        points=results[0].points if results else 0.0,
        slowest=sorted(results, key=lambda one: -one.seconds)[:SLOWEST],
    )
