"""What the console says before and after a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ..config.commands import assigned
from ..config.lecture import UPDATES, departures, stated_accuracy
from ..config.models import Model, ModelFile
from ..config.problems import Digits, ImageProblem, Problem, Table
from ..config.schema import Config
from ..console.tables import Column, FittedTable, show
from ..console.terminal import say, say_whole
from ..core import Objective
from ..metrics import Metric
from ..problems.classification import VAL_ACCURACY
from .rows import FILE, Row
from .run_directory import RunDirectory


def headline(config: Config, device: str) -> str:
    """The choices of a run in one line."""
    of_samples = f" of {config.minibatch} samples" if config.minibatch else ""
    parts = [
        problem_in_words(config.problem),
        model_in_words(config.model),
        config.gradient.name,
        optimizer_in_words(config),
        f"{config.steps:,} steps{of_samples}",
        f"{device} {config.dtype}",
    ]
    return " · ".join(str(part) for part in parts if part)


def problem_in_words(problem: Problem) -> str:
    """`mnist, ten classes, l2=0.01`; of a table with the name of its file."""
    ten = isinstance(problem, ImageProblem) and problem.labels == "digit"
    file = f" {Path(problem.file).name}" if isinstance(problem, Table) else ""
    penalty = [f"l2={problem.penalty:g}"] if problem.penalty else []
    return ", ".join([f"{problem.name}{file}", *["ten classes"] * ten, *penalty])


def model_in_words(model: Model | None) -> str | None:
    """Its name, or that of its file."""
    if isinstance(model, ModelFile):
        return Path(model.path).name
    return model.name if model else None


def optimizer_in_words(config: Config) -> str:
    """`adam lr=0.1 cosine, warm-up 10`."""
    optimizer = config.optimizer
    changes = [f"warm-up {optimizer.warmup}"] if optimizer.warmup else []
    if optimizer.schedule != "constant":
        changes.insert(0, optimizer.schedule)
    return f"{optimizer.name} lr={optimizer.lr:g} {', '.join(changes)}".rstrip()


def notes(config: Config, objective: Objective) -> list[str]:
    """What a newcomer should know about the problem, line by line."""
    if isinstance(config.problem, Digits):
        return [
            "digits: scikit-learn's 1,797 handwritten digits, brought to 28×28. This is not MNIST; "
            "for the lecture's run use problem=mnist.",
            *objective.notes(1),
        ]
    return objective.notes(1)


def table(summary: dict[str, Any], columns: Sequence[Metric]) -> FittedTable:
    """Final and best value of every metric."""
    rows = []
    for metric in columns:
        name, best, step = metric.name, "–", "–"
        if name in summary["best"]:
            best = metric.text(summary["best"][name])
            step = f"{summary['best_step'][name]:,}"
        rows.append((metric.title, metric.text(summary["final"][name]), best, step))
    final = Column(f"final (step {summary['steps']:,})")
    return FittedTable(
        (Column("metric", left=True), final, Column("best"), Column("at step")), rows
    )


def against_lecture(config: Config, rows: list[Row]) -> str | None:
    """The lecture's number beside ours, for its problem and models."""
    stated = stated_accuracy(config)
    if stated is None:
        return None
    said = f"lecture: validation accuracy {100 * stated:.2f} % after {UPDATES} updates"
    if other := departures(config):
        return f"{said}; this run is another ({', '.join(other)})"
    ours = next((row[VAL_ACCURACY.name] for row in rows if row["step"] == UPDATES), None)
    if ours is None:
        return f"{said}; this run ended before"
    verdict = "exactly the same" if ours == stated else "NOT the same"
    return f"{said}; ours: {100 * ours:.2f} %, {verdict}"


def closing(
    console: Console,
    config: Config,
    summary: dict[str, Any],
    files: RunDirectory,
    rows: list[Row],
    limit: str | None,
) -> None:
    """The end of a run: table, comparison, where its files are.

    Args:
        limit: what theory says of a step size that was too large, if the run failed by it.
    """
    show(console, table(summary, files.columns))
    if comparison := against_lecture(config, rows):
        say(console, comparison)
    if summary["status"] == "diverged":
        say(console, diverged(config, summary, files.columns[0], limit), style="bold red")
    if summary["status"] == "increased":
        say(console, increased(config, summary, files, limit), style="bold red")
    if summary["status"] == "interrupted":
        made = f"{summary['steps']:,} of {config.steps:,}"
        hint = f"interrupted after {made} updates; go on with {assigned('resume', files.path)}"
        say_whole(console, hint)
    where(console, files.path)


def where(console: Console, directory: Path) -> None:
    """The line that says where a run's files are."""
    say_whole(console, f"files: {directory}")


def diverged(config: Config, summary: dict[str, Any], loss: Metric, limit: str | None) -> str:
    """What happened, and what to try."""
    return (
        f"diverged: {loss.title} is {summary['final'][loss.name]} at step "
        f"{summary['steps']} with step size {config.optimizer.lr:g}; "
        f"{limit or 'try a smaller optimizer.lr'}"
    )


def increased(
    config: Config, summary: dict[str, Any], files: RunDirectory, limit: str | None
) -> str:
    """From where to where, and what to try."""
    loss = files.columns[0]
    assert files.first is not None  # without its initial point a run has not increased
    return (
        f"the loss increased: {loss.title} went from {files.first[loss.name]:.4g} to "
        f"{summary['final'][loss.name]:.4g} in {summary['steps']} updates with step size "
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


def lost_rows(directory: Path, updates: int) -> str:
    """What a run says that goes on without its metrics.csv."""
    return f"{directory / FILE} is not there: it begins anew with the rows from step {updates:,}"
