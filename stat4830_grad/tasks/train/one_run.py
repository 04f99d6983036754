"""One run from its initial point to its files, its progress on the console."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ...config.problems import ImageProblem
from ...config.schema import Config
from ...console.terminal import make_console, say, say_whole
from ...core import State
from ...figures.process import FigureProcess
from ...reports.run import report_run
from ...system.errors import StoppedError
from ...system.files import make_directory
from ...training.checkpoint import Checkpoint, save_checkpoint, save_params
from ...training.execution import Interrupt, Sink, execute
from ...training.experiment import Experiment, build
from ...training.inputs import record_inputs
from ...training.outcome import EXIT, summarise
from ...training.progress import progress
from ...training.report import already_ended, closing, headline, lost_rows, notes, where
from ...training.resume import checked_rows, ended_before, kept_part, saved_checkpoint
from ...training.rows import Row, columns_of, read_rows
from ...training.run_directory import RunDirectory, write_config
from ...training.sampling import landscape, landscape_of_files
from ...training.snapshots import Snapshots
from ...training.step_sizes import limit_in_words, warning


def train_one(config: Config, directory: Path, command: str, drawing: FigureProcess | None) -> int:
    """Train, leaving everything in `directory`; the exit code says how it ended.

    Args:
        drawing: draws the pictures; None leaves them out.
    """
    console = make_console()
    saved = saved_checkpoint(config, directory)
    experiment = build([config], torch.Size(()))
    kept = None if saved is None else checked_rows(config, directory, saved, experiment)
    if saved is not None and (before := ended_before(config, directory, saved.state)):
        return again(console, config, directory, before, drawing)
    announce(console, config, experiment, begins=saved is None)
    if saved is not None and kept is None:
        say(console, lost_rows(directory, saved.state.updates), style="yellow")
    interrupt = Interrupt()
    with interrupt.listening():  # to the end: whatever is begun here is whole
        state = saved.state if saved else experiment.start()
        files = begin(experiment, config, directory, state, kept or [])
        trackers = open_trackers(config, directory, kept or [], console)
        snapshots = Snapshots(wanted=bool(drawing) and isinstance(config.problem, ImageProblem))
        try:
            state = trained(
                experiment, config, state, files, interrupt, console, trackers, snapshots
            )
        except StoppedError:
            say(console, "interrupted before the first update", style="yellow")
            return interrupt.exit_code
        summary = summarise(
            files,
            experiment,
            config,
            updates=state.updates,
            diverged_at=int(state.diverged_at),
            command=command,
        )
        conclude(console, config, experiment, files, summary, drawing, trackers, snapshots)
    return EXIT.get(summary["status"], interrupt.exit_code)


def announce(console: Console, config: Config, experiment: Experiment, *, begins: bool) -> None:
    """Say what is about to run, and what there is to know of it.

    Args:
        begins: false where a run is gone on with, whose step size has been remarked on.
    """
    say(console, headline(config, str(experiment.lr.device)))
    for line in notes(config, experiment.objective):
        say(console, line, style="dim")
    if begins and (remark := warning(experiment.objective, config)):
        say(console, remark, style="yellow")


def conclude(
    console: Console,
    config: Config,
    experiment: Experiment,
    files: RunDirectory,
    summary: dict[str, Any],
    drawing: FigureProcess | None,
    trackers: list[Sink],
    snapshots: Snapshots,
) -> None:
    """Draw a run that has ended, end what it was sent to, and say how it went.

    Args:
        summary: its summary.json.
    """
    try:
        if drawing:
            draw(drawing, experiment, config, files, snapshots)
    finally:  # a picture that cannot be written takes nothing from the result
        failed = summary["status"] in ("diverged", "increased")
        limit = limit_in_words(experiment.objective, config) if failed else None
        for tracker in trackers:
            tracker.close()
        closing(console, config, summary, files, files.rows, limit)


def again(
    console: Console,
    config: Config,
    directory: Path,
    before: dict[str, Any],
    drawing: FigureProcess | None,
) -> int:
    """Say how a run ended that has nothing left to do; its pictures, if a kill left none.

    Args:
        before: its summary.json.
    """
    if drawing and not (directory / "curves.svg").exists():
        rows = read_rows(directory)
        found = landscape_of_files(directory, [rows])
        columns, title = columns_of(rows, directory), headline(config, before["device"])
        drawing.draw(rows, columns, found, title, directory)
        report_run(config, rows, columns, found, directory)
    say(console, already_ended(config, before))
    where(console, directory)
    return EXIT[before["status"]]


def begin(
    experiment: Experiment, config: Config, directory: Path, state: State, kept: list[Row]
) -> RunDirectory:
    """The open files of a run: a new one's, or those of one that is gone on with.

    Args:
        kept: rows of metrics.csv from before.
    """
    make_directory(directory)
    record_inputs(directory, [config])
    if config.resume is None:
        save_params(directory / "initial_weights.pt", experiment.params)
        # A kill at any time leaves a run to resume.
        save_checkpoint(directory / "checkpoint.pt", Checkpoint(state, kept_part(config)))
    write_config(directory, config)
    return RunDirectory(directory, experiment.columns, kept)


def open_trackers(config: Config, directory: Path, kept: list[Row], console: Console) -> list[Sink]:
    """What logs the run to the trackers of `log.to`, which have the rows from before; or nothing.

    It is closed when the directory is complete.
    """
    if not config.log.to:
        return []
    from ...trackers.logging_runs import Live  # imports what only trackers take

    live = Live(config.log.to, directory, lambda said: say_whole(console, said, style="yellow"))
    for row in kept:
        live.log_row(row)
    return [live]


def trained(
    experiment: Experiment,
    config: Config,
    state: State,
    files: RunDirectory,
    interrupt: Interrupt,
    console: Console,
    trackers: Sequence[Sink],
    snapshots: Snapshots,
) -> State:
    """Where the run ends; its rows are on disk and its progress has been on the console."""
    sink = progress(console, config.steps, files.columns, experiment.updates_per_epoch)
    kept = kept_part(config)

    def save(state: State) -> None:
        checkpoint = Checkpoint(state, kept, [files.written(state.updates)])
        save_checkpoint(files.path / "checkpoint.pt", checkpoint)

    try:
        return execute(
            experiment,
            state,
            config,
            [files],
            [sink, *trackers],
            save=save,
            stop=interrupt,
            watch=snapshots,
        )
    finally:
        sink.close()
        files.flush()


def draw(
    drawing: FigureProcess,
    experiment: Experiment,
    config: Config,
    files: RunDirectory,
    snapshots: Snapshots,
) -> None:
    """Leave the pictures and the report of a run that has ended."""
    rows, title = files.rows, headline(config, str(experiment.lr.device))
    found = landscape(experiment.objective, experiment.params, [rows])
    drawing.draw(rows, files.columns, found, title, files.path)
    report_run(config, rows, files.columns, found, files.path, snapshots)
