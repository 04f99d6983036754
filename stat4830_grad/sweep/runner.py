"""What runs the jobs of a sweep: this process, or tasks of Slurm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from omegaconf import DictConfig

from ..config.jobs import Job
from .batches import run_jobs
from .context import SweepContext
from .slurm.queue import queued
from .slurm.request import request_of
from .slurm.run import refuse, run_on_slurm
from .slurm.sent import recorded

Runner = Callable[[Sequence[Job], SweepContext], bool]
"""Runs what is not final of some jobs, each with a directory and a row; whether it is over then."""


def runner(launcher: DictConfig) -> Runner:
    """What runs the jobs: this process, or Slurm for `hydra/launcher=batched_slurm`.

    Args:
        launcher: Hydra's configuration of the launcher.

    Raises:
        ConfigError: Slurm or submitit is not here, or an option has an impossible value.
    """
    request = request_of(launcher)
    return run_here if request is None else partial(run_on_slurm, request)


def run_here(jobs: Sequence[Job], context: SweepContext) -> bool:
    """Run the jobs in this process, unless Slurm still has tasks of the sweep.

    Raises:
        ConfigError: it has.
    """
    if sent := recorded(context):
        there = queued() or {}  # None: no Slurm here, or none that answers
        refuse([task for task in sent if task.id in there])
    run_jobs(jobs, context)
    return True
