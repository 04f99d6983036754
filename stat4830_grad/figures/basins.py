"""Where gradient descent on a polynomial ends, by where it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metrics import drawable
from ..system.wording import typeset
from ..training.landscape import Landscape
from ..training.sweep_row import SweepRow
from .path import draw_function
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    entries_of,
    legend_below,
    log_spaced,
    logarithmic,
    plain_axes,
    save,
)

COLOURS = [(BLUE, "o"), (GREEN, "s"), (PURPLE, "^"), (ORANGE, "D")]
DIVERGED, ELSEWHERE = (VERMILION, "x"), (GREY, ".")


def draw_basins(
    rows: Sequence[SweepRow],
    known: dict[str, Any],
    landscape: Landscape | None,
    title: str,
    directory: Path,
) -> None:
    """basins.png and .svg: starting points by the minimiser they lead to.

    On the graph of f if one step size was used, else over (x₀, η) with the limit 2/f″ of each
    minimiser. Maximisers, where basins meet for small steps, are vertical lines. Nothing is left
    where some start, or its f, has no place.

    Args:
        landscape: f, with a path for each row; None where they have no place.
    """
    starts = [float(row.swept["problem.x0"]) for row in rows]
    sizes = [float(row.swept["optimizer.lr"]) for row in rows if "optimizer.lr" in row.swept]
    on_graph = len(set(sizes)) <= 1
    if not all(map(drawable, [*starts, *sizes])) or (on_graph and landscape is None):
        return
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots()
    if on_graph and landscape:
        draw_function(axes, landscape, BLACK)
        margin = 0.06 * (max(starts) - min(starts))
        axes.set_xlim(min(starts) - margin, max(starts) + margin)
        axes.set_ylabel("f(x₀)")
        heights = [float(path.losses[0]) for path in landscape.paths]
    else:
        label_vertical(axes, sizes, known)
        heights = sizes
    scatter(axes, rows, starts, heights, known)
    for i, x in enumerate(known["maximisers"]):
        axes.axvline(x, color=GREY, linewidth=1, linestyle=":", label=None if i else "maximiser")
    axes.set_xlabel("initial point x₀")
    legend_below(figure, entries_of(axes))
    plain_axes(axes)
    save(figure, directory, "basins")


def label_vertical(axes: Axes, sizes: Sequence[float], known: dict[str, Any]) -> None:
    """The vertical axis of step sizes, with the limit of each minimiser."""
    if log_spaced(sizes):
        logarithmic(axes, "y")
    axes.set_ylabel("step size η")
    for at, style in zip(known["minimisers"], ("--", "-.", ":") * 9, strict=False):
        if at["step_limit"] is not None:
            label = f"limit at x = {typeset(at['x'])}: {at['step_limit']:.3g}"
            axes.axhline(at["step_limit"], color=BLACK, linestyle=style, label=label)


def scatter(
    axes: Axes,
    rows: Sequence[SweepRow],
    starts: Sequence[float],
    heights: Sequence[float],
    known: dict[str, Any],
) -> None:
    """One mark per run: its colour and shape say where it went."""
    looks = {
        at["x"]: (f"to x = {typeset(at['x'])}", look)
        for at, look in zip(known["minimisers"], COLOURS * 9, strict=False)
    }
    found: dict[tuple[str, tuple[str, str]], list[tuple[float, float]]] = {}
    for row, x, y in zip(rows, starts, heights, strict=True):
        ends = (
            ("diverged", DIVERGED)
            if row.status == "diverged"
            else ("not at a minimiser", ELSEWHERE)
        )
        found.setdefault(looks.get(row.theory.get("converged_to"), ends), []).append((x, y))
    for (label, (colour, marker)), points in sorted(found.items()):
        style: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "linestyle": "",
            "markersize": 4,
        }
        axes.plot(*zip(*points, strict=True), label=label, **style)
