"""`task=pitfalls`: what goes wrong with gradients, wrong and right side by side, run for real."""

from __future__ import annotations

from pathlib import Path

from ...config.schema import Config
from ...console.terminal import make_console, say_whole
from ...system.files import write_text
from ...training.run_directory import versions, write_config, write_json
from .catalogue import choose
from .lesson import run as run_pitfall
from .listing import markdown, show

INTRO = """\
# Pitfalls

Each listing is what ran, after `import torch`; below it stands what it said. `Storages` is
stat4830_grad.tasks.pitfalls.storages.Storages, which measures what is still held in memory."""


def run(config: Config, directory: Path, command: str) -> int:
    """Run the pitfalls chosen, tell what happened, leave it as JSON and Markdown."""
    console = make_console()
    results = [run_pitfall(pitfall) for pitfall in choose(config.pitfall or "all")]
    write_config(directory, config)
    write_json(
        directory / "pitfalls.json",
        {
            "schema": 1,
            "pitfalls": [result.to_dict() for result in results],
            "command": command,
            "versions": versions(),
        },
    )
    sections = [markdown(result, level=2) for result in results]
    write_text(directory / "pitfalls.md", "\n\n".join([INTRO, *sections]) + "\n")
    for result in results:
        show(console, result)
    say_whole(console, f"files: {directory}")
    return 0
