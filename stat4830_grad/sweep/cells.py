"""The rows of sweep.csv: from a job that has ended to text, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config.jobs import Job
from ..config.values import written
from ..metrics import Metric
from ..problems import metric_named
from ..training.rows import meanings
from ..training.sweep_row import Cell, SweepRow

FIXED = ("job", "status", "steps", "seconds", "directory", "name", "error")
"""Columns that are there in every sweep, `name` where jobs have no directories."""

THEORY = ("converged_to", "predicted_rate", "measured_rate")
"""Columns that set theory beside a run."""


def ended(
    job: Job,
    status: str,
    summary: Mapping[str, Any] | None = None,
    columns: Sequence[Metric] = (),
    theory: Mapping[str, float | None] | None = None,
    error: str = "",
    separate: bool = True,
) -> SweepRow:
    """The row of a job that has ended.

    Args:
        summary: its summary.json, if it left one.
        columns: the metrics that it logged.
        theory: what was predicted of it, and what was measured.
        separate: whether it has a directory.
    """
    summary = summary or {"steps": None, "final": {}, "best": {}, "seconds": None}
    return SweepRow(
        job=job.number,
        status=status,
        directory=job.name,
        separate=separate,
        swept={column(key): cell(value) for key, value in job.swept.items()},
        steps=summary["steps"],
        seconds=summary["seconds"],
        final={metric: summary["final"][metric.name] for metric in columns},
        best={metric: summary["best"].get(metric.name) for metric in columns},
        theory=theory or {},
        error=error,
    )


def cell(value: object) -> Cell:
    """A number as such, anything else as it is written on the command line."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return written(value)


def cells_of(row: SweepRow) -> dict[str, str]:
    """A row as text, in the order of its columns."""
    values: dict[str, Cell | None] = {
        "job": row.job,
        **row.swept,
        "status": row.status,
        "steps": row.steps,
        **{f"final_{metric.name}": value for metric, value in row.final.items()},
        **{f"best_{metric.name}": value for metric, value in row.best.items()},
        **row.theory,
        "seconds": row.seconds,
        "directory" if row.separate else "name": row.directory,
        "error": row.error,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


def row_of(cells: Mapping[str, str], sweep: Path) -> SweepRow:
    """The row that an earlier process wrote as text.

    Args:
        sweep: its directory.

    Raises:
        DataError: what the job left of its columns is damaged.
        AttributeError, KeyError, TypeError, ValueError: it is none.
    """

    def named(prefix: str) -> Iterator[tuple[str, float]]:
        for name, value in cells.items():
            if name.startswith(prefix) and value:
                yield name.removeprefix(prefix), float(value)

    own = meanings(sweep / (cells.get("directory") or "."))

    def results(prefix: str) -> dict[Metric, float]:
        return {own.get(name) or metric_named(name): value for name, value in named(prefix)}

    known = (*FIXED, *THEORY)
    return SweepRow(
        job=int(cells["job"]),
        status=cells["status"],
        directory=cells.get("directory") or cells["name"],
        separate=bool(cells.get("directory")),
        swept={
            name: number_or_text(value)
            for name, value in cells.items()
            if name not in known and not name.startswith(("final_", "best_")) and value
        },
        steps=int(cells["steps"]) if cells.get("steps") else None,
        seconds=float(cells["seconds"]) if cells.get("seconds") else None,
        final=results("final_"),
        best=results("best_"),
        theory={name: float(cells[name]) for name in THEORY if cells.get(name)},
        error=cells.get("error", ""),
    )


def number_or_text(text: str) -> Cell:
    """A number where it is written as Python writes it, so that it is written again alike."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text:
            return value
    return text


def column(key: str) -> str:
    """The column of a swept key; `steps` has its own, which tells the updates made."""
    return f"{key}_asked" if key in FIXED else key
