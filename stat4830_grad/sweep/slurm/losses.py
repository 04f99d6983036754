"""Tasks that are over and have left jobs undone: why, as far as Slurm and their logs tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..context import SweepContext
from .sent import Sent, log

END = 4000
"""Characters of a log in which the reason for a task's end is looked for: it ran several times."""

MEMORY = re.compile(
    r"^(slurmstepd|srun)\b.*(oom[_-]?kill|out of memory|exceeded (job )?memory limit)",
    re.IGNORECASE | re.MULTILINE,
)
"""What Slurm writes into the log of a task that it killed for its memory."""

TIME = re.compile(r"^slurmstepd\b.*DUE TO TIME LIMIT", re.MULTILINE)
"""What it writes when a task's time was over."""

TOO_EARLY = re.compile(r"^srun\b.*: User defined signal", re.MULTILINE)
"""What it writes when the signal to save came while a task was still importing torch."""

TOO_OFTEN = "timed-out too many times"
"""What submitit writes of a task that it does not requeue any more."""


def say_losses(tasks: Sequence[Sent], context: SweepContext) -> dict[str, str]:
    """Say of each task that is over why it has left jobs undone.

    Of jobs that were interrupted, and so saved, only a limit is said: else the user ended them.

    Returns:
        Job -> why, of the jobs that have no row, and so nothing that tells of them.
    """
    statuses = context.table.statuses()
    lost: dict[str, str] = {}
    for task in tasks:
        missing = [name for name in task.jobs if name not in statuses]
        saved = [name for name in task.jobs if statuses.get(name) == "interrupted"]
        why = limit_reached(task, context) if missing or saved else None
        if why is None and missing:
            why = last_words(task, context)
        if why is not None:
            undone = [*missing, *saved]
            more = f" and {len(undone) - 1:,} more" if len(undone) > 1 else ""
            context.say_whole(f"{undone[0]}{more}: {why}", style="red")
            lost |= dict.fromkeys(missing, why)
    return lost


def limit_reached(task: Sent, context: SweepContext) -> str | None:
    """The limit at which Slurm ended a task, and what to set; None where its log tells of none."""
    said = (log(task, context) or "")[-END:]
    if MEMORY.search(said):
        had = f"={task.mem_gb:g}" if task.mem_gb is not None else "=null, Slurm's default"
        return (
            f"Slurm task {task.id} took more memory than it may (hydra.launcher.mem_gb{had}): "
            "set hydra.launcher.mem_gb higher, or hydra.launcher.batch_size or sweep.memory lower"
        )
    limit = f"its time limit (hydra.launcher.timeout_min={task.timeout_min})"
    if TOO_OFTEN in said:
        return (
            f"Slurm task {task.id} reached {limit} more often than hydra.launcher.max_num_timeout; "
            "what it had done is saved"
        )
    if TIME.search(said):
        return (
            f"Slurm task {task.id} was ended at {limit} before it could requeue itself: set "
            "hydra.launcher.timeout_min or hydra.launcher.signal_delay_s higher"
        )
    if TOO_EARLY.search(said):
        return (
            f"Slurm task {task.id} was told to save, as before {limit}, when it had not begun: set "
            "hydra.launcher.timeout_min higher, or hydra.launcher.signal_delay_s lower"
        )
    return None


def last_words(task: Sent, context: SweepContext) -> str:
    """How a task ended that was ended at no limit."""
    said = log(task, context)
    if said is None:
        return f"Slurm task {task.id} was taken out of the queue before it began"
    lines = [line for line in said.splitlines() if line.strip()]
    return f"Slurm task {task.id} ended without it; its log ends: {lines[-1] if lines else '—'}"
