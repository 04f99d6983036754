"""Contours of a function of two parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..system.wording import SUPERSCRIPTS, subscripted, typeset
from ..training.landscape import Array, Landscape
from .style import BLACK, BLUE, ORANGE, plain_axes

LEVELS = np.linspace(0.04, 1, 11) ** 2
"""Of contours, as shares of the height shown: a quadratic's are evenly spaced."""


STAR: dict[str, Any] = {
    "marker": "*",
    "color": ORANGE,
    "markeredgecolor": BLACK,
    "markersize": 14,
    "linestyle": "",
}


def draw_contours(axes: Axes, landscape: Landscape, color: str = BLUE) -> None:
    """Contours of f over two parameters, its minimiser, where it is known, marked by a star."""
    (first, second), values = landscape.grid, landscape.values
    finite = values[np.isfinite(values)]
    low, height = float(finite.min()), float(np.ptp(finite))
    if height > 0:
        levels = [float(level) for level in low + height * LEVELS]
        lines = axes.contour(
            first, second, values.T, levels=levels, colors=color, linestyles="solid",
            linewidths=0.8, alpha=0.5,
        )  # fmt: skip
        axes.clabel(lines, levels[2::3], fmt=in_digits, fontsize=8)
    if landscape.solution is not None:
        axes.plot(*landscape.solution, zorder=4, **STAR)
    if is_square(landscape):
        axes.set_aspect("equal")
    first_name, second_name = landscape.names
    axes.set_xlabel(subscripted(first_name))
    axes.set_ylabel(subscripted(second_name))
    plain_axes(axes)


def in_digits(level: float) -> str:
    """Three digits: 52.5, −2, 7.31·10⁴."""
    digits, _, exponent = typeset(level).partition("e")
    power = "10" + str(int(exponent.replace("−", "-"))).translate(SUPERSCRIPTS) if exponent else ""
    return f"{digits}·{power}" if power else digits


def is_square(landscape: Landscape) -> bool:
    """Whether both parameters have room in one scale."""
    sizes = np.ptp(landscape.window, axis=1)
    return bool(sizes.max() <= 4 * sizes.min())


def point(w: Array) -> str:
    """(1, −0.5)."""
    return f"({', '.join(typeset(float(value)) for value in w)})"
