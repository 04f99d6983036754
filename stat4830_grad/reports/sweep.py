"""The report of a sweep: its jobs as a table, curves and points that are linked to one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..metrics import Metric
from ..system.wording import typeset
from ..training.landscape import Landscape
from ..training.rows import Row
from ..training.sweep_row import SweepRow, deciding, metrics_of
from .packing import Data, about, curves
from .parts import Table, function, write_report

APART = 8
"""So many runs have colours of their own; more are shaded by a number that was swept."""

THEORY = ("converged_to", "predicted_rate", "measured_rate")
"""Columns of a sweep's table that set theory beside a run."""


@dataclass(frozen=True)
class SweepReport:
    """What a sweep's report shows."""

    title: str
    summary: str  # how its jobs ended, in words
    command: str  # that repeats it
    rows: Sequence[SweepRow]  # every job that ended
    logged: Mapping[str, Sequence[Row]]  # by the job's directory; not of those that logged nothing
    commands: Mapping[str, str]  # the same; each repeats a job alone
    swept: Sequence[str]  # columns of swept keys
    theory: Mapping[str, Any]  # what holds for all of them
    found: Landscape | None
    configuration: Table
    environment: Table


def report_sweep(report: SweepReport, directory: Path) -> None:
    """report.html of the sweep in `directory`.

    Raises:
        OSError: it cannot be written.
    """
    rows, names = report.rows, report.found.names if report.found else ()
    every = list(dict.fromkeys(metric for row in rows for metric in row.final))
    drawn = [metric for metric in every if "progress" in metric.shown and metric.better]
    of_f = every[:1] + [metric for metric in every if metric.name in names] if names else []
    decides = deciding(rows)
    data: Data = {
        "kind": "sweep",
        "summary": report.summary,
        "command": report.command,
        "commands": [report.commands.get(row.directory, "") for row in rows],
        "labels": [row.directory for row in rows],
        "statuses": [row.status for row in rows],
        "shades": shades(rows, report.swept),
        "shaded_by": shaded_by(rows, report.swept),
        "curves": curves(
            [report.logged.get(row.directory, ()) for row in rows],
            list(dict.fromkeys([*of_f, *drawn])),
        ),
        "panels": [metric.name for metric in drawn],
        "deciding": decides[0].name if decides else None,
        "table": columns(rows, report.swept, metrics_of(rows)),
        "lines": lines(report.theory),
        "function": function(report.found),
        "configuration": report.configuration,
        "environment": report.environment,
    }
    write_report(directory, report.title, data)


def columns(
    rows: Sequence[SweepRow], swept: Sequence[str], metrics: Sequence[Metric]
) -> list[Data]:
    """The table of jobs, column by column."""

    def column(name: str, values: list[Any], **more: object) -> Data:
        return {"name": name, "title": name.replace("_", " "), "values": values, **more}

    found = [column("job", [row.job for row in rows])]
    found += [
        {**column(key, [row.swept.get(key) for row in rows]), "swept": True, "title": key}
        for key in swept
    ]
    found.append(column("status", [row.status for row in rows]))
    found.append(column("steps", [row.steps for row in rows]))
    for metric in metrics:
        found.append({**about(metric), "values": [row.final.get(metric) for row in rows]})
        if metric.better:
            best = {"name": f"best_{metric.name}", "title": f"best {metric.title}"}
            found.append({**about(metric), **best, "values": [r.best.get(metric) for r in rows]})
    for name in THEORY:
        if any(row.theory.get(name) is not None for row in rows):
            found.append(column(name, [row.theory.get(name) for row in rows]))
    if any(row.error for row in rows):
        found.append(column("error", [row.error for row in rows]))
    return found


def shades(rows: Sequence[SweepRow], swept: Sequence[str]) -> list[float] | None:
    """A number from 0 to 1 for each of many runs; None where they are few enough for colours."""
    if len(rows) <= APART:
        return None
    key = shaded_by(rows, swept)
    values = [float(row.job if key == "job" else row.swept[key]) for row in rows]
    if min(values) > 0 and max(values) > 20 * min(values):
        values = [math.log(value) for value in values]
    low, width = min(values), max(values) - min(values) or 1.0
    return [round((value - low) / width, 4) for value in values]


def shaded_by(rows: Sequence[SweepRow], swept: Sequence[str]) -> str:
    """The swept key with the most numbers; the job's own number where there is none."""
    numeric = [key for key in swept if all(is_number(row.swept.get(key)) for row in rows)]
    return max(numeric, key=lambda key: len({row.swept[key] for row in rows}), default="job")


def is_number(value: object) -> bool:
    """Whether a swept value is one."""
    return isinstance(value, int | float)


def lines(theory: Mapping[str, Any]) -> list[Data]:
    """Where theory draws a line: [{key, at, text}], `key` being that of an axis."""
    lr, found = "optimizer.lr", []
    for name, at in theory.get("step_sizes", {}).items():
        found.append({"key": lr, "at": at, "text": name.replace("mu", "μ")})
    limit = theory.get("step_limit")
    if limit is not None and limit not in theory.get("step_sizes", {}).values():
        found.append({"key": lr, "at": limit, "text": "limit of convergence"})
    for near in theory.get("minimisers", []):
        x = typeset(near["x"])
        found.append({"key": "problem.x0", "at": near["x"], "text": f"minimiser {x}"})
        if near.get("step_limit") is not None:
            text = f"limit near x = {x}"
            found.append({"key": lr, "at": near["step_limit"], "text": text})
    for x in theory.get("maximisers", []):
        found.append({"key": "problem.x0", "at": x, "text": "basins part"})
    return found
