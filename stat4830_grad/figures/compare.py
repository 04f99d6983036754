"""Runs in one picture: every metric, and how far each run is from the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..metrics import GRAD_NORM, Metric, drawable
from ..training.finished import (
    FinishedRun,
    apart,
    common_columns,
    common_steps,
    differing_keys,
    facts,
)
from ..training.sweep_row import Cell
from .legend import Legend, Look, tell_apart
from .style import BLACK, legend_below, logarithmic, plain_axes, save, say_in_place, updates_axis
from .sweep_curves import CROSS, draw_panel
from .titles import shared_title

PANELS = 3
"""So many metrics are drawn, the gradient norm only where there are no others."""


def draw_comparison(runs: Sequence[FinishedRun], tolerance: float, directory: Path) -> None:
    """comparison.png and .svg: above the metrics, below the distance from the first run."""
    save(comparison(runs, tolerance), directory, "comparison")


def comparison(runs: Sequence[FinishedRun], tolerance: float) -> Figure:
    """Two panels for each metric; runs are named by what differs."""
    drawn = panels(runs)
    legend = told_apart(runs)
    bar = 1.0 if legend.bar else 0.0
    figure = Figure(figsize=(max(3.8 * len(drawn), 6.0) + bar, 6.6), layout="constrained")
    figure.suptitle(title(runs), fontsize=10)
    grid = figure.subplots(2, len(drawn), squeeze=False, sharex=True)
    ended = [(str(run.summary.get("status")), run.rows) for run in runs]
    for axes, below, metric in zip(grid[0], grid[1], drawn, strict=True):
        draw_panel(axes, ended, metric, legend.looks)
        axes.set_xlabel("")  # the axis is that of the panel below
        draw_distance(below, runs, metric.name, legend.looks, tolerance)
    grid[1][0].set_ylabel("distance from the first run\n|a − b| / max(1, |a|, |b|)")
    legend.draw_bar(figure, list(grid.flat))
    entries: dict[str, Any] = legend.handles()
    if any(status == "diverged" for status, _ in ended):
        entries["diverged"] = Line2D([], [], color=BLACK, **CROSS)
    legend_below(figure, entries)
    return figure


def panels(runs: Sequence[FinishedRun]) -> list[Metric]:
    """What is drawn of the metrics that all runs have."""
    shared = [metric for metric in common_columns(runs) if any_finite(runs, metric.name)]
    first = [metric for metric in shared if {"progress", "sweep"} & set(metric.shown)]
    return [*first, *(metric for metric in shared if metric == GRAD_NORM)][:PANELS]


def title(runs: Sequence[FinishedRun]) -> str:
    """What all of them share."""
    return shared_title(runs[0].config, differing_keys(runs), len(runs))


def told_apart(runs: Sequence[FinishedRun]) -> Legend:
    """Looks by as few differing choices as tell the runs apart, or else by their directories."""
    cells = [{key: cell(value) for key, value in facts(run).items()} for run in runs]
    keys = sorted(differing_keys(runs), key=lambda key: not key.endswith(".name"))
    needed: list[str] = []
    for key in keys:
        if kinds(cells, [*needed, key]) > kinds(cells, needed):
            needed.append(key)
    if kinds(cells, needed) < len(runs):
        cells, needed = [{"run": run.label} for run in runs], ["run"]
    return tell_apart(cells, needed, seeds=True)


def cell(value: object) -> Cell:
    """Numbers as such, anything else as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return "" if value is None else str(value)


def kinds(cells: Sequence[Mapping[str, Cell]], keys: Sequence[str]) -> int:
    """How many of the runs these keys tell apart."""
    return len({tuple(one.get(key, "") for key in keys) for one in cells})


def any_finite(runs: Sequence[FinishedRun], name: str) -> bool:
    """Whether some run has a value of this metric that a picture can show."""
    return any(drawable(row[name]) for run in runs for row in run.rows)


def draw_distance(
    axes: Axes,
    runs: Sequence[FinishedRun],
    name: str,
    looks: Sequence[Look],
    tolerance: float,
) -> None:
    """How far each run is from the first in one metric, where it is; a line at the `tolerance`."""
    drawn = False
    for run, look in zip(runs[1:], looks[1:], strict=True):
        pairs = common_steps(runs[0], run)
        points = [(a["step"], apart(a[name], b[name])) for a, b in pairs]
        points = [(step, value) for step, value in points if 0 < value < math.inf]
        if points:
            style = look.of_line(marker=".", markersize=3)
            axes.plot(*zip(*points, strict=True), **style)
            drawn = True
    if drawn:
        logarithmic(axes, "y")
    else:
        say_in_place(axes, "nowhere apart")
    if tolerance > 0:
        axes.axhline(tolerance, color=BLACK, linewidth=1, linestyle=(0, (1, 3)))
    updates_axis(axes, max(run.rows[-1]["step"] for run in runs))
    plain_axes(axes)
