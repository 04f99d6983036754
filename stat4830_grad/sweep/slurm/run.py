"""From the jobs of a sweep to tasks in Slurm's queue, and back."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from ...config.jobs import Job
from ...system.errors import ConfigError, MachineError
from ...system.wording import several
from ..cells import ended
from ..context import SweepContext
from ..table import FAILED, FINAL, NOT_BEGUN
from ..task import Task, cut
from .losses import say_losses
from .queue import Queued, array_of, cancel, in_words, queued, show_queue
from .request import Request
from .sent import Sent, file_of, log, logs, record, recorded, send

POLL = (1.0, 30.0)
"""Seconds between two questions to Slurm, at first and at most."""

SAID = 10
"""Failed jobs that are named before they are sent again."""

PATIENCE = 60.0
"""Seconds that interrupted tasks have to save and end."""


def run_on_slurm(request: Request, jobs: Sequence[Job], context: SweepContext) -> bool:
    """Send what is neither final nor in Slurm's queue as tasks of one array, and wait for all.

    With `sweep.wait=false` it does not wait. SIGINT and SIGTERM to this process end the tasks,
    after they have saved where they are; SIGHUP, the end of a login shell, leaves them.

    Returns:
        Whether no task is in the queue any more.

    Raises:
        ConfigError: Slurm refuses the array.
        MachineError: Slurm does not say what is in its queue.
    """
    waiting = in_queue(context)
    say_losses([task for task in recorded(context) if task not in waiting], context)
    there = {name for task in waiting for name in task.jobs}
    batches = unfinished([job for job in jobs if job.name not in there], request, context)
    record(waiting, context)  # so that a later process asks Slurm, if this one is killed meanwhile
    sent = [*waiting, *submitted(batches, request, context)]
    if not sent:
        return True
    record(sent, context)
    if waiting or not context.options.wait:
        show_queue(context.console, sent, queued() or {}, context.table.statuses())
    if not context.options.wait:
        return False
    wait(sent, jobs, context)
    if context.stop():
        end(sent, context)
    return True


def record_ends(tasks: Sequence[Sent], jobs: Sequence[Job], context: SweepContext) -> None:
    """Rows for the jobs that tasks which are over have left without one: lost, or not begun."""
    statuses, cancelled = context.table.statuses(), context.over() and not context.stop()
    idle = [task for task in tasks if cancelled and log(task, context) is None]
    idle_jobs = {name for task in idle for name in task.jobs if name not in statuses}
    lost = say_losses([task for task in tasks if task not in idle], context)
    rows = [
        *(
            ended(job, NOT_BEGUN, separate=context.separate)
            for job in jobs
            if job.name in idle_jobs
        ),
        *(
            ended(job, FAILED, error=lost[job.name], separate=context.separate)
            for job in jobs
            if job.name in lost
        ),
    ]
    context.table.append(*rows)


def in_queue(context: SweepContext) -> list[Sent]:
    """The tasks of this sweep that Slurm has not ended: an earlier process sent them.

    Raises:
        ConfigError: one is there whose jobs are not known.
        MachineError: Slurm does not answer.
    """
    if not file_of(context).exists():
        return []
    there = queued()
    if there is None:
        raise MachineError(
            "squeue does not answer, so that nobody knows which tasks of this sweep are still in "
            "its queue; try again later"
        )
    known = recorded(context)
    mine = [task for task in known if task.id in there]
    ids = {task.id for task in known}
    unknown = [
        Sent(one.task)
        for one in there.values()
        if one.task not in ids and one.script.startswith(f"{logs(context)}/")
    ]
    refuse([task for task in [*mine, *unknown] if not task.jobs])
    return mine


def refuse(tasks: Sequence[Sent]) -> None:
    """See that there are no such tasks in Slurm's queue.

    Raises:
        ConfigError: there are.
    """
    if tasks:
        arrays = sorted({array_of(task.id) for task in tasks}, key=int)
        is_there = "is" if len(tasks) == 1 else "are"
        raise ConfigError(
            f"{several(len(tasks), 'task')} of this sweep {is_there} still in Slurm's queue: "
            f"wait, or end this by scancel {' '.join(arrays)}"
        )


def unfinished(
    jobs: Sequence[Job], request: Request, context: SweepContext
) -> list[tuple[Job, ...]]:
    """The batches that have a job to run; the others of a batch train with it."""
    names = {job.name for job in jobs}
    rows = [row for row in context.table.rows() if row.directory in names]
    failed = [row for row in rows if row.status == FAILED]
    for row in failed[:SAID]:
        context.say_whole(f"{row.directory} had failed: {row.error}", style="red")
    if len(failed) > SAID:
        context.say(f"and {len(failed) - SAID:,} more had failed", style="red")
    context.table.drop_unfinished(list(names))
    statuses = context.table.statuses()
    return [
        tuple(batch)
        for batch in cut(jobs, request.batch_size)
        if any(statuses.get(job.name) not in FINAL for job in batch)
    ]


def submitted(
    batches: Sequence[tuple[Job, ...]], request: Request, context: SweepContext
) -> list[Sent]:
    """Send each batch as a task, all in one array, and say so.

    Raises:
        ConfigError: Slurm refuses it.
    """
    if not batches:
        return []
    place = context.directory.absolute()
    tasks = [Task(batch, place, context.options, context.hydra) for batch in batches]
    sent = send(tasks, request, context)
    count, name = sum(map(len, batches)), in_words({array_of(task.id) for task in sent})
    told = f"{several(count, 'job')} in {several(len(sent), 'task')}"
    context.say_whole(f"{name}: {told}; logs: {logs(context)}")
    return sent


def wait(sent: Sequence[Sent], jobs: Sequence[Job], context: SweepContext) -> None:
    """Return when Slurm has ended all tasks, or this process is interrupted.

    A task that is requeued stays in Slurm's queue all the time. Neither submitit's result files
    nor its states tell as much: a killed task leaves none, and states need accounting.
    """
    running, pause, answers, cancelled = list(sent), POLL[0], True, False
    while not context.stop():
        there = queued()
        if there is None and answers:
            context.say("squeue does not answer; asking again until it does", style="yellow")
        answers = there is not None
        if there is not None and (gone := [task for task in running if task.id not in there]):
            running = left(running, there)
            record_ends(gone, jobs, context)
            done = sum(status in FINAL for status in context.table.statuses().values())
            of = f"{len(sent) - len(running)} of {several(len(sent), 'task')}"
            context.say(f"{of} over; {several(done, 'job')} completed or diverged")
            pause = POLL[0]
        if not running:
            return
        if context.over() and not context.stop() and not cancelled:
            cancel([task.id for task in running], "--state=PENDING")
            cancelled = True
        until = time.monotonic() + pause
        while time.monotonic() < until and not context.stop():
            time.sleep(0.1)
        pause = min(1.2 * pause, POLL[1])


def left(sent: Sequence[Sent], there: dict[str, Queued]) -> list[Sent]:
    """The tasks that are in the queue."""
    return [task for task in sent if task.id in there]


def end(sent: Sequence[Sent], context: SweepContext) -> None:
    """Cancel the tasks that wait, have those that run save and end, and give them time for it.

    After SIGHUP nothing is ended.
    """
    ids = [task.id for task in sent]
    name = in_words(map(array_of, ids))
    if context.stop.signal == signal.SIGHUP:
        context.say(f"{name} goes on without this terminal")
        return
    context.say(f"ending {name}: tasks that wait are cancelled, those that run save and end")
    cancel(ids, "--state=PENDING")
    cancel(ids, "--signal=INT")
    until = time.monotonic() + PATIENCE
    while (there := queued()) is None or left(sent, there):
        if time.monotonic() > until:
            arrays = " ".join(sorted(set(map(array_of, ids)), key=int))
            context.say(f"tasks of {name} have not ended; scancel {arrays} kills them")
            return
        time.sleep(POLL[0])
