"""The report of a comparison of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..figures.landscape import Landscape
from ..training.finished import FinishedRun, common_columns, facts
from .packing import Data, about, curves
from .parts import environment, function, write_report


def report_comparison(
    runs: Sequence[FinishedRun],
    keys: Sequence[str],
    differences: Sequence[str],
    found: Landscape | None,
    title: str,
    command: str,
    directory: Path,
) -> None:
    """report.html in `directory`.

    Args:
        keys: of what is not the same in all runs.
        differences: sentences about the first of them.
        found: f, if the runs minimised one function of one or two numbers.

    Raises:
        OSError: it cannot be written.
    """
    metrics, told = common_columns(runs), [facts(run) for run in runs]
    statuses = [str(run.summary.get("status", "not ended")) for run in runs]
    table: list[Data] = [column("run", [run.label for run in runs])]
    table += [{**column(key, [cell(one.get(key)) for one in told]), "swept": True} for key in keys]
    table.append(column("status", statuses))
    table.append(column("updates", [int(run.rows[-1]["step"]) for run in runs]))
    for metric in metrics:
        table.append({**about(metric), "values": [run.rows[-1][metric.name] for run in runs]})
    data: Data = {
        "kind": "comparison",
        "summary": f"{len(runs):,} runs compared",
        "command": command,
        "commands": [str(run.summary.get("command", "")) for run in runs],
        "labels": [run.label for run in runs],
        "statuses": statuses,
        "curves": curves([run.rows for run in runs], metrics),
        "deciding": max(metrics, key=lambda metric: metric.priority).name if metrics else None,
        "panels": [metric.name for metric in metrics if metric.better],
        "table": table,
        "function": function(found),
        "differences": list(differences),
        "environment": environment(runs[0].summary),
    }
    write_report(directory, title, data)


def column(name: str, values: list[Any]) -> Data:
    """A column of the table."""
    return {"name": name, "title": name, "values": values}


def cell(value: object) -> object:
    """A value of a configuration in a cell."""
    if value is None or isinstance(value, int | float | str):
        return value
    return str(value)
