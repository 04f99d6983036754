"""The runs below a directory as their files tell them, read quickly: there may be ten thousand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ..config.starts import only_started
from ..config.values import leaves
from ..metrics import Metric
from ..problems import metric_named
from ..system.errors import DataError
from ..system.lock import LOCK, in_use
from .rows import meanings

DAMAGED, RUNNING, NOT_ENDED, NOT_BEGUN = "damaged", "running", "not ended", "not begun"
"""What is said of a run whose summary.json cannot be read; of one that a process is writing to;
of one that was killed before it wrote a summary; and while it started."""


@dataclass(frozen=True)
class PastRun:
    """A run as summary.json has it; config.yaml is read where it is asked for."""

    path: Path
    written: float  # when its table or its summary was last written, in seconds since 1970
    status: str
    summary: dict[str, Any]  # empty where there is none, or a damaged one

    @cached_property
    def config(self) -> dict[str, Any]:
        """Dotted key -> value; nothing where config.yaml cannot be read."""
        try:
            tree = yaml.load((self.path / "config.yaml").read_bytes(), LOADER)
        except (OSError, yaml.YAMLError, UnicodeDecodeError):
            return {}
        return dict(leaves(tree)) if isinstance(tree, dict) else {}

    @cached_property
    def final(self) -> dict[str, float]:
        """The last value of each metric, by its column."""
        found = self.summary.get("final")
        if not isinstance(found, dict):
            return {}
        return {name: float(value) for name, value in found.items() if is_number(value)}

    def metric(self, name: str) -> Metric:
        """What a column means; by its name alone where the file that says so is damaged."""
        try:
            own = meanings(self.path)
        except DataError:
            own = {}
        return own.get(name) or metric_named(name)

    @cached_property
    def results(self) -> dict[str, Any]:
        """How it ended, by the names that a condition may use."""
        names = ("device", "threads", "seconds", "batch", "dtype")
        known = {name: self.summary[name] for name in names if name in self.summary}
        best = self.summary.get("best")
        bests = best.items() if isinstance(best, dict) else ()
        made = {"updates": self.summary["steps"]} if "steps" in self.summary else {}
        return {
            "status": self.status,
            **made,
            **self.final,
            **{f"best_{name}": value for name, value in bests},
            **known,
        }

    def value(self, key: str) -> Any:
        """What the run has for a key of its results or its configuration.

        Raises:
            KeyError: it has no such key.
        """
        if key in self.results:
            return self.results[key]
        group = key.rpartition(".")[0]  # model: null has no model.name
        return None if self.config.get(group, key) is None else self.config[key]


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's safe loader in C, where it was built."""


def is_number(value: object) -> bool:
    """Whether a value of summary.json is a number; JSON has "inf", "-inf" and "nan" as text."""
    return isinstance(value, int | float) or value in ("inf", "-inf", "nan")


def past_runs(directory: Path) -> list[PastRun]:
    """The runs in `directory` and below it, the one last written to first.

    A run does not hold others. What cannot be read is passed over: a listing needs no permission.
    """
    found = sorted(found_in(directory), key=lambda run: str(run.path), reverse=True)
    return sorted(found, key=lambda run: run.written, reverse=True)


def found_in(directory: Path, *, held: bool = False) -> Iterator[PastRun]:
    """The runs in and below a directory.

    Args:
        held: whether a process writes to a directory above, as a sweep does.
    """
    try:
        with os.scandir(directory) as entries:
            inside = {entry.name: entry for entry in entries}
    except OSError:
        return
    held = held or (LOCK in inside and in_use(directory))
    if "metrics.csv" in inside and "config.yaml" in inside:
        yield read_past_run(directory, inside, held=held)
        return
    if ".hydra" in inside and only_started(directory):
        status = RUNNING if held else NOT_BEGUN
        yield PastRun(directory, inside[".hydra"].stat().st_mtime, status, {})
        return
    for name, entry in inside.items():
        if not name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield from found_in(directory / name, held=held)


def read_past_run(path: Path, inside: dict[str, os.DirEntry[str]], *, held: bool) -> PastRun:
    """One run from the files in its directory."""
    written = inside["metrics.csv"].stat().st_mtime
    if "summary.json" not in inside:
        return PastRun(path, written, RUNNING if held else NOT_ENDED, {})
    try:
        summary = msgspec.json.decode((path / "summary.json").read_bytes())
        status = summary["status"]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError):
        return PastRun(path, written, DAMAGED, {})
    written = max(written, inside["summary.json"].stat().st_mtime)
    resumed = held and LOCK in inside
    return PastRun(path, written, RUNNING if resumed else str(status), summary)
