"""Curves of a run: every metric against the number of updates."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metrics import LARGEST, Metric, drawable
from ..system.wording import subscripted
from .style import (
    BLUE,
    GREEN,
    PURPLE,
    VERMILION,
    in_percent,
    logarithmic,
    plain_axes,
    save,
    say_in_place,
    updates_axis,
)

if TYPE_CHECKING:
    from ..training.rows import Row  # imports more than a process that draws needs

STYLES: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linestyle": "-"},
    {"color": VERMILION, "linestyle": "--"},
    {"color": GREEN, "linestyle": ":"},
    {"color": PURPLE, "linestyle": "-."},
)
"""Of the lines that share a panel."""

WIDTH, HEIGHT = 3.9, 3.4
"""Inches of a panel with what is around it."""
LEFT, RIGHT, BOTTOM, TOP = 0.85, 0.25, 0.5, 0.4
"""Inches around the axes of a panel: a layout engine takes nearly as long as drawing."""


def draw_curves(
    rows: Sequence[Row], columns: Sequence[Metric], title: str, directory: Path
) -> None:
    """curves.png and curves.svg: every metric against the number of updates."""
    save(curves(rows, columns, title), directory, "curves")


def curves(rows: Sequence[Row], columns: Sequence[Metric], title: str) -> Figure:
    """The panels that `columns` ask for."""
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
    for axes, (label, metrics) in zip(row, panels.items(), strict=True):
        draw_panel(axes, rows, label, metrics)
    return figure


def group(columns: Sequence[Metric]) -> dict[str, list[Metric]]:
    """Panel label -> its columns: all losses in one, all accuracies, the entries of a vector."""
    panels: dict[str, list[Metric]] = {}
    for metric in columns:
        panels.setdefault(metric.panel or metric.label, []).append(metric)
    return panels


def spans_decades(values: list[float]) -> bool:
    """Whether a log axis shows more: nothing negative, and far from the smallest to the largest."""
    positive = [value for value in values if value > 0]
    return min(values, default=-1) >= 0 and max(positive, default=0) > 20 * min(positive, default=0)


def draw_panel(axes: Axes, rows: Sequence[Row], label: str, metrics: Sequence[Metric]) -> None:
    """The metrics that share a panel, each by a line of its own."""
    names, percent = [metric.name for metric in metrics], all(m.percent for m in metrics)
    values = [row[name] for name in names for row in rows if drawable(row[name])]
    decades = not percent and spans_decades(values)
    ends = [end for name in names for end in bounds([rows], name)]
    low, high = min(ends), max(ends)
    diverged = not all(map(drawable, rows[-1].values()))
    far = diverged and not decades and not all(low <= value <= high for value in values)
    room = 0.25 * (high - low) or 1.0
    if far:  # the curve leaves the panel
        axes.set_ylim(low - room, high + room)
    for metric, style in zip(metrics, itertools.cycle(STYLES)):
        name = metric.name
        points = [(row["step"], row[name]) for row in rows if drawable(row[name])]
        if far:
            points = inside(points, low - 2 * room, high + 2 * room)
        in_legend = metric.line or subscripted(name)
        axes.plot(*zip(*points, strict=True), label=in_legend, linewidth=1.6, **style)
    if not values:
        say_in_place(axes, "no values up to 10¹⁵⁰")
    elif percent:
        in_percent(axes)
    elif decades:
        logarithmic(axes, "y")
    else:
        axes.ticklabel_format(axis="y", scilimits=(-3, 5))  # longer numbers leave a factor aside
    if len(metrics) > 1:
        axes.legend(frameon=False, loc="lower right" if percent else "best")
    updates_axis(axes, rows[-1]["step"])
    axes.set_ylabel(label)
    plain_axes(axes)


def bounds(runs: Sequence[Sequence[Row]], name: str) -> tuple[float, float]:
    """What the axis shows: all values, as far as 1000 times the start (5 where signs change)."""
    values = [row[name] for rows in runs for row in rows if drawable(row[name])]
    times = 1e3 if min(values, default=0.0) >= 0 else 5.0
    far = times * max((abs(rows[0][name]) for rows in runs), default=1.0) or LARGEST
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
