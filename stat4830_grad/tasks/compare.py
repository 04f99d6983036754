"""`task=compare`: runs in one table and one picture, and where two of them first differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..compare import (
    Difference,
    FinishedRun,
    common_columns,
    differences,
    differing_keys,
    disjoint,
    facts,
    find_runs,
)
from ..figures.compare import draw_comparison
from ..rundir import write_json
from ..schema import Config
from ..sinks import number
from ..sweep.report import short

SHOWN = 30
"""Rows of the table on the terminal."""

ONLY_IN_FILES = ("train_accuracy", "grad_norm")
"""Metrics that the table on the terminal has no room for."""


def run(config: Config, directory: Path, command: str) -> int:
    """Compare; comparison.json, .png and .svg are left in `directory`."""
    assert config.runs is not None  # conf/task/compare.yaml demands it
    assert config.compare is not None
    console, tolerance = Console(), config.compare.tolerance
    patterns = [config.runs] if isinstance(config.runs, str) else config.runs
    runs = find_runs(patterns)
    keys = differing_keys(runs)
    console.print(table(runs, keys))
    found = list(differences(runs, tolerance))
    silent = dict.fromkeys(other for _, other in disjoint(runs))
    for _, other, difference in found:
        line = f"{other.label}: {sentence(difference, tolerance, other.label in silent)}"
        console.print(line, highlight=False, soft_wrap=True)
    directory.mkdir(parents=True, exist_ok=True)
    content = {
        "command": command,
        "tolerance": tolerance,
        "runs": [str(run.path) for run in runs],
        "differing_keys": {key: [facts(run).get(key) for run in runs] for key in keys},
        "first_differences": [asdict(d) for _, _, d in found if d is not None],
    }
    write_json(directory / "comparison.json", content)
    if config.figures:
        draw_comparison(runs, tolerance, directory)
    console.print(f"files: {directory}", highlight=False, soft_wrap=True)
    return 0


def table(runs: Sequence[FinishedRun], keys: Sequence[str]) -> Table:
    """Where every run ended, by what tells the runs apart."""
    result = Table(header_style="bold")
    for title in ("run", *(short(key, keys) for key in keys)):
        result.add_column(title, overflow="fold")
    columns = [name for name in common_columns(runs) if name not in ONLY_IN_FILES]
    for title in (*columns, "steps", "status"):
        result.add_column(title.replace("_", " "), justify="right")
    for one in runs[:SHOWN]:
        last = one.rows[-1]
        told = [str(facts(one).get(key, "–")) for key in keys]
        ends = [number(name, last[name]) for name in columns]
        steps, status = str(int(last["step"])), str(one.summary.get("status", "not ended"))
        result.add_row(one.label, *told, *ends, steps, status)
    if len(runs) > SHOWN:
        result.caption = f"the first {SHOWN} of {len(runs)} runs"
    return result


def sentence(difference: Difference | None, tolerance: float, silent: bool) -> str:
    """What is said of a run against the first."""
    if silent:
        return "has no step in common with the first run"
    if difference is None:
        return f"the same as the first run to {tolerance:g} in every common step"
    a, b = difference.values
    return (
        f"first differs from {difference.one} at step {difference.step} in {difference.column}: "
        f"{b!r} instead of {a!r} (tolerance {tolerance:g})"
    )
