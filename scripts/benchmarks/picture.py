"""How cost grows: one update of one run against the samples and against the runs at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stat4830_grad.figures.style import BLACK, BLUE, GREEN, VERMILION, logarithmic, plain_axes, save

from .line import Point
from .updates import JAX, LECTURE, LIMIT

STYLES: dict[str, dict[str, Any]] = {
    LECTURE: {"color": VERMILION, "linestyle": "--", "marker": "s"},
    JAX: {"color": GREEN, "linestyle": "-.", "marker": "^"},
    "manual": {"color": BLUE, "linestyle": "-", "marker": "o", "label": "ours, manual"},
    LIMIT: {"color": BLACK, "linestyle": ":", "marker": ""},
}

PANELS = [
    ("logistic", "samples"),
    ("mlp", "samples"),
    ("logistic", "runs"),
    ("mlp", "runs"),
]
NAMES = {"logistic": "logistic regression", "mlp": "ReLU network, 32 hidden"}


def draw(points: Sequence[Point], directory: Path) -> bool:
    """growth.png and growth.svg; False if no panel has two points to join."""
    if not any(len(chosen(points, *panel)) > 1 for panel in PANELS):
        return False
    figure = Figure(figsize=(8.4, 6.4), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        draw_panel(axes, chosen(points, *panel), *panel)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    save(figure, directory, "growth")
    return True


def chosen(points: Sequence[Point], problem: str, along: str) -> list[tuple[int, Point]]:
    """(abscissa, point) of one panel: runs alone over n, or runs at once at n = 4,000."""
    own = [point for point in points if point.problem == problem]
    if along == "samples":
        return sorted(((p.n, p) for p in own if p.runs == 1), key=lambda pair: pair[0])
    return sorted(((p.runs, p) for p in own if p.n == 4000), key=lambda pair: pair[0])


def draw_panel(axes: Axes, found: list[tuple[int, Point]], problem: str, along: str) -> None:
    for name, style in STYLES.items():
        curve = [(x, p.seconds[name]) for x, p in found if name in p.seconds]
        if not curve:
            continue
        xs = [x for x, _ in curve]
        axes.plot(
            xs,
            [1e3 * s.median for _, s in curve],
            **{"label": name, "linewidth": 1.6, "markersize": 4, **style},
        )
        low, high = ([1e3 * getattr(s, end) for _, s in curve] for end in ("low", "high"))
        axes.fill_between(xs, low, high, color=style["color"], alpha=0.2, linewidth=0)
    logarithmic(axes, "x")
    logarithmic(axes, "y")
    whole_decades(axes)
    axes.set_xticks([x for x, _ in found], [f"{x:,}" for x, _ in found], minor=False)
    axes.minorticks_off()
    axes.set_title(NAMES[problem], fontsize=10)
    axes.set_xlabel("samples n, one run" if along == "samples" else "runs at once K, n = 4,000")
    axes.set_ylabel("ms per update" if along == "samples" else "ms per update and run")
    plain_axes(axes)


def whole_decades(axes: Axes) -> None:
    """A vertical axis from one power of ten to another, so that at least two are labelled."""
    low, high = axes.get_ylim()
    axes.set_ylim(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)))
