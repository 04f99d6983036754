"""The report of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..config.problems import ImageProblem
from ..config.schema import Config
from ..data.weights import load
from ..figures.landscape import Landscape
from ..metrics import Metric
from ..system.errors import UserError
from ..system.reading import read_config, read_json
from ..training.report import headline
from ..training.rows import Row
from .packing import Data, about, curves, packed
from .parts import configuration, environment, function, write_report

SIDE = 28
"""Of an image, in pixels."""

MOST_IMAGES = 64
"""Units of a layer that are shown."""


def report_run(
    config: Config,
    rows: Sequence[Row],
    columns: Sequence[Metric],
    found: Landscape | None,
    directory: Path,
) -> None:
    """report.html of the run in `directory`, which has written everything else.

    Args:
        found: f around its iterates, if it is a function of one or two numbers.

    Raises:
        OSError: it cannot be written.
        DataError: the run's files are damaged.
    """
    summary = read_json(directory / "summary.json")
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
        "weights": weights(directory) if isinstance(config.problem, ImageProblem) else [],
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


def weights(directory: Path) -> list[Data]:
    """The weights of each unit that sees the image, at the initial point and at the end.

    [{name, units, first, last}], the two packed: one image of 28×28 after another.
    """
    try:
        first = load(directory / "initial_weights.pt", torch.device("cpu"))
        last = load(directory / "checkpoint.pt", torch.device("cpu"))["params"]
    except (UserError, KeyError):
        return []
    shown = []
    for name, values in last.items():
        now, before = images(values), images(first[name])
        if now is not None and before is not None:
            pair = {"first": packed(before.flatten()), "last": packed(now.flatten())}
            shown.append({"name": name, "units": len(now), **pair})
    return shown


def images(values: Tensor) -> Tensor | None:
    """Weights of pixels as images (units, 784); None for what is none."""
    if values.ndim == 1 and values.numel() == SIDE**2:
        return values[None]
    if values.ndim == 2 and SIDE**2 in values.shape:
        units = values if values.shape[1] == SIDE**2 else values.mT
        return units[:MOST_IMAGES]
    return None
