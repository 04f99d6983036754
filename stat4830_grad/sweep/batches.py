"""Batches: jobs that train together, from their directories to their rows in sweep.csv."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..checkpoint import load_state, save_params, save_state
from ..core import NEVER, OptimizerState, Params, State
from ..experiment import build
from ..files import write_text
from ..inputs import FILE as INPUTS
from ..inputs import note_inputs, refuse_changed_inputs
from ..problems.reduction import reduced
from ..report import lost_rows
from ..rundir import Row, RunDirectory, read_rows, rows_to_keep, write_config, write_json
from ..runs import execute, summarise
from ..setup import Setup, prepare
from ..sinks import progress
from ..theory import forecast, verdict
from ..threads import settle
from .jobfiles import record_failures, write_hydra
from .jobs import Job, group
from .memory import MIB, bytes_per_run, runs_that_fit, usable_bytes
from .report import describe
from .scene import Scene
from .table import ENDED, FINAL, cells

Runner = Callable[[Sequence[Job], Scene], None]
"""Runs what is not final of some jobs; leaves a directory and a row for each."""


def run_jobs(jobs: Sequence[Job], scene: Scene) -> None:
    """Run what is not final of `jobs`, batch by batch; each leaves a directory and a row.

    Several processes may run parts of one sweep in the same directory.
    """
    scene.table.drop_unfinished([job.name for job in jobs])
    for members in group(jobs):
        statuses = scene.table.statuses()
        if scene.stop():
            return
        if all(statuses.get(job.name) in FINAL for job in members):
            continue
        if members[0].config().task == "train":
            run_group(members, scene)
        else:
            run_task(members[0], scene)


def run_group(jobs: list[Job], scene: Scene) -> None:
    """Train jobs of one group in as few batches as memory allows."""
    config = jobs[0].config()
    try:
        settle(config.threads)
        refuse_changed_inputs(scene.directory / ".sweep", [job.config() for job in jobs])
        setup = prepare(config)
        setup = replace(setup, objective=reduced(setup.objective))
        size = batch_size(jobs, setup, scene)
    except Exception as error:
        record_failures(jobs, error, scene)
        return
    known = forecast(setup.objective, config.optimizer)
    write_json(scratch(scene, jobs, "theory.json"), known)
    for first in range(0, len(jobs), size):
        if not scene.stop():
            run_batch(jobs[first : first + size], setup, known, scene)


def batch_size(jobs: list[Job], setup: Setup, scene: Scene) -> int:
    """Runs per batch, decided once and said; a resumed sweep keeps to it, for equal rounding."""
    decided = scratch(scene, jobs, "size")
    if decided.exists():
        return int(decided.read_text())
    alone = build([jobs[0].config()], torch.Size(()), setup)
    each, budget = bytes_per_run(alone), usable_bytes(setup.device, scene.options.memory)
    size = min(len(jobs), runs_that_fit(each, budget), scene.options.batch or len(jobs))
    batches = -(-len(jobs) // size)
    size = -(-len(jobs) // batches)  # batches of equal size
    cut = "one batch" if batches == 1 else f"{batches} batches of {size}"
    scene.say(
        f"{describe(jobs[0].config(), str(setup.device))}: {len(jobs):,} runs in {cut} "
        f"(about {each / MIB:.3g} MiB each, {budget / MIB:,.0f} MiB to use)"
    )
    write_text(decided, str(size))
    return size


def scratch(scene: Scene, jobs: Sequence[Job], what: str) -> Path:
    """A file of a batch's own, hidden in the sweep's directory."""
    return scene.directory / ".sweep" / f"{jobs[0].number}-{jobs[-1].number}-{len(jobs)}.{what}"


def run_batch(jobs: list[Job], setup: Setup, known: dict[str, Any], scene: Scene) -> None:
    """Train `jobs` together; if that fails, in halves, so that only the guilty fail.

    A resumed batch trains those that had diverged again, so that it has its old size and with it
    the same rounding.
    """
    statuses = scene.table.statuses()
    if all(statuses.get(job.name) in FINAL for job in jobs):
        return
    if not scratch(scene, jobs, "pt").exists():
        jobs = [job for job in jobs if statuses.get(job.name) not in ENDED]
    try:
        Batch(jobs, setup, known, scene).run()
        return
    except Exception as error:
        if len(jobs) == 1:
            record_failures(jobs, error, scene)
            return
    half = len(jobs) // 2
    run_batch(jobs[:half], setup, known, scene)
    run_batch(jobs[half:], setup, known, scene)


class Batch:
    """Jobs that train as one tensor program; `known` is theory's forecast for them."""

    def __init__(self, jobs: list[Job], setup: Setup, known: dict[str, Any], scene: Scene) -> None:
        self.jobs, self.known, self.scene = jobs, known, scene
        self.configs = [job.config() for job in jobs]
        self.experiment = build(self.configs, torch.Size((len(jobs),)), setup)
        self.checkpoint = scratch(scene, jobs, "pt")
        self.columns = self.experiment.columns
        self.directories: list[RunDirectory | None] = []

    def run(self) -> None:
        """Train from the beginning or from the batch's checkpoint, and finish every job."""
        state = self.begin()
        config = self.configs[0]
        sink = progress(self.scene.console, config.steps, self.columns)
        try:
            state = execute(
                self.experiment,
                state,
                config,
                self.directories,
                [sink],
                save=lambda state: save_state(self.checkpoint, state),
                stop=self.scene.stop,
                diverged=self.finish,
            )
        finally:
            sink.close()
        for k, at in enumerate(state.diverged_at.tolist()):
            if at == NEVER:
                self.finish(k, state)
        if not self.scene.stop():
            self.checkpoint.unlink()

    def begin(self) -> State:
        """The state to start from, with the directory of every job that is not final."""
        resumed = self.checkpoint.exists()
        if resumed:
            state = load_state(self.checkpoint, self.experiment.lr.device)
        else:
            state = self.experiment.start()
        statuses = self.scene.table.statuses()
        for k, (job, config) in enumerate(zip(self.jobs, self.configs, strict=True)):
            path = self.scene.directory / job.name
            if statuses.get(job.name) in FINAL:
                self.directories.append(None)
                continue
            before: list[Row] = []
            if resumed:
                before, lost = rows_to_keep(path, state.updates, config.log.due)
                if lost:
                    self.scene.say_whole(lost_rows(path, lost), style="yellow")
            else:
                write_hydra(job, self.scene)
                save_params(path / "initial_weights.pt", row_of(self.experiment.params, k))
                (path / INPUTS).unlink(missing_ok=True)  # of an attempt that failed
                note_inputs(path, [config])
                write_config(path, config)
            self.directories.append(RunDirectory(path, self.columns, before))
        return state

    def finish(self, k: int, state: State) -> None:
        """Leave what the run alone would leave at its end, and its row in sweep.csv."""
        directory, job, config = self.directories[k], self.jobs[k], self.configs[k]
        if directory is None:
            return
        directory.flush()
        alone = state_of(state, k)
        save_state(directory.path / "checkpoint.pt", alone)
        summary = summarise(
            directory,
            self.experiment,
            config,
            updates=alone.updates,
            diverged_at=int(alone.diverged_at),
            command=job.command,
        )
        theory = verdict(self.known, config, read_rows(directory.path))
        self.scene.table.append(cells(job, summary["status"], summary, theory))


def state_of(state: State, k: int) -> State:
    """The state of run `k` of a batch, as it would be alone."""
    optimizer: OptimizerState = {name: row_of(part, k) for name, part in state.optimizer.items()}
    return replace(
        state,
        params=row_of(state.params, k),
        optimizer=optimizer,
        diverged_at=state.diverged_at[k],
    )


def row_of(params: Params, k: int) -> Params:
    return {name: p[k] for name, p in params.items()}


def run_task(job: Job, scene: Scene) -> None:
    """Run a job of another task than training, which is not batched."""
    config, path = job.config(), scene.directory / job.name
    task = importlib.import_module(f"stat4830_grad.tasks.{config.task}")
    write_hydra(job, scene)
    scene.say(f"{job.name}", style="bold")
    try:
        settle(config.threads)
        code = int(task.run(config, path, job.command))
    except Exception as error:
        record_failures([job], error, scene)
        return
    if code in (130, 143):
        scene.stop.signal = code - 128
    status = {0: "completed", 4: "diverged", 130: "interrupted", 143: "interrupted"}
    error_text = "" if code in status else f"exit code {code}"
    scene.table.append(cells(job, status.get(code, "failed"), error=error_text))
