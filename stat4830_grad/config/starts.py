"""What is left of a run or a sweep that was killed while it started. Imports no torch.

Hydra makes the directory and its record of the configuration in it before torch is imported. A
signal takes both back (`failures.discard`), but nothing can after `kill -9`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ..system.files import PARTIAL
from ..system.lock import LOCK, in_use
from .commands import command

BEFORE = {
    *(".hydra", "multirun.yaml", ".sweep", LOCK),
    *("inputs.json", "initial_weights.pt", "checkpoint.pt"),
}
"""What is there before config.yaml, with which a run begins, and before the jobs of a sweep."""


def only_started(directory: Path) -> bool:
    """Whether nothing is in a directory but what a run or a sweep writes before it begins."""
    try:
        return is_start(os.listdir(directory)) and not sweep_began(directory)
    except OSError:
        return False


def is_start(names: Iterable[str]) -> bool:
    """Whether files with these names are what is written before a run begins, and some are."""
    written = {name for name in names if not name.endswith(PARTIAL)}
    return bool(written) and written <= BEFORE


def sweep_began(directory: Path) -> bool:
    """Whether a sweep has recorded its jobs there."""
    return any((directory / ".sweep").glob("jobs-*.json"))


def what_is_there(directory: Path) -> str | None:
    """In words, why a directory has nothing to go on with, where a start was cut off in it."""
    if not only_started(directory):
        return None
    if in_use(directory):
        return "a run is starting there"
    return f"what started there was ended before it began; start it anew{anew(directory)}"


def anew(directory: Path) -> str:
    """` by COMMAND`, where Hydra's record has it."""
    try:
        words = yaml.safe_load((directory / ".hydra" / "overrides.yaml").read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    return f" by {command(words)}" if is_list_of_texts(words) and words else ""


def is_list_of_texts(found: Any) -> bool:
    """Whether a file held what Hydra writes into it; a kill may have left half of it."""
    return isinstance(found, list) and all(isinstance(word, str) for word in found)
