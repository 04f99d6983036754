"""What a run has left in its directory, as a tracker takes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..config.schema import OF_OTHER_TASKS
from ..config.values import leaves
from ..core import Params
from ..system.reading import read_config, read_json
from ..training.finished import TELLS_NOTHING
from ..training.rows import Row
from ..training.saved_params import initial_params, last_params

Array = NDArray[np.float64]
PROJECT = "stat4830_grad"
"""The project, or experiment, of runs, unless a tracker's own settings name another."""

UNFINISHED = "interrupted"
"""How a run ended that was killed before it wrote a summary."""


@dataclass(frozen=True)
class LeftRun:
    """A run's directory while it trains or after it."""

    path: Path  # absolute
    id: str  # its own, for trackers that let one be chosen

    @property
    def name(self) -> str:
        """Its directory's."""
        return self.path.name

    @property
    def group(self) -> str | None:
        """The name of the sweep that it is a job of."""
        return self.sweep.name if self.sweep else None

    @property
    def sweep(self) -> Path | None:
        """The directory of that sweep."""
        return self.path.parent if (self.path.parent / ".sweep").is_dir() else None

    @cached_property
    def config(self) -> dict[str, Any]:
        """What was chosen, as nested dicts; nothing of how it was logged or drawn."""
        tree = read_config(self.path / "config.yaml")
        left_out = (*TELLS_NOTHING, *OF_OTHER_TASKS, "task")
        return {k: v for k, v in tree.items() if k not in left_out}

    @property
    def keys(self) -> dict[str, Any]:
        """The same by dotted keys."""
        return dict(leaves(self.config))

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json as it is now; nothing before there is one."""
        path = self.path / "summary.json"
        found: dict[str, Any] = read_json(path) if path.exists() else {}
        return found

    @property
    def status(self) -> str:
        """How it ended."""
        return str(self.summary.get("status", UNFINISHED))

    @property
    def failed(self) -> bool:
        """Whether it diverged, or ended above its start."""
        return self.status in ("diverged", "increased")

    @cached_property
    def began(self) -> float:
        """When, in seconds since 1970."""
        files = (self.path / "initial_weights.pt", self.path / "metrics.csv")
        return min(file.stat().st_mtime for file in files if file.exists())

    def at(self, row: Row) -> float:
        """When a row was logged, in seconds since 1970, to the time that updates took."""
        return self.began + row["seconds"]

    @property
    def figures(self) -> list[Path]:
        """Its pictures."""
        return sorted(self.path.glob("*.png"))

    @property
    def files(self) -> list[Path]:
        """The files that people read."""
        names = ("config.yaml", "metrics.csv", "summary.json", "inputs.json", "report.html")
        return [self.path / name for name in names if (self.path / name).exists()]

    def first_weights(self) -> dict[str, Array]:
        """The finite entries of each parameter at the initial point.

        Parameters of one number are left out: they are logged as such.
        """
        return finite_entries(initial_params(self.path))

    def last_weights(self) -> dict[str, Array]:
        """The same at the last checkpoint."""
        _, params = last_params(self.path)
        return finite_entries(params)

    @property
    def steps(self) -> int:
        """Updates made, once there is a summary."""
        return int(self.summary.get("steps", 0))

    def results(self) -> dict[str, float]:
        """Best values by name: `best_val_accuracy`; those that are finite."""
        best = {f"best_{k}": float(v) for k, v in self.summary.get("best", {}).items()}
        return {name: value for name, value in best.items() if math.isfinite(value)}


def scalars(row: Row) -> dict[str, float]:
    """What a tracker shows as curves: the columns of a row but for step and time."""
    return {name: value for name, value in row.items() if name not in ("step", "seconds")}


def finite_entries(params: Params) -> dict[str, Array]:
    """What can be counted of each parameter, if it is more than one number."""
    flat = {name: values.detach().double().flatten() for name, values in params.items()}
    kept = {name: values[torch.isfinite(values)] for name, values in flat.items()}
    return {name: values.numpy() for name, values in kept.items() if len(values) > 1}


def histogram(values: Array) -> tuple[NDArray[np.int64], Array]:
    """Counts (64,) and edges (65,)."""
    counts, edges = np.histogram(values, bins=64)
    return counts, edges
