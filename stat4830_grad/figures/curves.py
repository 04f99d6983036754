"""Curves of a run: every metric against the number of updates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import BLUE, GREEN, VERMILION, in_percent, in_print, logarithmic, plain_axes, save

if TYPE_CHECKING:
    from ..rundir import Row  # imports more than a process that draws needs

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
    values = []
    for name in names:
        line = name.partition("_")[0] if "_" in name else name[-1]
        style = STYLES.get(line, {"color": BLUE}) if len(names) > 1 else {"color": BLUE}
        points = [(row["step"], row[name]) for row in rows if math.isfinite(row[name])]
        in_legend = PART_NAME.get(line, in_print(name))
        axes.plot(*zip(*points, strict=True), label=in_legend, linewidth=1.6, **style)
        values += [value for _, value in points]
    if label == "accuracy":
        in_percent(axes)
    elif spans_decades(values):
        logarithmic(axes, "y")
    else:
        axes.ticklabel_format(axis="y", scilimits=(-3, 5))  # longer numbers leave a factor aside
    if len(names) > 1:
        axes.legend(frameon=False)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("updates")
    axes.set_ylabel(label)
    plain_axes(axes)
