"""What a run leaves in its directory: config.yaml, metrics.csv, summary.json."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import platform
import subprocess
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ..config.schema import Config
from ..metrics import Metric
from ..problems import metric_named
from ..system.errors import DataError
from ..system.files import append, write_text
from .inputs import with_absolute_paths

Row = dict[str, float]
"""One line of metrics.csv: step, seconds and the columns of the objective."""


class RunDirectory:
    """The files of one run, whole at any instant.

    Args:
        path: the directory; made if it is not there.
        columns: what is logged, in its order, the loss first.
        before: rows of the run that is resumed, if one is; it goes on with their columns, which
            may be fewer in what an older version began.
    """

    def __init__(self, path: Path, columns: Sequence[Metric], before: list[Row]) -> None:
        path.mkdir(parents=True, exist_ok=True)
        columns = tuple(metric for metric in columns if not before or metric.name in before[0])
        self.path, self.columns = path, columns
        self.first: Row | None = None  # row 0, the initial point
        self.final: Row = {}
        self.best: dict[str, tuple[float, int]] = {}  # column -> value, step
        self._least: dict[str, float] = {}  # column -> badness of its best value
        names = ("step", "seconds", *(metric.name for metric in columns))
        lines = [",".join(names), *(line(row, names) for row in before)]
        write_text(path / "metrics.csv", "\n".join(lines) + "\n")
        self._names = names
        self._unwritten: list[Row] = []
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

    def flush(self) -> None:
        """Append the rows taken since the last time; those that have no room stay taken.

        The file is open only here: a batch may have more runs than a process may have files.

        Raises:
            OSError: they could not be written.
        """
        if self._unwritten:
            text = "".join([line(row, self._names) + "\n" for row in self._unwritten])
            append(self.path / "metrics.csv", text)
            self._unwritten.clear()

    def _remember(self, row: Row) -> None:
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


def columns_of(rows: Sequence[Row]) -> tuple[Metric, ...]:
    """What the rows of an earlier process hold, by their names."""
    return tuple(metric_named(name) for name in rows[0] if name not in ("step", "seconds"))


def rows_to_keep(
    directory: Path, updates: int, due: Callable[[int], bool]
) -> tuple[list[Row], list[int]]:
    """Rows that a resumed run goes on from, and the steps of rows that are damaged.

    Kept are those before `updates` that belong to the logging grid. metrics.csv may be damaged,
    as a full disk or two writers left it in earlier versions: what cannot be read is left out.
    """
    try:
        text = (directory / "metrics.csv").read_text("utf-8", errors="replace")
    except OSError:
        text = ""
    header, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    rows = list(readable(lines, header.split(",")))
    kept: list[Row] = []
    for row in reversed(rows):  # a row spliced from two may have a step that is too large
        if row["step"] < min(updates, kept[-1]["step"] if kept else updates):
            kept.append(row)
    kept = [row for row in reversed(kept) if due(int(row["step"]))]
    increasing = all(a["step"] < b["step"] for a, b in itertools.pairwise(rows))
    if lines and increasing and len(rows) == len(lines):
        return kept, []
    there = {row["step"] for row in kept}
    return kept, [step for step in range(updates) if due(step) and step not in there]


def readable(lines: Iterable[str], names: list[str]) -> Iterator[Row]:
    """The rows among `lines` that have a number for each name, and a whole number of steps."""
    for text in lines:
        try:
            row = dict(zip(names, map(float, text.split(",")), strict=True))
        except ValueError:
            continue
        if row.get("step", math.nan).is_integer():
            yield row


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
