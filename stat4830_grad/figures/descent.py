"""Least squares in two parameters, as the lecture shows it: gradients at points, two descents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..training.landscape import Landscape
from .contours import draw_contours, point
from .style import BLACK, GREY, ORANGE, VERMILION, logarithmic, plain_axes, save

LONGEST = 1.3  # length of the longest arrow, in units of w
TITLES = {"manual": "by hand: Xᵀ(Xw − y)", "autograd_grad": "by autograd"}


def draw_gradients(
    landscape: Landscape, points: Tensor, by_hand: Tensor, by_autograd: Tensor, directory: Path
) -> None:
    """L09_gradients: −∇f at `points` (k, 2), from gradients (k, 2) of two origins side by side."""
    scale = LONGEST / float(torch.linalg.vector_norm(by_hand, dim=-1).max())
    figure = Figure(figsize=(9.2, 4.0), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, grads, title in zip(panels, (by_hand, by_autograd), TITLES.values(), strict=True):
        draw_minimised(axes, landscape)
        for w, g in zip(points.tolist(), grads, strict=True):
            draw_arrow(axes, w, (-scale * g).tolist())
        axes.set_title(f"−∇f(w) {title}", fontsize=11)
    panels[1].set_ylabel("")
    figure.supxlabel(f"arrows: {scale:.2g} × (−∇f)", fontsize=9, color=GREY)
    save(figure, directory, "L09_gradients")


def draw_arrow(axes: Axes, start: list[float], step: list[float]) -> None:
    """An arrow from `start`, whose coordinates stand on the side it does not point to."""
    axes.annotate(
        "",
        (start[0] + step[0], start[1] + step[1]),
        (start[0], start[1]),
        arrowprops=ARROW,
    )
    axes.plot(*start, "o", color=BLACK, markersize=5)
    write(axes, point(np.array(start)), start, (0, 10 if step[1] < 0 else -18), "center")


ARROW = {
    "arrowstyle": "-|>",
    "color": VERMILION,
    "linewidth": 2.2,
    "shrinkA": 0,
    "shrinkB": 0,
    "mutation_scale": 15,
}


def write(
    axes: Axes, text: str, at: list[float], offset: tuple[float, float], align: str = "left"
) -> None:
    """Text beside a point, `offset` in points from it, on a white ground."""
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1}
    axes.annotate(
        text, (at[0], at[1]), offset, textcoords="offset points", ha=align, bbox=ground, zorder=5
    )


def draw_minimised(axes: Axes, landscape: Landscape) -> None:
    """The contours, the minimiser with its name and coordinates."""
    draw_contours(axes, landscape)
    star = landscape.solution
    assert star is not None
    write(axes, f"w* = {point(star)}", star.tolist(), (9, 7))


def draw_descent(
    landscape: Landscape, paths: dict[str, Tensor], losses: dict[str, Tensor], directory: Path
) -> None:
    """L11_descent: iterates (steps + 1, 2) over the contours, losses (steps + 1,) beside them."""
    names = {"manual": "by hand", "autograd_grad": "by autograd"}
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_minimised(left, landscape)
    for way, style in LINES.items():
        left.plot(*paths[way].T, label=names[way], **style, **MARKS[way])
        right.plot(losses[way], label=names[way], **style)
    left.set_title("iterates", fontsize=11)
    right.set_title("loss", fontsize=11)
    logarithmic(right, "y")
    right.axhline(1e-14, color=GREY, linewidth=1, linestyle=":")
    right.annotate("10⁻¹⁴", (0, 1e-14), (2, 4), textcoords="offset points", color=GREY)
    right.set_xlabel("updates")
    right.set_ylabel("½‖Xw − y‖²")
    plain_axes(right)
    right.set_box_aspect(3.5 / 4.5)  # as high as the panel beside it
    left.legend(loc="lower right", framealpha=0.85, edgecolor="none")
    right.legend(frameon=False)
    save(figure, directory, "L11_descent")


LINES = {
    "manual": {"color": ORANGE, "linewidth": 5, "solid_capstyle": "round"},
    "autograd_grad": {"color": BLACK, "linewidth": 1.4, "linestyle": (0, (4, 3))},
}
MARKS = {
    "manual": {"marker": "o", "markersize": 8},
    "autograd_grad": {"marker": "x", "markersize": 5},
}
