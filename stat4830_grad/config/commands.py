"""Command lines as a person can copy them: whole, quoted for Hydra and for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from .values import written

PROGRAM = ("python", "-m", "stat4830_grad")


def assigned(key: str, value: Path | str | list[str]) -> str:
    """`resume=DIR` to be typed after a command, whatever the directory's name holds."""
    return shlex.quote(f"{key}={written(str(value) if isinstance(value, Path) else value)}")


def command(words: Sequence[str], *, several: bool = False) -> str:
    """The command line that runs this program with the overrides `words`.

    Args:
        several: whether they are those of a multirun.
    """
    mode = ["-m"] if several else []
    return shlex.join([*PROGRAM, *mode, *(word.removeprefix("++") for word in words)])


def export(runs: Path, tracker: str) -> str:
    """The command line that logs runs to a tracker later."""
    return f"{' '.join(PROGRAM)} task=export {assigned('runs', runs)} log.to={tracker}"
