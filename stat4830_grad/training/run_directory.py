"""What a run leaves in its directory: config.yaml, metrics.csv, metrics.json, summary.json."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ..config.schema import Config
from ..metrics import Metric
from ..system.files import append, make_directory, write_text
from .inputs import with_absolute_paths
from .rows import FILE, Row, Written, line, write_meanings
from .run_log import RunLog


class RunDirectory(RunLog):
    """The files of one run, whole at any instant.

    Args:
        path: the directory; made if it is not there.
        columns, before: see `RunLog`.
    """

    def __init__(self, path: Path, columns: Sequence[Metric], before: Sequence[Row]) -> None:
        make_directory(path)
        self.path = path
        self._unwritten: list[Row] = []
        names = RunLog(columns, before[:1]).names
        self._digest = hashlib.sha256(f"{','.join(names)}\n".encode())  # of all but the last row
        super().__init__(columns, before)
        write_meanings(path, self.columns)
        lines = [",".join(names), *(line(row, names) for row in before)]
        write_text(path / FILE, "\n".join(lines) + "\n")

    def log(self, row: Row) -> None:
        """Take one row; it is on disk after the next `flush`."""
        self._unwritten.append(row)
        super().log(row)

    def flush(self, *, sync: bool = False) -> None:
        """Append the rows taken since the last time; those that have no room stay taken.

        The file is open only here: a batch may have more runs than a process may have files.

        Args:
            sync: put all rows on disk, as a checkpoint counts on them.

        Raises:
            OSError: they could not be written.
        """
        if self._unwritten or sync:
            text = "".join([line(row, self.names) + "\n" for row in self._unwritten])
            append(self.path / FILE, text, sync=sync)
            self._unwritten.clear()

    def written(self, updates: int) -> Written:
        """What a checkpoint of the state after `updates` updates counts on: the rows before."""
        count, lines = len(self.numbers) // len(self.names), self._digest.copy()
        if self.final and self.final["step"] < updates:
            lines.update(f"{line(self.final, self.names)}\n".encode())
        elif self.final:
            count -= 1  # a run that goes on from there writes this row anew
        return Written(count, lines.hexdigest())

    def __getstate__(self) -> dict[str, Any]:
        """For a process that draws from it: all but the digest, which no other process can have."""
        return {name: value for name, value in vars(self).items() if name != "_digest"}

    def _remember(self, row: Row) -> None:
        if self.final:
            self._digest.update(f"{line(self.final, self.names)}\n".encode())
        super()._remember(row)


def write_config(directory: Path, config: Config) -> None:
    """config.yaml, every value resolved, paths absolute; what `resume` reads."""
    text = OmegaConf.to_yaml(OmegaConf.create(with_absolute_paths(config)))
    write_text(directory / "config.yaml", text)


def write_json(path: Path, content: object) -> None:
    """JSON for people: indented, UTF-8; numbers that JSON lacks become "inf", "-inf", "nan"."""
    text = json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def finite(content: object) -> object:
    """`content` with texts for the numbers that JSON lacks."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return str(content) if isinstance(content, float) and not math.isfinite(content) else content


@cache
def versions() -> dict[str, str]:
    """Of Python and of the packages a result can depend on."""
    packages = ("stat4830-grad", "torch", "numpy", "numba", "hydra-core")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@cache
def git() -> dict[str, Any] | None:
    """Commit of the checkout this package runs from, and whether files differ from it."""
    package = Path(__file__).resolve().parents[1]
    if not (package.parent / ".git").exists():
        return None
    try:
        answers = [
            subprocess.run(
                ["git", "-C", str(package.parent), *words],
                capture_output=True,
                text=True,
                timeout=5,
                check=True,
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": answers[0], "dirty": bool(answers[1])}
