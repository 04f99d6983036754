"""One run from its initial point to its files, its progress on the console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ...config.schema import Config
from ...console.progress import progress
from ...console.terminal import make_console, say
from ...core import State
from ...figures.process import FigureProcess
from ...figures.sampling import landscape, landscape_of_files
from ...training.checkpoint import save_params, save_state
from ...training.execution import EXIT, Interrupt, execute, summarise
from ...training.experiment import Experiment, build
from ...training.inputs import record_inputs
from ...training.report import already_ended, closing, headline, lost_rows, notes, where
from ...training.resume import ended_before, saved_state
from ...training.run_directory import (
    Row,
    RunDirectory,
    columns_of,
    read_rows,
    rows_to_keep,
    write_config,
)
from ...training.step_sizes import limit_in_words, warning


def train_one(config: Config, directory: Path, command: str, drawing: FigureProcess | None) -> int:
    """Train, leaving everything in `directory`; the exit code says how it ended.

    Args:
        drawing: draws the pictures; None leaves them out.
    """
    console = make_console()
    saved = saved_state(config, directory)
    if saved is not None and (before := ended_before(config, directory, saved)):
        return again(console, config, directory, before, drawing)
    experiment = build([config], torch.Size(()))
    say(console, headline(config, str(experiment.lr.device)))
    for line in notes(config, experiment.objective):
        say(console, line, style="dim")
    if saved is None and (remark := warning(experiment.objective, config)):
        say(console, remark, style="yellow")
    kept = [] if saved is None else rows_before(console, config, directory, saved)
    interrupt = Interrupt()
    with interrupt.listening():  # to the end: whatever is begun here is whole
        state = saved or experiment.start()
        files = begin(experiment, config, directory, state, kept)
        state = trained(experiment, config, state, files, interrupt, console)
        summary = summarise(
            files,
            experiment,
            config,
            updates=state.updates,
            diverged_at=int(state.diverged_at),
            command=command,
        )
        try:
            if drawing:
                draw(drawing, experiment, config, files)
        finally:  # a picture that cannot be written takes nothing from the result
            failed = summary["status"] in ("diverged", "increased")
            limit = limit_in_words(experiment.objective, config) if failed else None
            closing(console, config, summary, files, files.rows, limit)
    return EXIT.get(summary["status"], interrupt.exit_code)


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
        drawing.draw(rows, columns_of(rows), found, headline(config, before["device"]), directory)
    say(console, already_ended(config, before))
    where(console, directory)
    return EXIT[before["status"]]


def rows_before(console: Console, config: Config, directory: Path, saved: State) -> list[Row]:
    """The rows up to the checkpoint of a run that is gone on with; what is lost of them is said."""
    kept, lost = rows_to_keep(directory, saved.updates, config.log.due)
    if lost:
        say(console, lost_rows(directory, lost), style="yellow")
    return kept


def begin(
    experiment: Experiment, config: Config, directory: Path, state: State, kept: list[Row]
) -> RunDirectory:
    """The open files of a run: a new one's, or those of one that is gone on with.

    Args:
        kept: rows of metrics.csv from before.
    """
    directory.mkdir(parents=True, exist_ok=True)
    record_inputs(directory, [config])
    if config.resume is None:
        save_params(directory / "initial_weights.pt", experiment.params)
        save_state(directory / "checkpoint.pt", state)  # a kill at any time leaves a run to resume
    write_config(directory, config)
    return RunDirectory(directory, experiment.columns, kept)


def trained(
    experiment: Experiment,
    config: Config,
    state: State,
    files: RunDirectory,
    interrupt: Interrupt,
    console: Console,
) -> State:
    """Where the run ends; its rows are on disk and its progress has been on the console."""
    sink = progress(console, config.steps, files.columns, experiment.updates_per_epoch)
    try:
        return execute(
            experiment,
            state,
            config,
            [files],
            [sink],
            save=lambda state: save_state(files.path / "checkpoint.pt", state),
            stop=interrupt,
        )
    finally:
        sink.close()
        files.flush()


def draw(
    drawing: FigureProcess, experiment: Experiment, config: Config, files: RunDirectory
) -> None:
    """Leave the pictures of a run that has ended."""
    rows, title = files.rows, headline(config, str(experiment.lr.device))
    found = landscape(experiment.objective, experiment.params, [rows])
    drawing.draw(rows, files.columns, found, title, files.path)
