"""The report of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..config.problems import ImageProblem
from ..config.schema import Config
from ..metrics import Metric
from ..system.reading import read_config, read_json
from ..training.landscape import Landscape
from ..training.report import headline
from ..training.rows import Row
from ..training.snapshots import Snapshots
from .packing import Data, about, curves
from .parts import configuration, environment, function, write_report
from .weights import weights


def report_run(
    config: Config,
    rows: Sequence[Row],
    columns: Sequence[Metric],
    found: Landscape | None,
    directory: Path,
    snapshots: Snapshots | None = None,
) -> None:
    """report.html of the run in `directory`, which has written everything else.

    Args:
        found: f around its iterates, if it is a function of one or two numbers.
        snapshots: its weights at steps between the first and the last.

    Raises:
        OSError: it cannot be written.
        DataError: the run's files are damaged.
    """
    summary = read_json(directory / "summary.json")
    images = isinstance(config.problem, ImageProblem)
    data: Data = {
        "kind": "run",
        "status": summary["status"],
        "steps": summary["steps"],
        "commands": [summary["command"]],
        "labels": [directory.name],
        "curves": curves([rows], columns),
        "ends": ends(summary, columns),
        "configuration": configuration(read_config(directory / "config.yaml")),
        "environment": environment(summary),
        "function": function(found),
        "weights": weights(directory, snapshots) if images else [],
    }
    write_report(directory, headline(config, summary["device"]), data)


def ends(summary: dict[str, Any], columns: Sequence[Metric]) -> list[Data]:
    """Last and best value of every metric, and the step of the best."""
    return [
        {
            **about(metric),
            "final": summary["final"].get(metric.name),
            "best": summary["best"].get(metric.name),
            "at": summary["best_step"].get(metric.name),
        }
        for metric in columns
    ]
