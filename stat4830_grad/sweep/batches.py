"""Batches: jobs that train together, from their directories to their rows in sweep.csv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import torch

from ..config.fields import Count
from ..config.jobs import Job, group
from ..core import NEVER, OptimizerState, Params, State
from ..problems.reduction import reduced
from ..system.errors import DataError, StoppedError
from ..system.files import write_text
from ..system.reading import reading
from ..system.threads import settle
from ..training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, save_params
from ..training.execution import execute
from ..training.experiment import build
from ..training.inputs import FILE as INPUTS
from ..training.inputs import record_inputs, refuse_changed_inputs
from ..training.outcome import summarise
from ..training.progress import progress
from ..training.resume import kept_part, refuse_foreign
from ..training.rows import Row, rows_before
from ..training.run_directory import RunDirectory, write_config, write_json
from ..training.setup import Setup, prepare
from ..training.theory import verdict
from .cells import ended
from .context import SweepContext
from .forecast import Forecasts, forecasts, too_large
from .jobfiles import record_failures, write_hydra
from .memory import MIB, bytes_per_run, runs_that_fit, usable_bytes
from .other_tasks import run_task
from .report import describe
from .table import ENDED, FINAL


def run_jobs(jobs: Sequence[Job], context: SweepContext) -> None:
    """Run what is not final of `jobs`, batch by batch; each leaves a directory and a row.

    Several processes may run parts of one sweep in the same directory.
    """
    context.table.drop_unfinished([job.name for job in jobs])
    for members in group(jobs):
        statuses = context.table.statuses()
        if context.stop():
            return
        if all(statuses.get(job.name) in FINAL for job in members):
            continue
        if members[0].config().task == "train":
            run_group(members, context)
        else:
            run_task(members[0], context)


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
    write_json(scratch(context, jobs, "theory.json"), list(known.values()))
    for first in range(0, len(jobs), size):
        if not context.stop():
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
    write_text(decided, str(size))
    return size


def scratch(context: SweepContext, jobs: Sequence[Job], what: str) -> Path:
    """A file of a batch's own, hidden in the sweep's directory."""
    return context.directory / ".sweep" / f"{jobs[0].number}-{jobs[-1].number}-{len(jobs)}.{what}"


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
        Batch(jobs, setup, known, context).run()
        return
    except StoppedError:
        return
    except Exception as error:
        if len(jobs) == 1:
            record_failures(jobs, error, context)
            return
    half = len(jobs) // 2
    run_batch(jobs[:half], setup, known, context)
    run_batch(jobs[half:], setup, known, context)


class Batch:
    """Jobs that train as one tensor program; `known` is what theory forecasts for them."""

    def __init__(
        self, jobs: list[Job], setup: Setup, known: Forecasts, context: SweepContext
    ) -> None:
        self.jobs, self.known, self.context = jobs, known, context
        self.configs = [job.config() for job in jobs]
        self.experiment = build(self.configs, torch.Size((len(jobs),)), setup)
        self.checkpoint = scratch(context, jobs, "pt")
        self.columns = self.experiment.columns
        self.directories: list[RunDirectory | None] = []

    def run(self) -> None:
        """Train from the beginning or from the batch's checkpoint, and finish every job."""
        state = self.begin()
        config = self.configs[0]
        if note := self.experiment.optimizer.note:
            self.context.say(note)
        epoch = self.experiment.updates_per_epoch
        sink = progress(self.context.console, config.steps, self.columns, epoch)
        try:
            state = execute(
                self.experiment,
                state,
                config,
                self.directories,
                [sink],
                save=self.save,
                stop=self.context.stop,
                diverged=self.finish,
            )
        finally:
            sink.close()
        for k, at in enumerate(state.diverged_at.tolist()):
            if at == NEVER:
                self.finish(k, state)
        if not self.context.stop():
            self.checkpoint.unlink()

    def begin(self) -> State:
        """The state to start from, with the directory of every job that is not final."""
        statuses = self.context.table.statuses()
        paths = [
            None if statuses.get(job.name) in FINAL else self.context.directory / job.name
            for job in self.jobs
        ]
        state, rows = self.saved(paths) or (self.experiment.start(), None)
        for k, (job, config, path) in enumerate(zip(self.jobs, self.configs, paths, strict=True)):
            if path is None:
                self.directories.append(None)
                continue
            if rows is None:
                write_hydra(job, self.context)
                save_params(path / "initial_weights.pt", row_of(self.experiment.params, k))
                (path / INPUTS).unlink(missing_ok=True)  # of an attempt that failed
                record_inputs(path, [config])
                write_config(path, config)
            self.directories.append(RunDirectory(path, self.columns, rows[k] if rows else []))
        return state

    def saved(self, paths: Sequence[Path | None]) -> tuple[State, list[list[Row]]] | None:
        """The state and the rows of the checkpoint, of final jobs none; None to begin anew."""
        if not self.checkpoint.exists():
            return None
        try:
            saved = load_checkpoint(self.checkpoint, self.experiment.lr.device)
            refuse_foreign(self.checkpoint, saved.state, self.experiment)
            pairs = zip(paths, saved.rows or [None] * len(paths), strict=True)
            rows = [
                (path and rows_before(path, saved.state.updates, one)) or [] for path, one in pairs
            ]
        except DataError as error:
            self.context.say_whole(f"{error}; its batch begins anew", style="yellow")
            return None
        return saved.state, rows

    def save(self, state: State) -> None:
        """The batch's checkpoint, once the rows it counts on are on disk."""
        written = [files.written(state.updates) if files else None for files in self.directories]
        save_checkpoint(self.checkpoint, Checkpoint(state, rows=written))

    def finish(self, k: int, state: State) -> None:
        """Leave what the run alone would leave at its end, and its row in sweep.csv."""
        directory, job, config = self.directories[k], self.jobs[k], self.configs[k]
        if directory is None:
            return
        directory.flush(sync=True)
        alone = state_of(state, k)
        checkpoint = Checkpoint(alone, kept_part(config), [directory.written(alone.updates)])
        save_checkpoint(directory.path / "checkpoint.pt", checkpoint)
        summary = summarise(
            directory,
            self.experiment,
            config,
            updates=alone.updates,
            diverged_at=int(alone.diverged_at),
            command=job.command,
        )
        theory = verdict(self.known[config.problem.penalty], config, directory.rows)
        row = ended(job, summary["status"], summary, directory.columns, theory)
        self.context.table.append(row)
        if config.figures:
            self.context.trained[job.name] = directory


def state_of(state: State, k: int) -> State:
    """The state of run `k` of a batch, as it would be alone."""
    params, diverged_at = row_of(state.params, k), state.diverged_at[k]
    optimizer: OptimizerState = {name: row_of(part, k) for name, part in state.optimizer.items()}
    return replace(state, params=params, optimizer=optimizer, diverged_at=diverged_at)


def row_of(params: Params, k: int) -> Params:
    """Views of what run `k` has in tensors (K, …): each (…)."""
    return {name: p[k] for name, p in params.items()}
