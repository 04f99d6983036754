"""What the console says before and after a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .lecture import UPDATES, departures, stated_accuracy
from .rundir import Row, loss_of
from .schema import Config, Digits
from .sinks import number


def say(console: Console, text: str, style: str | None = None) -> None:
    """A sentence: wrapped between words on a terminal, one line where programs read it."""
    console.print(text, style=style, highlight=False, soft_wrap=not console.is_terminal)


def headline(config: Config, device: str) -> str:
    """The choices of a run in one line."""
    model = config.model.name if config.model else None
    parts = [
        config.problem.name,
        model,
        config.gradient.name,
        f"{config.optimizer.name} lr={config.optimizer.lr:g}",
        f"{config.steps:,} steps",
        f"{device} {config.dtype}",
    ]
    return " · ".join(str(part) for part in parts if part)


def note(config: Config) -> str | None:
    """What a newcomer should know about the data."""
    if isinstance(config.problem, Digits):
        return (
            "digits: scikit-learn's 1,797 handwritten digits, brought to 28×28. This is not MNIST; "
            "for the lecture's run use problem=mnist."
        )
    return None


def table(summary: dict[str, Any]) -> Table:
    """Final and best value of every metric."""
    result = Table(header_style="bold")
    result.add_column("metric")
    result.add_column(f"final (step {summary['steps']})", justify="right")
    result.add_column("best", justify="right")
    result.add_column("at step", justify="right")
    for name, value in summary["final"].items():
        best = summary["best"].get(name)
        result.add_row(
            name.replace("_", " "),
            number(name, value),
            "–" if best is None else number(name, best),
            "–" if best is None else str(summary["best_step"][name]),
        )
    return result


def against_lecture(config: Config, rows: list[Row]) -> str | None:
    """The lecture's number beside ours, for its problem and models."""
    stated = stated_accuracy(config)
    if stated is None:
        return None
    said = f"lecture: validation accuracy {100 * stated:.2f} % after {UPDATES} updates"
    if other := departures(config):
        return f"{said}; this run is another ({', '.join(other)})"
    ours = next((row["val_accuracy"] for row in rows if row["step"] == UPDATES), None)
    if ours is None:
        return f"{said}; this run ended before"
    verdict = "exactly the same" if ours == stated else "NOT the same"
    return f"{said}; ours: {100 * ours:.2f} %, {verdict}"


def closing(
    console: Console,
    config: Config,
    summary: dict[str, Any],
    rows: list[Row],
    directory: Path,
    limit: str | None,
) -> None:
    """The end of a run: table, comparison, where its files are.

    Args:
        limit: what theory says of a step size that was too large, if the run failed by it.
    """
    console.print(table(summary))
    if comparison := against_lecture(config, rows):
        say(console, comparison)
    if summary["status"] == "diverged":
        say(console, diverged(config, summary, limit), style="bold red")
    if summary["status"] == "increased":
        say(console, increased(config, summary, rows, limit), style="bold red")
    if summary["status"] == "interrupted":
        left = f"interrupted after {summary['steps']} of {config.steps} updates; go on with"
        console.print(f"{left} resume={directory}", highlight=False, soft_wrap=True)
    where(console, directory)


def where(console: Console, directory: Path) -> None:
    """The line that says where a run's files are."""
    console.print(f"files: {directory}", highlight=False, soft_wrap=True)


def diverged(config: Config, summary: dict[str, Any], limit: str | None) -> str:
    name = loss_of(summary["final"])
    return (
        f"diverged: {name.replace('_', ' ')} is {summary['final'][name]} at step "
        f"{summary['steps']} with step size {config.optimizer.lr:g}; "
        f"{limit or 'try a smaller optimizer.lr'}"
    )


def increased(
    config: Config, summary: dict[str, Any], rows: Sequence[Row], limit: str | None
) -> str:
    name = loss_of(summary["final"])
    return (
        f"the loss increased: {name.replace('_', ' ')} went from {rows[0][name]:.4g} to "
        f"{summary['final'][name]:.4g} in {summary['steps']} updates with step size "
        f"{config.optimizer.lr:g}; {limit or 'try a smaller optimizer.lr'}"
    )


def already_ended(config: Config, summary: dict[str, Any]) -> str:
    """Why a run is not gone on with that has nothing left to do."""
    steps = summary["steps"]
    if summary["status"] == "diverged":
        return (
            f"this run diverged at step {steps}: to go on would change nothing; "
            "begin a new one with another step size or initial point"
        )
    return f"this run is complete: {steps:,} of {config.steps:,} updates; steps=N makes it longer"


def lost_rows(directory: Path, steps: Sequence[int]) -> str:
    """What is missing in a metrics.csv that was damaged."""
    return (
        f"{directory / 'metrics.csv'} was damaged: {len(steps):,} of its rows between steps "
        f"{steps[0]:,} and {steps[-1]:,} are lost; all others are kept"
    )
