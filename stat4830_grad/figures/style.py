"""What all pictures share: colours, axes, and how a figure is written.

Colours are those of Okabe and Ito, told apart by colour-blind eyes; line styles tell the same
lines apart in grey.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from ..files import write_bytes

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
SKY, GREY, BLACK = "#56B4E9", "#777777", "#000000"


def save(figure: Figure, directory: Path, name: str) -> None:
    """`name`.png and `name`.svg in `directory`, each whole or not there."""
    for suffix in ("png", "svg"):
        write_bytes(directory / f"{name}.{suffix}", rendered(figure, suffix))


def rendered(figure: Figure, suffix: str) -> bytes:
    """The content of a file of this kind."""
    image = io.BytesIO()
    figure.savefig(image, format=suffix, dpi=150)
    figure.set_layout_engine("none")  # laid out once: that takes as long as drawing
    return image.getvalue()


def plain_axes(axes: Axes) -> None:
    """Light grid, no box."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def in_percent(axes: Axes) -> None:
    """The vertical axis of an accuracy: 0.825 is 82.5 %."""
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """A logarithmic scale, labelled where matplotlib labels it, in plain text."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(PowersOfTen())
    axis.set_minor_formatter(PowersOfTen())


SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class PowersOfTen(LogFormatter):
    """10⁻³, 2·10⁻³. Set as formulas, as matplotlib does, they took a third of a picture's time."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        if not super().__call__(value, pos):
            return ""
        exponent = math.floor(math.log10(value) + 1e-9)
        factor = f"{value / 10**exponent:.3g}"
        power = "10" + str(exponent).translate(SUPERSCRIPTS)
        return power if factor == "1" else f"{factor}·{power}"
