"""What a run leaves in its directory: config.yaml, metrics.csv, metrics.json, summary.json."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import subprocess
from array import array
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


class RunDirectory:
    """The files of one run, whole at any instant.

    Args:
        path: the directory; made if it is not there.
        columns: what is logged, in its order, the loss first.
        before: rows of the run that is resumed, if one is; it goes on with their columns, which
            may be fewer in what an older version began.
    """

    def __init__(self, path: Path, columns: Sequence[Metric], before: list[Row]) -> None:
        make_directory(path)
        columns = tuple(metric for metric in columns if not before or metric.name in before[0])
        self.path, self.columns = path, columns
        self.first: Row | None = None  # row 0, the initial point
        self.final: Row = {}
        self.best: dict[str, tuple[float, int]] = {}  # column -> value, step
        self._least: dict[str, float] = {}  # column -> badness of its best value
        names = ("step", "seconds", *(metric.name for metric in columns))
        write_meanings(path, columns)
        lines = [",".join(names), *(line(row, names) for row in before)]
        write_text(path / FILE, "\n".join(lines) + "\n")
        self._names = names
        self._unwritten: list[Row] = []
        self._digest = hashlib.sha256(f"{lines[0]}\n".encode())  # of all lines but the last row's
        self._numbers = array("d")  # all rows, one after another: 8 bytes a number
        for row in before:
            self._remember(row)

    @property
    def rows(self) -> list[Row]:
        """Every row of metrics.csv, those not yet written among them."""
        width = len(self._names)
        starts = range(0, len(self._numbers), width)
        return [dict(zip(self._names, self._numbers[i : i + width], strict=True)) for i in starts]

    def log(self, row: Row) -> None:
        """Take one row; it is on disk after the next `flush`."""
        self._unwritten.append(row)
        self._remember(row)

    def flush(self, *, sync: bool = False) -> None:
        """Append the rows taken since the last time; those that have no room stay taken.

        The file is open only here: a batch may have more runs than a process may have files.

        Args:
            sync: put all rows on disk, as a checkpoint counts on them.

        Raises:
            OSError: they could not be written.
        """
        if self._unwritten or sync:
            text = "".join([line(row, self._names) + "\n" for row in self._unwritten])
            append(self.path / FILE, text, sync=sync)
            self._unwritten.clear()

    def written(self, updates: int) -> Written:
        """What a checkpoint of the state after `updates` updates counts on: the rows before."""
        count, lines = len(self._numbers) // len(self._names), self._digest.copy()
        if self.final and self.final["step"] < updates:
            lines.update(f"{line(self.final, self._names)}\n".encode())
        elif self.final:
            count -= 1  # a run that goes on from there writes this row anew
        return Written(count, lines.hexdigest())

    def __getstate__(self) -> dict[str, Any]:
        """For a process that draws from it: all but the digest, which no other process can have."""
        return {name: value for name, value in vars(self).items() if name != "_digest"}

    def _remember(self, row: Row) -> None:
        if self.final:
            self._digest.update(f"{line(self.final, self._names)}\n".encode())
        if row["step"] == 0:
            self.first = row
        self.final = row
        self._numbers.extend([row[name] for name in self._names])
        loss = row[self.columns[0].name]
        for metric in self.columns:
            name = metric.name
            value = metric.badness(row[name], loss)
            if -math.inf < value < self._least.get(name, math.inf):  # NaN is neither
                self._least[name] = value
                self.best[name] = (row[name], int(row["step"]))


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
