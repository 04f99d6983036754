"""A batch: jobs that train as one tensor program, from its beginning to their rows in sweep.csv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from ..config.jobs import Job
from ..core import NEVER, OptimizerState, Params, State
from ..system.errors import DataError
from ..training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, save_params
from ..training.execution import execute
from ..training.experiment import build
from ..training.inputs import FILE as INPUTS
from ..training.inputs import record_inputs
from ..training.outcome import summarise
from ..training.progress import progress
from ..training.resume import kept_part, refuse_foreign
from ..training.rows import Row, rows_before
from ..training.run_directory import RunDirectory, write_config
from ..training.run_log import RunLog
from ..training.setup import Setup
from ..training.theory import verdict
from .cells import ended
from .context import SweepContext
from .forecast import Forecasts
from .jobfiles import write_hydra
from .table import FINAL


def scratch(context: SweepContext, jobs: Sequence[Job], what: str) -> Path:
    """A file of a batch's own, hidden in the sweep's directory."""
    return context.directory / ".sweep" / f"{jobs[0].number}-{jobs[-1].number}-{len(jobs)}.{what}"


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
                self.logs(),
                [sink],
                save=self.save,
                stop=self.context.stop,
                diverged=self.diverged,
            )
        finally:
            sink.close()
        self.end(state)
        if not self.context.stop():
            self.checkpoint.unlink()

    def logs(self) -> Sequence[RunLog | None]:
        """What takes each job's rows; None for a final job, which trains along."""
        return self.directories

    def end(self, state: State) -> None:
        """Finish what has not diverged before."""
        for k, at in enumerate(state.diverged_at.tolist()):
            if at == NEVER:
                self.finish(k, state)

    def diverged(self, k: int, state: State) -> None:
        """Finish a job that has just diverged."""
        self.finish(k, state)

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
            self.context.remember(job, directory)


def state_of(state: State, k: int) -> State:
    """The state of run `k` of a batch, as it would be alone."""
    params, diverged_at = row_of(state.params, k), state.diverged_at[k]
    optimizer: OptimizerState = {name: row_of(part, k) for name, part in state.optimizer.items()}
    return replace(state, params=params, optimizer=optimizer, diverged_at=diverged_at)


def row_of(params: Params, k: int) -> Params:
    """Views of what run `k` has in tensors (K, …): each (…)."""
    return {name: p[k] for name, p in params.items()}
