"""The report of a comparison of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..metrics import Metric
from ..training.finished import FinishedRun, common_columns, facts
from ..training.landscape import Landscape
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
    metrics = common_columns(runs)
    statuses = [str(run.summary.get("status", "not ended")) for run in runs]
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
        "table": columns(runs, keys, metrics, statuses),
        "function": function(found),
        "differences": list(differences),
        "environment": environment(runs[0].summary),
    }
    write_report(directory, title, data)


def columns(
    runs: Sequence[FinishedRun],
    keys: Sequence[str],
    metrics: Sequence[Metric],
    statuses: list[str],
) -> list[Data]:
    """The table of the runs: what is not the same in all, how they ended, and where."""
    settings = [facts(run) for run in runs]
    differing = [column(key, [cell(one.get(key)) for one in settings]) for key in keys]
    return [
        column("run", [run.label for run in runs]),
        *({**of_key, "swept": True} for of_key in differing),
        column("status", statuses),
        column("updates", [int(run.rows[-1]["step"]) for run in runs]),
        *({**about(m), "values": [run.rows[-1][m.name] for run in runs]} for m in metrics),
    ]


def column(name: str, values: list[Any]) -> Data:
    """A column of the table."""
    return {"name": name, "title": name, "values": values}


def cell(value: object) -> object:
    """A value of a configuration in a cell."""
    if value is None or isinstance(value, int | float | str):
        return value
    return str(value)
