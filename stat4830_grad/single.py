"""One run from its initial point to its files, its progress on the console."""

from __future__ import annotations

from pathlib import Path

import torch
from rich.console import Console

from .checkpoint import load_state, save_params, save_state
from .core import State
from .experiment import Experiment, build
from .figures.artist import Artist
from .report import closing, headline, note, say
from .rundir import RunDirectory, read_rows, rows_to_keep, write_config
from .runs import Interrupt, execute, summarise
from .schema import Config
from .sinks import progress

EXIT = {"completed": 0, "diverged": 4}


def train_one(config: Config, directory: Path, command: str, artist: Artist | None) -> int:
    """Train, leaving everything in `directory`; the exit code says how it ended.

    Args:
        artist: draws the curves; None leaves them out.
    """
    console = Console()
    experiment = build([config], torch.Size(()))
    say(console, headline(config, str(experiment.lr.device)))
    if remark := note(config):
        say(console, remark, style="dim")
    interrupt = Interrupt()
    with interrupt.listening():  # to the end: whatever is begun here is whole
        state, files = begin(experiment, config, directory)
        sink = progress(console, config.steps, files.columns)
        try:
            state = execute(
                experiment,
                state,
                config,
                [files],
                [sink],
                save=lambda state: save_state(directory / "checkpoint.pt", state),
                stop=interrupt,
            )
        finally:
            sink.close()
            files.flush()
        summary = summarise(
            files,
            experiment,
            config,
            updates=state.updates,
            diverged_at=int(state.diverged_at),
            command=command,
        )
        rows = read_rows(directory)
        if artist:
            artist.draw_curves(rows, headline(config, summary["device"]), directory)
        closing(console, config, summary, rows, directory)
    return EXIT.get(summary["status"], interrupt.exit_code)


def begin(experiment: Experiment, config: Config, directory: Path) -> tuple[State, RunDirectory]:
    """The initial state, or the saved one of a run that is resumed, and its open files."""
    state = experiment.start()
    before = []
    if config.resume is not None:
        state = load_state(directory / "checkpoint.pt", experiment.lr.device)
        before = rows_to_keep(directory, state.updates, config.log.due)
    else:
        directory.mkdir(parents=True, exist_ok=True)
        save_params(directory / "initial_weights.pt", experiment.params)
        save_state(directory / "checkpoint.pt", state)  # a kill at any time leaves a run to resume
    write_config(directory, config)
    return state, RunDirectory(directory, experiment.objective.columns, before)
