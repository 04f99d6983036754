"""The iterates of runs on the graph of f (one parameter) or over its contours (two)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as Directory
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..system.wording import subscripted
from ..training.landscape import Array, Landscape, Path, nearby
from .contours import STAR, draw_contours, is_square
from .functions import draw_graph
from .legend import Legend, Look
from .style import BLACK, BLUE, GREY, VERMILION, legend_below, plain_axes, save

START: dict[str, Any] = {
    "marker": "o",
    "markersize": 9,
    "fillstyle": "none",
    "markeredgewidth": 1.6,
}
END: dict[str, Any] = {"marker": "D", "markersize": 6, "markeredgecolor": "white"}
LOST: dict[str, Any] = {"marker": "x", "markersize": 8, "markeredgewidth": 2}
DOTS = 1000
"""Up to so many iterates each has its dot; of more, those that would look the same share one."""
CROWD = 60
"""The dots of more iterates are smaller."""
FEW = 12
"""Paths that are drawn with a mark at each iterate; of more the dots are small."""


def draw_path(landscape: Landscape, title: str, directory: Directory) -> None:
    """path.png and .svg: the iterates of one run."""
    save(path_picture(landscape, title), directory, "path")


def draw_paths(landscape: Landscape, legend: Legend, title: str, directory: Directory) -> None:
    """paths.png and .svg: the iterates of several runs of one function."""
    save(paths_picture(landscape, legend, title), directory, "paths")


def path_picture(landscape: Landscape, title: str) -> Figure:
    """f with the iterates of its one path: where it starts, where it ends, what is not shown."""
    figure = Figure(figsize=size_of(landscape), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots()
    draw_function(axes, landscape, BLUE)
    look = Look(VERMILION)
    draw_iterates(axes, landscape, landscape.paths[0], look, many=False)
    entries = {"iterate": Line2D([], [], **look.of_line(linewidth=1, marker="o", markersize=4))}
    legend_below(figure, {**entries, **marks(landscape, VERMILION)})
    say_what_is_outside(axes, landscape)
    return figure


def paths_picture(landscape: Landscape, legend: Legend, title: str) -> Figure:
    """f with every path; of one parameter, below it, each against the number of updates."""
    width, height = size_of(landscape)
    one = len(landscape.names) == 1
    figure = Figure(
        figsize=(width + (1.0 if legend.bar else 0.0), height + 2.4 * one), layout="constrained"
    )
    figure.suptitle(title, fontsize=10)
    panels = list(figure.subplots(1 + one, 1, squeeze=False, sharex=True)[:, 0])
    draw_function(panels[0], landscape, GREY)  # the colours are the runs'
    many = len(landscape.paths) > FEW
    for path, look in zip(landscape.paths, legend.looks, strict=True):
        draw_iterates(panels[0], landscape, path, look, many=many)
    if one:
        draw_downwards(panels[1], landscape, legend.looks)
        panels[0].set_xlabel("")  # the axis is that of the panel below
    legend.draw_bar(figure, panels)
    legend_below(figure, {**legend.handles(), **marks(landscape, BLACK)})
    say_what_is_outside(panels[0], landscape)
    return figure


def size_of(landscape: Landscape) -> tuple[float, float]:
    """Inches: as high as two parameters in one scale ask for."""
    if len(landscape.names) == 1 or not is_square(landscape):
        return 5.8, 4.4
    across, up = np.ptp(landscape.window, axis=1)
    return (5.8, 1.4 + 4.8 * up / across) if up < across else (1.6 + 4.4 * across / up, 5.6)


def draw_function(axes: Axes, landscape: Landscape, color: str) -> None:
    """The graph of f, or its contours; the axes show the window and no more."""
    if len(landscape.names) == 2:
        draw_contours(axes, landscape, color)
    else:
        draw_graph(axes, landscape.grid[0], landscape.values, color)
        axes.set_xlabel(subscripted(landscape.names[0]))
        plain_axes(axes)
    axes.set_xlim(landscape.box[0])
    axes.set_ylim(landscape.box[1])


def draw_iterates(axes: Axes, landscape: Landscape, path: Path, look: Look, *, many: bool) -> None:
    """Dots joined in order; a ring where it starts, a diamond or a cross where it ends."""
    where, count = landscape.placed(path), landscape.drawn(path)
    line = {"linewidth": 0.7, "alpha": 0.6} if many else {"linewidth": 1.1, "alpha": 0.8}
    line["zorder"] = 2 if landscape.leaves(path) else 2.5  # those that come to an end on top
    axes.plot(*nearby(where[: count + 1], landscape.box).T, **look.of_line(**line))
    dots = distinct(where[:count][landscape.shown(path)[:count]], landscape.box)
    size = 2.0 if many else 2.8 if count > CROWD else 4.5
    style: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "markeredgewidth": 0,
        "zorder": line["zorder"],
    }
    axes.plot(*dots.T, color=look.color, markersize=size, **style)
    if not many:
        alone = len(landscape.paths) == 1  # the starts of several may be one point
        axes.plot(*where[0], color=look.color if alone else BLACK, zorder=4, **START)
    if landscape.leaves(path):
        axes.plot(*where[count - 1], color=look.color, linestyle="", zorder=5, **LOST)
    elif not many:
        axes.plot(*where[-1], color=look.color, linestyle="", zorder=5, **END)


def distinct(points: Array, box: Array) -> Array:
    """The points (T, 2); of very many those that look different."""
    if len(points) <= DOTS:
        return points
    cells = np.round(500 * (points - box[:, 0]) / (box[:, 1] - box[:, 0]))
    _, first = np.unique(cells, axis=0, return_index=True)
    return points[np.sort(first)]


def draw_downwards(axes: Axes, landscape: Landscape, looks: Sequence[Look]) -> None:
    """Each path against the number of updates, which goes down, as far as something moves."""
    box = np.array([landscape.window[0], (0, 1)])
    moving = [1.0]
    for path, look in zip(landscape.paths, looks, strict=True):
        where = np.column_stack([path.points[:, 0], path.steps])
        box[1] = (0, max(path.steps[-1], 1.0))
        axes.plot(*nearby(where, box).T, **look.of_line(linewidth=1.2, alpha=0.9))
        still = np.abs(path.points[:, 0] - path.points[-1, 0]) < 0.004 * np.ptp(box[0])
        moving.append(path.steps[len(still) - int(np.argmin(still[::-1])) - 1])
    axes.set_ylim(1.12 * max(moving), 0)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_ylabel("updates")
    axes.set_xlabel(subscripted(landscape.names[0]))
    plain_axes(axes)


def marks(landscape: Landscape, color: str) -> dict[str, Line2D]:
    """What the marks mean that are in the picture."""
    found = {"start": Line2D([], [], color=color, linestyle="", **START)}
    if len(landscape.paths) > FEW:
        found = {}
    elif not all(map(landscape.leaves, landscape.paths)):
        found["end"] = Line2D([], [], color=color, linestyle="", **END)
    if any(map(landscape.leaves, landscape.paths)):
        found["leaves the picture"] = Line2D([], [], color=color, linestyle="", **LOST)
    if landscape.solution is not None:
        found["minimiser"] = Line2D([], [], **STAR)
    return found


def say_what_is_outside(axes: Axes, landscape: Landscape) -> None:
    """How many iterates are not in the window, above it."""
    outside = [len(path.steps) - landscape.drawn(path) for path in landscape.paths]
    if total := sum(outside):
        every = sum(len(path.steps) for path in landscape.paths)
        text = f"{total:,} of {every:,} iterates are not in the picture"
        axes.set_title(text, loc="right", fontsize=8, color=GREY)
