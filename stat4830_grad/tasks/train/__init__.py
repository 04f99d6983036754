"""`task=train`: one run from its initial point to its files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from ...config.schema import Config
from ...figures.process import FigureProcess
from ...system.lock import sole_writer
from ...system.process import no_garbage


def run(config: Config, directory: Path, command: str) -> int:
    """Train, leaving everything in `directory`; the exit code says how it ended."""
    figures = FigureProcess() if config.figures else nullcontext()
    with sole_writer(directory), figures as drawing:
        with no_garbage():  # torch takes seconds to import: the other process gets ready
            from .one_run import train_one

        return train_one(config, directory, command, drawing)
