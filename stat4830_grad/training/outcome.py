"""How a run ended: its status, its exit code and summary.json."""

from __future__ import annotations

from typing import Any

import torch
from msgspec import to_builtins

from ..config.schema import Config
from ..core import NEVER
from ..system import exit_codes
from .experiment import Experiment
from .inputs import recorded_inputs
from .run_directory import RunDirectory, git, versions, write_json

EXIT = {
    "completed": exit_codes.COMPLETED,
    "diverged": exit_codes.DIVERGED,
    "increased": exit_codes.DIVERGED,
}
"""Status of a run that ended by itself -> exit code."""

ROUNDING = {"float32": 1e-6, "float64": 1e-14}
"""Losses closer than that are not told apart."""


def summarise(
    directory: RunDirectory,
    experiment: Experiment,
    config: Config,
    *,
    updates: int,
    diverged_at: int,
    command: str,
) -> dict[str, Any]:
    """Write summary.json and return what it says."""
    final = directory.final
    diverged = diverged_at < NEVER
    summary = {
        "status": status(directory, config, updates=updates, diverged=diverged),
        "steps": diverged_at if diverged else updates,
        "final": {metric.name: final[metric.name] for metric in directory.columns},
        "best": {name: value for name, (value, _) in directory.best.items()},
        "best_step": {name: step for name, (_, step) in directory.best.items()},
        "seconds": final["seconds"],  # of updating, by all runs of the batch together
        "batch": experiment.lr.numel(),  # runs trained together with this one, itself included
        "device": str(experiment.lr.device),
        "threads": torch.get_num_threads(),
        "dtype": config.dtype,
        "seed": config.seed,
        "dataset": experiment.dataset,
        "inputs": [to_builtins(one) for one in recorded_inputs(directory.path)],
        "versions": versions(),
        "command": command,
        "git": git(),
    }
    write_json(directory.path / "summary.json", summary)
    return summary


def status(directory: RunDirectory, config: Config, *, updates: int, diverged: bool) -> str:
    """How a run ended; a key of `EXIT`, or "interrupted"."""
    if diverged:
        return "diverged"
    if updates != config.steps:
        return "interrupted"
    name = directory.columns[0].name
    if directory.first and has_increased(
        directory.first[name], directory.final[name], config.dtype
    ):
        return "increased"
    return "completed"


def has_increased(first: float, last: float, dtype: str) -> bool:
    """Whether a loss ended above its start, by more than rounding could explain."""
    return last - first > 1e-4 * abs(first) + ROUNDING[dtype]
