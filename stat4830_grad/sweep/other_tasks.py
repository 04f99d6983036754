"""Jobs of a sweep of another task than training, one after another."""

from __future__ import annotations

import importlib

from ..config.jobs import Job
from ..system.threads import settle
from .cells import ended
from .context import SweepContext
from .jobfiles import record_failures, write_hydra


def run_task(job: Job, context: SweepContext) -> None:
    """Run a job of another task than training, which is not batched."""
    config, path = job.config(), context.directory / job.name
    task = importlib.import_module(f"stat4830_grad.tasks.{config.task}")
    write_hydra(job, context)
    context.say(f"{job.name}", style="bold")
    try:
        settle(config.threads)
        code = int(task.run(config, path, job.command))
    except Exception as error:
        record_failures([job], error, context)
        return
    if code in (130, 143):
        context.stop.signal = code - 128
    status = {0: "completed", 4: "diverged", 130: "interrupted", 143: "interrupted"}
    error_text = "" if code in status else f"exit code {code}"
    context.table.append(ended(job, status.get(code, "failed"), error=error_text))
