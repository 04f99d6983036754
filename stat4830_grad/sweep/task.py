"""A task of a Slurm array: a batch of jobs, and how it ends when Slurm wants its node back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..config.jobs import Job, group
from ..config.schema import Sweep
from ..console.terminal import make_console
from ..training.execution import Interrupt
from .batches import run_jobs
from .context import SweepContext

if TYPE_CHECKING:
    import submitit

GRACE = 600.0
"""Seconds a task that got SIGTERM waits for Slurm to end it, at most."""


def cut(jobs: Sequence[Job], size: int) -> list[list[Job]]:
    """Batches of at most `size` jobs, one for each task.

    Jobs that can train together are cut as `sweep.batch` cuts them, into equal parts; small
    parts of several kinds share a task.
    """
    batches: list[list[Job]] = []
    for members in group(jobs):
        parts = -(-len(members) // size)
        each = -(-len(members) // parts)
        for first in range(0, len(members), each):
            part = members[first : first + each]
            if batches and len(batches[-1]) + len(part) <= size:
                batches[-1] += part
            else:
                batches.append(part)
    return batches


@dataclass(frozen=True)
class Task:
    """One task of the array: what submitit pickles, and what it calls on the node."""

    jobs: tuple[Job, ...]
    directory: Path
    options: Sweep
    hydra: dict[str, Any]

    def __call__(self) -> None:
        """Run the jobs; a task that is run again goes on from its checkpoint.

        SIGTERM: save, then wait for Slurm to end the task; one that ends by itself while it is
        being preempted would not be requeued. submitit's signal (SIGUSR2, sent before the time
        limit): save, then let submitit requeue the task. SIGINT: save and end for good.
        """
        import submitit

        requeue = getattr(signal, "SIG" + submitit.JobEnvironment.USR_SIG)
        submitit_requeues = signal.getsignal(requeue)
        stop = Interrupt()
        listen(stop, [signal.SIGTERM, requeue, signal.SIGINT])
        context = SweepContext(self.directory, self.options, self.hydra, make_console(), stop)
        run_jobs(self.jobs, context)
        if context.over() and not stop():
            cancel_the_others()
        until = time.monotonic() + GRACE
        while stop.signal == signal.SIGTERM and time.monotonic() < until:
            time.sleep(0.1)
        if stop.signal == requeue and callable(submitit_requeues):
            submitit_requeues(requeue, None)
        if stop():
            raise SystemExit(stop.exit_code)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """What submitit runs after requeueing: the same, as the checkpoint is on disk."""
        import submitit

        return submitit.helpers.DelayedSubmission(self)


def cancel_the_others() -> None:
    """Cancel those tasks of this array that wait: by `sweep.fail_fast` they have nothing to do."""
    if array := os.environ.get("SLURM_ARRAY_JOB_ID"):
        subprocess.run(["scancel", "--quiet", "--state=PENDING", array], check=False)


def listen(stop: Interrupt, numbers: Sequence[int]) -> None:
    """Take signals into `stop`; of several, the one that is last in `numbers`."""
    rank = [0, *numbers]

    def handle(number: int, frame: FrameType | None) -> None:
        stop.signal = max(stop.signal, number, key=rank.index)

    for number in numbers:
        signal.signal(number, handle)
