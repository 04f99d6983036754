"""Curves of all jobs of a sweep in one picture, told apart by what was swept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..training.run_directory import Row
from .curves import bounds, inside
from .legend import Look, tell_apart
from .style import BLACK, in_percent, legend_below, plain_axes, save, scale_of, updates_axis
from .theory import SweepRow

PANELS = ("loss", "x", "train_loss", "val_accuracy", "distance")
NAMES = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "grad_norm": "gradient norm",
    "distance": "distance to the minimiser",
}
CROSS: dict[str, Any] = {"marker": "x", "markersize": 6, "linestyle": "", "clip_on": False}


def draw_curves_of_all(
    runs: Sequence[tuple[SweepRow, list[Row]]], swept: Sequence[str], title: str, directory: Path
) -> None:
    """curves.png and .svg: every job's loss (and accuracy)."""
    save(curves_of_all(runs, swept, title), directory, "curves")


def curves_of_all(
    runs: Sequence[tuple[SweepRow, list[Row]]], swept: Sequence[str], title: str
) -> Figure:
    """A panel for each metric with a curve for each job; a cross where one diverged."""
    names = [name for name in PANELS if all(name in rows[0] for _, rows in runs)]
    legend = tell_apart([row for row, _ in runs], swept)
    bar = 1.0 if legend.bar else 0.0
    figure = Figure(figsize=(max(4.6 * len(names), 5.4) + bar, 4.0), layout="constrained")
    figure.suptitle(title, fontsize=10)
    panels = list(figure.subplots(1, len(names), squeeze=False)[0])
    for axes, name in zip(panels, names, strict=True):
        draw_panel(axes, runs, name, legend.looks)
    legend.draw_bar(figure, panels)
    entries: dict[str, Any] = legend.handles()
    if any(row["status"] == "diverged" for row, _ in runs):
        entries["diverged"] = Line2D([], [], color=BLACK, **CROSS)
    legend_below(figure, entries)
    return figure


def draw_panel(
    axes: Axes, runs: Sequence[tuple[SweepRow, list[Row]]], name: str, looks: Sequence[Look]
) -> None:
    low, high = bounds([rows for _, rows in runs], name)
    scale = scale_of([r[name] for _, rows in runs for r in rows if low <= r[name] <= high])
    for (row, rows), look in zip(runs, looks, strict=True):
        points = inside([(r["step"], r[name]) for r in rows], low, high)
        points = [(step, scale.place(value)) for step, value in points]
        axes.plot(*zip(*points, strict=True), **look.of_line(linewidth=1.3, alpha=0.9))
        if row["status"] == "diverged":
            axes.plot(*points[-1], color=look.color, **CROSS)
    if name.endswith("accuracy"):
        in_percent(axes)
    else:
        scale.apply(axes, "y")
    updates_axis(axes, max(rows[-1]["step"] for _, rows in runs))
    axes.set_ylabel(NAMES.get(name, name))
    plain_axes(axes)
