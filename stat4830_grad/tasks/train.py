"""`task=train`: one run from its initial point to its files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from ..figures.artist import Artist
from ..lock import sole_writer
from ..process import no_garbage
from ..schema import Config


def run(config: Config, directory: Path, command: str) -> int:
    """Train, leaving everything in `directory`; the exit code says how it ended."""
    drawing = Artist() if config.figures else nullcontext()
    with sole_writer(directory), drawing as artist:
        with no_garbage():  # torch takes seconds to import: the artist gets ready
            from ..single import train_one

        return train_one(config, directory, command, artist)
