"""`task=list`: past runs, the one last written to first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from ..config.commands import assigned
from ..config.conditions import Condition, check_keys, conditions
from ..config.failures import discard_empty
from ..config.schema import Config
from ..console.tables import Column, FittedTable, show_named
from ..console.terminal import make_console, say, say_whole
from ..metrics import Metric
from ..training.past_runs import DAMAGED, NOT_ENDED, PastRun, past_runs

CHOICES = {"problem.name": 1, "model.name": 2, "optimizer.name": 3, "optimizer.lr": 4}
"""Keys of a run that the table shows besides those that are asked for, the less needed the more
spare."""

MOST = 99
"""`spare` of what is left out before the choices, and those before the metrics."""

STYLES = {"completed": "", "running": "cyan", "increased": "magenta", "diverged": "magenta"}
"""Of a run's row by its status; red for the others."""


def run(config: Config, directory: Path, command: str) -> int:
    """List the runs that are asked for. Nothing is left in `directory`."""
    assert config.listing is not None  # conf/task/list.yaml has it
    wanted, console, place = config.listing, make_console(), Path(config.listing.directory)
    discard_empty(directory)
    asked = conditions(wanted.where)
    every = past_runs(place)
    meant = selected(every, asked)
    shown = meant[: wanted.rows]
    if shown:
        columns = list(dict.fromkeys([*CHOICES, *(one.key for one in asked)]))
        labels = [str(run.path) for run in shown]
        show_named(console, "run", labels, lambda names: table(shown, columns, names))
    say(console, tally(meant, len(every), place))
    if len(meant) > len(shown):
        say(console, f"the newest {len(shown)}; for more: list.rows={len(meant)}", style="dim")
    if remark := next((one for one in shown if one.status == NOT_ENDED), None):
        say_whole(console, f"go on with the first that has not ended: {resume(remark)}")
    report_damage(console, meant)
    return 0


def selected(runs: Sequence[PastRun], asked: Sequence[Condition]) -> list[PastRun]:
    """Those that fulfil every condition.

    Raises:
        ConfigError: a condition names what no run has.
    """
    left = list(runs)
    for one in asked:
        left = [run for run in left if fulfils(run, one)]
        if not left and runs:
            check_keys([one], {key for run in runs for key in (*run.results, *run.config)})
    return left


def fulfils(run: PastRun, condition: Condition) -> bool:
    """Whether a run has the key, with a value that is meant."""
    try:
        return condition.holds(run.value(condition.key))
    except KeyError:
        return False


def table(runs: Sequence[PastRun], keys: Sequence[str], names: Sequence[str]) -> FittedTable:
    """Runs by name with their choices, how they ended and where."""
    metrics = final_metrics(runs)
    there = {"status", "updates", *(metric.name for metric in metrics)}
    kept = [k for k in keys if k not in there and any(known(run, k) is not None for run in runs)]
    columns = [Column("run", left=True), Column("written", left=True, spare=MOST)]
    for key in kept:  # what was asked for stays
        columns.append(Column(short(key), left=True, spare=10 * CHOICES.get(key, 0)))
    columns.append(Column("updates", spare=MOST - 1))
    for place, metric in enumerate(metrics, start=1):
        columns.append(Column(metric.title, spare=place - 1))
    columns.append(Column("status", left=True))
    rows = [
        (
            name,
            f"{datetime.fromtimestamp(run.written):%Y-%m-%d %H:%M}",
            *(shown_choice(known(run, key)) for key in kept),
            f"{run.results['updates']:,}" if "updates" in run.results else "–",
            *(text(metric, run.final.get(metric.name)) for metric in metrics),
            run.status,
        )
        for name, run in zip(names, runs, strict=True)
    ]
    return FittedTable(columns, rows, [STYLES.get(run.status, "red") for run in runs])


def final_metrics(runs: Sequence[PastRun]) -> list[Metric]:
    """What the runs ended with, the loss that most of them minimise first."""
    counts = Counter(name for run in runs for name in run.final)
    first = {name: run for run in reversed(runs) for name in run.final}
    metrics = [first[name].metric(name) for name, _ in counts.most_common()]
    return [metric for metric in metrics if "sweep" in metric.shown and metric.better]


def known(run: PastRun, key: str) -> object:
    """What a run has for a key, or None."""
    return run.results.get(key, run.config.get(key))


def short(key: str) -> str:
    """`problem.name` is told as problem."""
    return key.removesuffix(".name").removeprefix("optimizer.")


def shown_choice(value: object) -> str:
    """A value of a configuration in a cell."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def text(metric: Metric, value: float | None) -> str:
    """A last value in a cell."""
    if value is None:
        return "–"
    return metric.text(value) if math.isfinite(value) else str(value)


def tally(runs: Sequence[PastRun], every: int, place: Path) -> str:
    """`3 completed, 1 diverged: 4 of 17 runs in outputs`."""
    if not every:
        return f"no runs in {place}"
    counts = Counter(run.status for run in runs)
    said = ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
    kind = "run" if every == 1 else "runs"
    of = f"{len(runs):,} of {every:,} {kind}" if len(runs) < every else f"{every:,} {kind}"
    return f"{of} in {place}{f': {said}' if said else ''}"


def resume(run: PastRun) -> str:
    """What to type to go on with a run."""
    return assigned("resume", run.path)


def report_damage(console: Console, runs: Sequence[PastRun]) -> None:
    """Say which files could not be read."""
    damaged = [run.path / "summary.json" for run in runs if run.status == DAMAGED]
    for path in damaged[:3]:
        say_whole(console, f"{path} is damaged", style="red")
    if len(damaged) > 3:
        say(console, f"and {len(damaged) - 3:,} more", style="red")
