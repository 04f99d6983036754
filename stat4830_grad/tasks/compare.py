"""`task=compare`: runs in one table and one picture, and where two of them first differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ..config.jobs import short
from ..config.schema import Config
from ..console.tables import Column, FittedTable, show_named
from ..console.terminal import make_console, say, say_whole
from ..figures.compare import draw_comparison, title, told_apart
from ..figures.path import draw_paths
from ..metrics import apart
from ..reports.comparison import report_comparison
from ..training.finished import (
    FinishedRun,
    FirstDifference,
    common_columns,
    differences,
    differing_keys,
    disjoint,
    facts,
    find_runs,
)
from ..training.run_directory import write_json
from ..training.sampling import landscape_of_files

SHOWN = 30
"""Rows of the table on the terminal."""

MOST = 99
"""`spare` of the columns that are left out first."""


def run(config: Config, directory: Path, command: str) -> int:
    """Compare; comparison.json, .png and .svg are left in `directory`, and paths.png and .svg."""
    assert config.runs is not None  # conf/task/compare.yaml demands it
    assert config.compare is not None
    console, tolerance = make_console(), config.compare.tolerance
    patterns = [config.runs] if isinstance(config.runs, str) else config.runs
    runs = find_runs(patterns)
    keys = differing_keys(runs)
    names = show_table(console, runs, keys)
    found = list(differences(runs, tolerance))
    silent = dict.fromkeys(other for _, other in disjoint(runs))
    sentences = [
        f"{name}: {sentence(difference, names[0], tolerance, other.label in silent)}"
        for name, (_, other, difference) in zip(names[1:], found, strict=True)
    ]
    for said in sentences:
        say(console, said)
    for key in (key.removesuffix(" SHA-256") for key in keys if key.endswith("SHA-256")):
        say(console, f"{key} is not the same file in all of these runs", style="bold red")
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
        shared = landscape_of_files(runs[0].path, [run.rows for run in runs])
        if shared:
            draw_paths(shared, told_apart(runs), title(runs), directory)
        report_comparison(runs, keys, sentences, shared, title(runs), command, directory)
    say_whole(console, f"files: {directory}")
    return 0


def show_table(console: Console, runs: Sequence[FinishedRun], keys: Sequence[str]) -> Sequence[str]:
    """Where every run ended; the runs' names in it, by number where there is no room for longer."""
    shown, labels = runs[:SHOWN], [run.label for run in runs]
    names = show_named(console, "run", labels, lambda names: table(shown, keys, names[:SHOWN]))
    if len(runs) > SHOWN:
        say(console, f"the first {SHOWN} of {len(runs)} runs", style="dim")
    return names


def table(runs: Sequence[FinishedRun], keys: Sequence[str], names: Sequence[str]) -> FittedTable:
    """Where every run ended, by what tells the runs apart."""
    metrics = [metric for metric in common_columns(runs) if "comparison" in metric.shown]
    known = [facts(run) for run in runs]
    columns = [Column("run", left=True)]
    for key in keys:  # what only some of the runs have follows from what they all have
        everywhere = all(key in one for one in known)
        columns.append(Column(short(key, keys), left=True, spare=0 if everywhere else MOST))
    columns += [
        # The last metric, an accuracy or a loss, stays; the first is left out first.
        Column(metric.title, spare=len(metrics) - place)
        for place, metric in enumerate(metrics, start=1)
    ]
    statuses = [str(run.summary.get("status", "not ended")) for run in runs]
    alike = set(statuses) == {"completed"}
    columns.append(Column("steps", spare=MOST - 1))
    columns.append(Column("status", left=True, spare=MOST - 2 if alike else 0))
    rows = []
    for run, name, own, status in zip(runs, names, known, statuses, strict=True):
        last = run.rows[-1]
        choices = [shown_value(key, own.get(key, "–")) for key in keys]
        ends = [metric.text(last[metric.name]) for metric in metrics]
        rows.append((name, *choices, *ends, f"{int(last['step']):,}", status))
    return FittedTable(columns, rows)


def shown_value(key: str, value: object) -> str:
    """A value of a configuration; floats to six digits, of a fingerprint its beginning."""
    if key.endswith("SHA-256"):
        return str(value)[:8]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sentence(
    difference: FirstDifference | None, first_run: str, tolerance: float, silent: bool
) -> str:
    """What is said of a run against the first."""
    if silent:
        return "has no step in common with the first run"
    if difference is None:
        return f"the same as the first run to {tolerance:g} in every common step"
    first, here = apart(difference.column, *difference.values)
    return (
        f"first differs from {first_run} at step {difference.step} in {difference.column.name}: "
        f"{here} instead of {first} (tolerance {tolerance:g})"
    )
