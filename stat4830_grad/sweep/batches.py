"""Batches: jobs that train together, from their directories to their rows in sweep.csv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import torch

from ..config.fields import Count
from ..config.jobs import Job, group
from ..problems.reduction import reduced
from ..system.errors import StoppedError
from ..system.files import write_text
from ..system.reading import reading
from ..system.threads import settle
from ..training.experiment import build
from ..training.inputs import refuse_changed_inputs
from ..training.run_directory import write_json
from ..training.setup import Setup, prepare
from .batch import Batch, scratch
from .cells import ended
from .context import SweepContext
from .forecast import Forecasts, forecasts, too_large
from .jobfiles import record_failures
from .logged_batch import LoggedBatch
from .memory import MIB, bytes_per_run, runs_that_fit, usable_bytes
from .other_tasks import run_task
from .report import describe
from .table import ENDED, FINAL, NOT_BEGUN


def run_jobs(jobs: Sequence[Job], context: SweepContext) -> None:
    """Run what is not final of `jobs`, batch by batch; each leaves a directory and a row.

    Several processes may run parts of one sweep in the same directory. With `sweep.fail_fast`
    none begins after a failure in any of them; those that have not begun have rows that say so.
    """
    context.table.drop_unfinished([job.name for job in jobs])
    for members in group(jobs):
        statuses = context.table.statuses()
        if context.over():
            break
        if all(statuses.get(job.name) in FINAL for job in members):
            continue
        if members[0].config().task == "train":
            run_group(members, context)
        else:
            run_task(members[0], context)
    if context.over() and not context.stop():
        statuses = context.table.statuses()
        left = [job for job in jobs if job.name not in statuses]
        rows = [ended(job, NOT_BEGUN, separate=context.separate) for job in left]
        context.table.append(*rows)


def run_group(jobs: list[Job], context: SweepContext) -> None:
    """Train jobs of one group in as few batches as memory allows."""
    config = jobs[0].config()
    try:
        settle(config.threads)
        refuse_changed_inputs(context.directory / ".sweep", [job.config() for job in jobs])
        setup = prepare(config)
        if config.minibatch is None:
            setup = replace(setup, objective=reduced(setup.objective))
        size = batch_size(jobs, setup, context)
    except Exception as error:
        record_failures(jobs, error, context)
        return
    known = forecasts(jobs, setup)
    if any(known.values()):
        write_json(scratch(context, jobs, "theory.json"), list(known.values()))
    for first in range(0, len(jobs), size):
        if not context.over():
            run_batch(jobs[first : first + size], setup, known, context)


def batch_size(jobs: list[Job], setup: Setup, context: SweepContext) -> int:
    """Runs per batch, decided once and said; a resumed sweep keeps to it, for equal rounding."""
    decided = scratch(context, jobs, "size")
    if decided.exists():
        with reading(decided, "the number of runs of a batch"):
            return msgspec.json.decode(decided.read_bytes(), type=Count)
    alone = build([jobs[0].config()], torch.Size(()), setup)
    each, budget = bytes_per_run(alone), usable_bytes(setup.device, context.options.memory)
    size = min(len(jobs), runs_that_fit(each, budget), context.options.batch or len(jobs))
    batches = -(-len(jobs) // size)
    size = -(-len(jobs) // batches)  # batches of equal size
    said = describe(jobs[0].config(), str(setup.device), len(jobs), batches)
    size_of_one = f"{each / MIB:.3g} MiB{' each' if len(jobs) > 1 else ''}"
    context.say(f"{said} (about {size_of_one}, {budget / MIB:,.0f} MiB to use)")
    context.say_once(setup.objective.notes(size))
    context.say_once(too_large(jobs, setup), style="yellow")
    if len(jobs) > 1:
        write_text(decided, str(size))
    return size


def run_batch(jobs: list[Job], setup: Setup, known: Forecasts, context: SweepContext) -> None:
    """Train `jobs` together; if that fails, in halves, so that only the jobs at fault fail.

    A resumed batch trains those that had diverged again, so that it has its old size and with it
    the same rounding.
    """
    statuses = context.table.statuses()
    if all(statuses.get(job.name) in FINAL for job in jobs):
        return
    if not scratch(context, jobs, "pt").exists():
        jobs = [job for job in jobs if statuses.get(job.name) not in ENDED]
    try:
        kind = Batch if context.separate else LoggedBatch
        kind(jobs, setup, known, context).run()
        return
    except StoppedError:
        return
    except Exception as error:
        if len(jobs) == 1:
            record_failures(jobs, error, context)
            return
    half = len(jobs) // 2
    for part in (jobs[:half], jobs[half:]):
        if not context.over():
            run_batch(part, setup, known, context)
