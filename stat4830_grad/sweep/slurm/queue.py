"""Slurm's queue: which tasks of a sweep are in it, in a table, and how they are taken out."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from ...console.tables import Column, FittedTable, show
from ...console.terminal import say
from ..table import FINAL
from .sent import Sent

SHOWN = 30
"""Rows of the table; those that run come first."""

FIELDS = ("%i", "%T", "%M", "%l", "%R", "%o")


@dataclass(frozen=True)
class Queued:
    """A task that Slurm has not ended, as squeue tells of it."""

    task: str  # its id
    state: str  # RUNNING, PENDING, …
    used: str  # time that it has run
    limit: str  # time that it may run
    where: str  # its node, or in brackets why it waits
    script: str  # the file that was submitted


def queued() -> dict[str, Queued] | None:
    """This user's tasks that Slurm has not ended, by id; None if Slurm does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", f"--format={'|'.join(FIELDS)}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = [line.split("|", len(FIELDS) - 1) for line in asked.stdout.splitlines()]
    return {line[0]: Queued(*line) for line in lines if len(line) == len(FIELDS)}


def cancel(tasks: Iterable[str], *which: str) -> None:
    """Cancel the arrays of these tasks, or signal them; `which` are options of scancel."""
    arrays = sorted({array_of(task) for task in tasks})
    subprocess.run(["scancel", "--quiet", *which, *arrays], check=False)


def array_of(task: str) -> str:
    """The id of the array that a task is of: 12 of 12_3."""
    return task.partition("_")[0]


def in_words(arrays: Iterable[str]) -> str:
    """`Slurm job 12`, or `Slurm jobs 12 and 15`."""
    several = sorted(set(arrays), key=int)
    return f"Slurm job{'s' * (len(several) > 1)} {' and '.join(several)}"


def show_queue(
    console: Console,
    sent: Sequence[Sent],
    there: Mapping[str, Queued],
    statuses: Mapping[str, str],
) -> None:
    """Which tasks are in the queue, how far they are, and what they wait for.

    Args:
        statuses: of the jobs that have ended, by name.
    """
    tasks = [(task, there[task.id]) for task in sent if task.id in there]
    tasks.sort(key=lambda pair: pair[1].state != "RUNNING")
    columns = (
        Column("task", left=True),
        Column("state", left=True),
        Column("jobs"),
        Column("ended"),
        Column("time", spare=1),
        Column("limit", spare=3),
        Column("node or reason", left=True, spare=2),
    )
    rows = [
        (
            task.id,
            known.state.lower(),
            f"{len(task.jobs):,}",
            f"{sum(statuses.get(name) in FINAL for name in task.jobs):,}",
            known.used,
            known.limit,
            "–" if known.where == "(None)" else known.where,
        )
        for task, known in tasks[:SHOWN]
    ]
    title = f"the first {SHOWN} of {len(tasks):,} tasks" if len(tasks) > SHOWN else ""
    show(console, FittedTable(columns, rows, title=title))
    counts = Counter(known.state.lower() for _, known in tasks)
    said = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    say(console, f"in Slurm's queue: {said}")
