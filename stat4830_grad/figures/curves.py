"""Curves of a run: every metric against the number of updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import (
    BLUE,
    GREEN,
    VERMILION,
    in_percent,
    in_print,
    logarithmic,
    plain_axes,
    save,
    updates_axis,
)

if TYPE_CHECKING:
    from ..training.run_directory import Row  # imports more than a process that draws needs

STYLES: dict[str, dict[str, Any]] = {
    "train": {"color": BLUE, "linestyle": "-"},
    "val": {"color": VERMILION, "linestyle": "--"},
    "test": {"color": GREEN, "linestyle": ":"},
    "1": {"color": BLUE, "linestyle": "-"},
    "2": {"color": VERMILION, "linestyle": "--"},
}
"""Of the lines that share a panel: parts of the data, entries of a vector."""
PART_NAME = {"train": "training", "val": "validation", "test": "test"}

WIDTH, HEIGHT = 3.9, 3.4
"""Inches of a panel with what is around it."""
LEFT, RIGHT, BOTTOM, TOP = 0.85, 0.25, 0.5, 0.4
"""Inches around the axes of a panel: a layout engine takes nearly as long as drawing."""


def draw_curves(rows: list[Row], title: str, directory: Path) -> None:
    """curves.png and curves.svg: every metric against the number of updates."""
    save(curves(rows, title), directory, "curves")


def curves(rows: list[Row], title: str) -> Figure:
    """A panel for each kind of metric."""
    columns = [name for name in rows[0] if name not in ("step", "seconds")]
    panels = group(columns)
    width, inside = WIDTH * len(panels), WIDTH - LEFT - RIGHT
    figure = Figure(figsize=(width, HEIGHT))
    figure.suptitle(title, fontsize=10, y=1 - 0.07 / HEIGHT)
    margins = {
        "left": LEFT / width,
        "right": 1 - RIGHT / width,
        "bottom": BOTTOM / HEIGHT,
        "top": 1 - TOP / HEIGHT,
        "wspace": (LEFT + RIGHT) / inside,
    }
    row = figure.subplots(1, len(panels), squeeze=False, gridspec_kw=margins)[0]
    for axes, (label, names) in zip(row, panels.items(), strict=True):
        draw_panel(axes, rows, label, names)
    return figure


def group(columns: list[str]) -> dict[str, list[str]]:
    """Panel label -> its columns: all losses in one, all accuracies, the entries of a vector."""
    panels: dict[str, list[str]] = {}
    for name in columns:
        label = {"grad_norm": "gradient norm", "distance": "distance to the minimiser"}.get(
            name, name.rpartition("_")[2].rstrip("0123456789")
        )
        panels.setdefault(label, []).append(name)
    return panels


def spans_decades(values: list[float]) -> bool:
    """Whether a log axis shows more: nothing negative, and far from the smallest to the largest."""
    positive = [value for value in values if value > 0]
    return min(values, default=-1) >= 0 and max(positive, default=0) > 20 * min(positive, default=0)


def draw_panel(axes: Axes, rows: list[Row], label: str, names: list[str]) -> None:
    values = [row[name] for name in names for row in rows if math.isfinite(row[name])]
    decades = label != "accuracy" and spans_decades(values)
    ends = [end for name in names for end in bounds([rows], name)]
    low, high = min(ends), max(ends)
    diverged = not all(map(math.isfinite, rows[-1].values()))
    far = diverged and not decades and not all(low <= value <= high for value in values)
    room = 0.25 * (high - low) or 1.0
    if far:  # the curve leaves the panel
        axes.set_ylim(low - room, high + room)
    for name in names:
        line = name.partition("_")[0] if "_" in name else name[-1]
        style = STYLES.get(line, {"color": BLUE}) if len(names) > 1 else {"color": BLUE}
        points = [(row["step"], row[name]) for row in rows if math.isfinite(row[name])]
        if far:
            points = inside(points, low - 2 * room, high + 2 * room)
        in_legend = PART_NAME.get(line, in_print(name))
        axes.plot(*zip(*points, strict=True), label=in_legend, linewidth=1.6, **style)
    if label == "accuracy":
        in_percent(axes)
    elif decades:
        logarithmic(axes, "y")
    else:
        axes.ticklabel_format(axis="y", scilimits=(-3, 5))  # longer numbers leave a factor aside
    if len(names) > 1:
        axes.legend(frameon=False, loc="lower right" if label == "accuracy" else "best")
    updates_axis(axes, rows[-1]["step"])
    axes.set_ylabel(label)
    plain_axes(axes)


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
