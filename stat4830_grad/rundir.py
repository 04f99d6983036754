"""What a run leaves in its directory: config.yaml, metrics.csv, summary.json."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
import subprocess
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import OmegaConf

from .errors import DataError
from .files import naming, write_text
from .schema import Config

Row = dict[str, float]
"""One line of metrics.csv: step, seconds and the columns of the objective."""


class RunDirectory:
    """The files of one run, whole at any instant.

    Args:
        path: the directory; made if it is not there.
        columns: the objective's metrics in their order.
        before: rows of the run that is resumed, if one is.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], before: list[Row]) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path, self.columns = path, columns
        self.final: Row = {}
        self.best: dict[str, tuple[float, int]] = {}  # column -> value, step
        self._least: dict[str, float] = {}  # column -> badness of its best value
        names = ("step", "seconds", *columns)
        lines = [",".join(names), *(line(row, names) for row in before)]
        write_text(path / "metrics.csv", "\n".join(lines) + "\n")
        self._names = names
        self._unwritten: list[Row] = []
        for row in before:
            self._remember(row)

    def log(self, row: Row) -> None:
        """Take one row; it is on disk after the next `flush`."""
        self._unwritten.append(row)
        self._remember(row)

    def flush(self) -> None:
        """Append the rows taken since the last time, in one write: a kill leaves whole lines.

        The file is open only here: a batch may have more runs than a process may have files.
        """
        if self._unwritten:
            path = self.path / "metrics.csv"
            with naming(path), path.open("ab", buffering=0) as file:
                text = "".join([line(row, self._names) + "\n" for row in self._unwritten])
                file.write(text.encode())
            self._unwritten.clear()

    def _remember(self, row: Row) -> None:
        self.final = row
        for name in self.columns:
            value = badness(name, row)
            if -math.inf < value < self._least.get(name, math.inf):  # NaN is neither
                self._least[name] = value
                self.best[name] = (row[name], int(row["step"]))


def badness(name: str, row: Row) -> float:
    """What is smallest at the best row: a loss itself, −accuracy, and for x the loss there."""
    if name.endswith("accuracy"):
        return -row[name]
    return row["loss"] if name == "x" else row[name]


def line(row: Row, names: tuple[str, ...]) -> str:
    """A CSV line; floats are written so that they read back as the same number."""
    _, *others = names
    return ",".join([str(int(row["step"])), *(repr(float(row[name])) for name in others)])


def read_rows(directory: Path) -> list[Row]:
    """The whole lines of metrics.csv.

    Raises:
        DataError: there is no such file, or it is damaged.
    """
    path = directory / "metrics.csv"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    whole = text[: text.rfind("\n") + 1]  # a kill may have cut the last line
    try:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(io.StringIO(whole))]
    except (TypeError, ValueError):
        raise DataError(f"{path} is damaged: not a table of numbers") from None


def rows_to_keep(directory: Path, updates: int, due: Callable[[int], bool]) -> list[Row]:
    """Rows a resumed run goes on from: those before `updates` that belong to the logging grid."""
    rows = read_rows(directory)
    return [row for row in rows if row["step"] < updates and due(int(row["step"]))]


def write_config(directory: Path, config: Config) -> None:
    """config.yaml, every value resolved; what `resume` reads."""
    text = OmegaConf.to_yaml(OmegaConf.create(msgspec.to_builtins(config)))
    write_text(directory / "config.yaml", text)


def write_json(path: Path, content: Any) -> None:
    """JSON for people: indented, UTF-8; numbers that JSON lacks become "inf", "-inf", "nan"."""
    text = json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def finite(content: Any) -> Any:
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
    package = Path(__file__).resolve().parent
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
