"""Runs in one picture: every metric, and how far each run is from the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..compare import FinishedRun, apart, common_columns, common_steps
from .style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    in_percent,
    logarithmic,
    plain_axes,
    save,
)

COLOURS = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY]
LINES = ["-", "--", ":", "-."]
LEGEND = 12
"""Runs that a legend names; more are coloured along a scale, in their order."""


def draw_comparison(runs: Sequence[FinishedRun], tolerance: float, directory: Path) -> None:
    """comparison.png and .svg: above the metrics, below the distance from the first run."""
    columns = [name for name in common_columns(runs) if any_finite(runs, name)][:5]
    figure = Figure(figsize=(3.9 * len(columns), 6.4), layout="constrained")
    grid = figure.subplots(2, len(columns), squeeze=False, sharex=True)
    looks = [look(i, len(runs)) for i in range(len(runs))]
    for axes, below, name in zip(grid[0], grid[1], columns, strict=True):
        draw_metric(axes, runs, name, looks)
        draw_distance(below, runs, name, looks, tolerance)
    grid[1][0].set_ylabel("distance from the first run\n|a − b| / max(1, |a|, |b|)")
    handles, labels = grid[0][0].get_legend_handles_labels()
    if len(runs) <= LEGEND:
        figure.legend(handles, labels, loc="outside lower center", frameon=False)
    save(figure, directory, "comparison")


def any_finite(runs: Sequence[FinishedRun], name: str) -> bool:
    return any(math.isfinite(row[name]) for run in runs for row in run.rows)


def look(i: int, count: int) -> dict[str, Any]:
    """Colour and line of run `i`."""
    if count > LEGEND:
        return {"color": colormaps["viridis"](i / (count - 1)), "linewidth": 1}
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": LINES[(i + i // len(COLOURS)) % len(LINES)],
        "linewidth": 1.6,
    }


def draw_metric(
    axes: Axes, runs: Sequence[FinishedRun], name: str, looks: Sequence[dict[str, Any]]
) -> None:
    values = []
    for run, style in zip(runs, looks, strict=True):
        points = [(row["step"], row[name]) for row in run.rows if math.isfinite(row[name])]
        if points:
            axes.plot(*zip(*points, strict=True), label=run.label, **style)
        values += [value for _, value in points]
    if name.endswith("accuracy"):
        in_percent(axes)
    elif 0 < 20 * min(values) < max(values):
        logarithmic(axes, "y")
    axes.set_ylabel(name.replace("_", " "))
    plain_axes(axes)


def draw_distance(
    axes: Axes,
    runs: Sequence[FinishedRun],
    name: str,
    looks: Sequence[dict[str, Any]],
    tolerance: float,
) -> None:
    drawn = False
    for run, style in zip(runs[1:], looks[1:], strict=True):
        pairs = common_steps(runs[0], run)
        points = [(a["step"], apart(a[name], b[name])) for a, b in pairs]
        points = [(step, value) for step, value in points if 0 < value < math.inf]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".", markersize=3, **style)
            drawn = True
    if drawn:
        logarithmic(axes, "y")
    else:
        middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nowhere apart", **middle)
    if tolerance > 0:
        axes.axhline(tolerance, color=BLACK, linewidth=1, linestyle=(0, (1, 3)))
    axes.set_xlabel("updates")
    plain_axes(axes)
