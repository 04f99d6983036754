"""How a run ended: its status, its exit code and summary.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from msgspec import to_builtins

from ..config.schema import Config
from ..core import NEVER
from ..system import exit_codes
from .experiment import Experiment
from .inputs import Input, recorded_inputs
from .run_directory import RunDirectory, git, versions, write_json
from .run_log import RunLog

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
    inputs = recorded_inputs(directory.path)
    summary = {
        **outcome(directory, experiment, config, updates=updates, diverged_at=diverged_at),
        **circumstances(experiment, config, inputs),
        "command": command,
        "git": git(),
    }
    write_json(directory.path / "summary.json", summary)
    return summary


def outcome(
    log: RunLog, experiment: Experiment, config: Config, *, updates: int, diverged_at: int
) -> dict[str, Any]:
    """How a run ended."""
    final = log.final
    diverged = diverged_at < NEVER
    return {
        "status": status(log, config, updates=updates, diverged=diverged),
        "steps": diverged_at if diverged else updates,
        "final": {metric.name: final[metric.name] for metric in log.columns},
        "best": {name: value for name, (value, _) in log.best.items()},
        "best_step": {name: step for name, (_, step) in log.best.items()},
        "seconds": final["seconds"],  # of updating, by all runs of the batch together
        "batch": experiment.lr.numel(),  # runs trained together with this one, itself included
    }


def circumstances(
    experiment: Experiment, config: Config, inputs: Sequence[Input]
) -> dict[str, Any]:
    """Where and with what a run was made."""
    return {
        "device": str(experiment.lr.device),
        "threads": torch.get_num_threads(),
        "dtype": config.dtype,
        "seed": config.seed,
        "dataset": experiment.dataset,
        "inputs": [to_builtins(one) for one in inputs],
        "versions": versions(),
    }


def status(log: RunLog, config: Config, *, updates: int, diverged: bool) -> str:
    """How a run ended; a key of `EXIT`, or "interrupted"."""
    if diverged:
        return "diverged"
    if updates != config.steps:
        return "interrupted"
    name = log.columns[0].name
    if log.first and has_increased(log.first[name], log.final[name], config.dtype):
        return "increased"
    return "completed"


def has_increased(first: float, last: float, dtype: str) -> bool:
    """Whether a loss ended above its start, by more than rounding could explain."""
    return last - first > 1e-4 * abs(first) + ROUNDING[dtype]
