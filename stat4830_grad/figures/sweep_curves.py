"""Curves of all jobs of a sweep in one picture, told apart by what was swept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..metrics import Metric
from ..training.rows import Row
from ..training.sweep_row import SweepRow
from .curves import bounds, inside
from .legend import Look, tell_apart
from .style import BLACK, in_percent, legend_below, plain_axes, save, scale_of, updates_axis

CROSS: dict[str, Any] = {"marker": "x", "markersize": 6, "linestyle": "", "clip_on": False}


def draw_curves_of_all(
    runs: Sequence[tuple[SweepRow, list[Row]]], swept: Sequence[str], title: str, directory: Path
) -> None:
    """curves.png and .svg: every job's loss (and accuracy)."""
    every = dict.fromkeys(metric for row, _ in runs for metric in row.final)
    shared = [m for m in every if "progress" in m.shown and all(m in row.final for row, _ in runs)]
    if shared:  # problems of several kinds have no loss in common
        save(curves_of_all(runs, shared, swept, title), directory, "curves")


def curves_of_all(
    runs: Sequence[tuple[SweepRow, list[Row]]],
    shared: Sequence[Metric],
    swept: Sequence[str],
    title: str,
) -> Figure:
    """A panel for each metric with a curve for each job; a cross where one diverged."""
    legend = tell_apart([row.swept for row, _ in runs], swept)
    bar = 1.0 if legend.bar else 0.0
    figure = Figure(figsize=(max(4.6 * len(shared), 5.4) + bar, 4.0), layout="constrained")
    figure.suptitle(title, fontsize=10)
    panels = list(figure.subplots(1, len(shared), squeeze=False)[0])
    ended = [(row.status, rows) for row, rows in runs]
    for axes, metric in zip(panels, shared, strict=True):
        draw_panel(axes, ended, metric, legend.looks)
    legend.draw_bar(figure, panels)
    entries: dict[str, Any] = legend.handles()
    if any(row.status == "diverged" for row, _ in runs):
        entries["diverged"] = Line2D([], [], color=BLACK, **CROSS)
    legend_below(figure, entries)
    return figure


def draw_panel(
    axes: Axes, runs: Sequence[tuple[str, list[Row]]], metric: Metric, looks: Sequence[Look]
) -> None:
    """A metric of several runs, each given by its status and its rows."""
    name = metric.name
    low, high = bounds([rows for _, rows in runs], name)
    scale = scale_of([r[name] for _, rows in runs for r in rows if low <= r[name] <= high])
    for (status, rows), look in zip(runs, looks, strict=True):
        points = inside([(r["step"], r[name]) for r in rows], low, high)
        points = [(step, scale.place(value)) for step, value in points]
        axes.plot(*zip(*points, strict=True), **look.of_line(linewidth=1.3, alpha=0.9))
        if status == "diverged":
            axes.plot(*points[-1], color=look.color, **CROSS)
    if metric.percent:
        in_percent(axes)
    else:
        scale.apply(axes, "y")
    updates_axis(axes, max(rows[-1]["step"] for _, rows in runs))
    axes.set_ylabel(metric.label)
    plain_axes(axes)
