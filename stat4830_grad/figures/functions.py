"""The graph of a function of one variable; its derivative, computed two ways."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..system.wording import typeset
from .style import BLACK, BLUE, ORANGE, plain_axes, save

if TYPE_CHECKING:
    from torch import Tensor  # a process that draws a run's pictures needs none


def draw_graph(axes: Axes, x: Any, f: Any, color: str = BLUE) -> None:
    """The graph of f over x, both (n,)."""
    axes.plot(x, f, color=color, linewidth=2)
    axes.set_ylabel("f(x)")


def draw_function_and_derivative(
    x: Tensor, f: Tensor, by_hand: Tensor, by_autograd: Tensor, directory: Path
) -> None:
    """L02_cubic: f over x, and f′ by hand and by autograd on top of each other; all (n,)."""
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_graph(left, x, f)
    for point, level, offset in ((-1, 2, (0, 8)), (1, -2, (0, -16))):
        left.plot(point, level, "o", color=BLACK, markersize=5)
        text = f"f({typeset(point)}) = {typeset(level)}"
        left.annotate(text, (point, level), offset, textcoords="offset points", ha="center")
    left.set_ylim(-3, 3)
    left.set_title("f(x) = x³ − 3x", fontsize=11)
    right.plot(x, by_hand, color=ORANGE, linewidth=6, label="by hand: 3x² − 3")
    right.plot(x, by_autograd, color=BLACK, linewidth=1.6, linestyle=(0, (4, 3)), label="autograd")
    right.legend(frameon=False, loc="upper center")
    right.set_title("f′(x), two ways on top of each other", fontsize=11)
    right.set_ylabel("f′(x)")
    for axes in (left, right):
        finish(axes)
    save(figure, directory, "L02_cubic")


def finish(axes: Axes) -> None:
    """Zero line, labels and whole ticks from −2 to 2."""
    axes.axhline(0, color=BLACK, linewidth=0.8)
    axes.set_xlabel("x")
    axes.set_xticks(range(-2, 3))
    plain_axes(axes)
