"""Curves of all jobs of a sweep in one picture, coloured by step size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from ..rundir import Row
from .style import in_percent, logarithmic, plain_axes, save
from .sweep import NAMES, Cells, number_axis


def draw_curves_of_all(
    runs: Sequence[tuple[Cells, list[Row]]], swept: Sequence[str], directory: Path
) -> None:
    """curves.png and .svg: every job's loss (and accuracy), coloured by step size."""
    axis = number_axis([row for row, _ in runs], swept)
    first = runs[0][1][0]
    names = [n for n in ("loss", "x", "train_loss", "val_accuracy", "distance") if n in first]
    figure = Figure(figsize=(4.6 * len(names) + 1, 3.8), layout="constrained")
    panels = list(figure.subplots(1, len(names), squeeze=False)[0])
    values = [float(row[axis]) for row, _ in runs] if axis else list(range(len(runs)))
    logarithmic = min(values) > 0 and max(values) > 5 * min(values)
    norm = (LogNorm if logarithmic else Normalize)(min(values), max(values))
    colours = ScalarMappable(norm, "viridis")
    for axes, name in zip(panels, names, strict=True):
        low, high = bounds([rows for _, rows in runs], name)
        for (row, rows), value in zip(runs, values, strict=True):
            points = inside([(r["step"], r[name]) for r in rows], low, high)
            colour = colours.cmap(norm(value))
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=1, alpha=0.9)
            if row["status"] == "diverged":
                mark: dict[str, Any] = {"color": colour, "marker": "x", "markersize": 6}
                axes.plot(*points[-1], clip_on=False, linestyle="", label="diverged", **mark)
        dress_curves(axes, name, low, high)
    figure.colorbar(colours, ax=panels, label=NAMES.get(axis, axis) if axis else "job")
    save(figure, directory, "curves")


def bounds(runs: Sequence[list[Row]], name: str) -> tuple[float, float]:
    """What the axis shows: all values, as far as 1000 times the start (5 where signs change)."""
    values = [row[name] for rows in runs for row in rows if math.isfinite(row[name])]
    times = 1e3 if min(values, default=0.0) >= 0 else 5.0
    far = times * max((abs(rows[0][name]) for rows in runs), default=1.0) or math.inf
    near = [value for value in values if abs(value) <= far]
    return min(near, default=0.0), max(near, default=1.0)


def inside(
    points: Sequence[tuple[float, float]], low: float, high: float
) -> list[tuple[float, float]]:
    """The points of a curve up to where it leaves the bounds, which it does at the edge."""
    shown = []
    for step, value in points:
        if not low <= value <= high:
            shown.append((step, low if value < low else high))
            break
        shown.append((step, value))
    return shown


def dress_curves(axes: Axes, name: str, low: float, high: float) -> None:
    if name == "val_accuracy":
        in_percent(axes)
    elif 0 < 20 * low < high:
        logarithmic(axes, "y")
    axes.set_xlabel("updates")
    words = {"train_loss": "training loss", "val_accuracy": "validation accuracy"}
    axes.set_ylabel(words.get(name, name))
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles[:1], labels[:1], frameon=False)
    plain_axes(axes)
