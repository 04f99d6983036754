"""What all pictures share: colours, axes, and how a figure is written.

Colours are those of Okabe and Ito, told apart by colour-blind eyes; line styles tell the same
lines apart in grey.
"""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
