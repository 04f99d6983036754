"""Finished runs side by side: where they end, and the first step and quantity that differ."""

from __future__ import annotations

import glob
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config.starts import what_is_there
from ..config.values import leaves
from ..metrics import Metric
from ..system.errors import ConfigError, DataError
from ..system.reading import read_config, read_json
from .rows import Row, columns_of, read_rows

TELLS_NOTHING = ("sweep", "log", "checkpoint", "figures", "resume", "debug", "data_dir")
"""Parts of a configuration that two equal runs may differ in."""


@dataclass(frozen=True)
class FinishedRun:
    """What a run left."""

    path: Path
    label: str
    config: dict[str, Any]  # dotted key -> value
    rows: list[Row]
    columns: tuple[Metric, ...]
    summary: dict[str, Any]  # empty for a run that did not end


@dataclass(frozen=True)
class FirstDifference:
    """The first value in which two runs differ beyond the tolerance."""

    one: str  # labels of the runs
    other: str
    step: int
    column: Metric
    values: tuple[float, float]


def find_runs(patterns: Sequence[str]) -> list[FinishedRun]:
    """The runs in the directories that match, each once, in the order given.

    Raises:
        ConfigError: a pattern matches no run, or there are fewer than two.
        DataError: a run's files are damaged.
    """
    paths = find_directories(patterns)
    if len(paths) < 2:
        raise ConfigError(f"runs: only {paths[0]} was found; to compare takes two runs")
    return [read_run(path, label) for path, label in zip(paths, labels(paths), strict=True)]


def find_directories(patterns: Sequence[str]) -> list[Path]:
    """The directories of runs that match, each once, in the order given.

    A pattern that matches the directory of a sweep means all its jobs.

    Raises:
        ConfigError: a pattern matches no run.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
        runs = [run for path in found for run in (path, *sorted(path.glob("*"))) if is_run(run)]
        if not runs:
            why = next(filter(None, map(why_none, found)), None)
            none = f"{pattern} matches no directory with a metrics.csv"
            raise ConfigError(f"runs: {pattern}: {why}" if why else f"runs: {none}")
        paths |= dict.fromkeys(runs)
    return list(paths)


def why_none(directory: Path) -> str | None:
    """Why there is no run in a directory, where more is known than that."""
    if (directory / "logged.csv").is_file():
        return (
            "its jobs left no directories; their rows are in logged.csv, and the sweep with "
            "sweep.directories=N gives up to N jobs one each"
        )
    return what_is_there(directory)


def is_run(path: Path) -> bool:
    """Whether a directory holds a run, ended or not."""
    return (path / "metrics.csv").is_file() and (path / "config.yaml").is_file()


def labels(paths: Sequence[Path]) -> list[str]:
    """The paths without the directories all of them share."""
    parts = [path.resolve().parts for path in paths]
    shared = 0
    while all(len(p) > shared + 1 for p in parts) and len({p[shared] for p in parts}) == 1:
        shared += 1
    return ["/".join(p[shared:]) for p in parts]


def read_run(path: Path, label: str) -> FinishedRun:
    """A run from its files.

    Raises:
        DataError: they are damaged, or there is no row.
    """
    rows = read_rows(path)
    if not rows:
        raise DataError(f"{path / 'metrics.csv'} has no row")
    config = {k: v for k, v in read_config(path / "config.yaml").items() if k not in TELLS_NOTHING}
    summary = path / "summary.json"
    end = read_json(summary) if summary.exists() else {}
    if not is_summary(end):
        raise DataError(f"{summary} is damaged: not the summary of a run")
    return FinishedRun(path, label, dict(leaves(config)), rows, columns_of(rows, path), end)


def is_summary(told: object) -> bool:
    """Whether what is read of a summary here is there as it should be."""
    if not isinstance(told, dict):
        return False
    inputs = told.get("inputs", [])
    named = isinstance(inputs, list) and all(
        isinstance(one, dict) and {"key", "sha256"} <= one.keys() for one in inputs
    )
    return named and isinstance(told.get("versions", {}), dict)


def differing_keys(runs: Sequence[FinishedRun]) -> list[str]:
    """Keys of the configuration, and device and versions, that are not the same in all runs."""
    known = [facts(run) for run in runs]
    keys = dict.fromkeys(key for one in known for key in one)
    return [key for key in keys if len({repr(one.get(key)) for one in known}) > 1]


def facts(run: FinishedRun) -> dict[str, Any]:
    """Everything about a run that could explain a difference, by dotted key."""
    names = ("device", "threads")
    machine = {name: run.summary.get(name, run.config.get(name)) for name in names}
    versions = dict(leaves({"versions": run.summary.get("versions", {})}))
    inputs = {f"{one['key']} SHA-256": one["sha256"] for one in run.summary.get("inputs", [])}
    return {**run.config, **machine, **inputs, **versions}


def first_difference(
    one: FinishedRun, other: FinishedRun, tolerance: float
) -> FirstDifference | None:
    """The first common step, and in it the first column, in which two runs differ; or None.

    Values differ if |a − b| > tolerance · max(1, |a|, |b|); two that are not finite in the same
    way do not.
    """
    theirs = {row["step"]: row for row in other.rows}
    for row in one.rows:
        match = theirs.get(row["step"])
        if match is None:
            continue
        for metric in one.columns:
            a, b = row[metric.name], match.get(metric.name, row[metric.name])
            if apart(a, b) > tolerance:
                return FirstDifference(one.label, other.label, int(row["step"]), metric, (a, b))
    return None


def apart(a: float, b: float) -> float:
    """|a − b| / max(1, |a|, |b|); 0 for equal infinities or two NaN, else infinite."""
    if math.isfinite(a) and math.isfinite(b):
        return abs(a - b) / max(1.0, abs(a), abs(b))
    return 0.0 if repr(a) == repr(b) else math.inf


def differences(
    runs: Sequence[FinishedRun], tolerance: float
) -> Iterator[tuple[FinishedRun, FinishedRun, FirstDifference | None]]:
    """Each run against the first."""
    for other in runs[1:]:
        yield runs[0], other, first_difference(runs[0], other, tolerance)


def common_columns(runs: Sequence[FinishedRun]) -> list[Metric]:
    """Metrics that every run has, in the order of the first."""
    names = [{metric.name for metric in run.columns} for run in runs]
    return [metric for metric in runs[0].columns if all(metric.name in of for of in names)]


def common_steps(one: FinishedRun, other: FinishedRun) -> Iterator[tuple[Row, Row]]:
    """Rows of the same step."""
    theirs = {row["step"]: row for row in other.rows}
    return ((row, theirs[row["step"]]) for row in one.rows if row["step"] in theirs)


def disjoint(runs: Sequence[FinishedRun]) -> list[tuple[str, str]]:
    """Pairs that have no step in common, so that nothing can be said of them."""
    pairs = itertools.product(runs[:1], runs[1:])
    return [(a.label, b.label) for a, b in pairs if not any(common_steps(a, b))]
