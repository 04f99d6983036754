"""What all pictures share: colours, axes, and how a figure is written.

Colours are those of Okabe and Ito, told apart by colour-blind eyes; line styles tell the same
lines apart in grey.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter, LogLocator, MaxNLocator, NullLocator

from ..metrics import drawable
from ..system.files import write_bytes
from ..system.wording import SUPERSCRIPTS

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


def say_in_place(axes: Axes, text: str) -> None:
    """In the middle of a panel that has nothing to show."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")


def in_percent(axes: Axes) -> None:
    """The vertical axis of an accuracy: 0.825 is 82.5 %."""
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def updates_axis(axes: Axes, last: float, first: float = 0) -> None:
    """The horizontal axis of updates: the greatest tick is where the longest run ends."""
    axes.set_xlabel("updates")
    if last <= first:
        return
    margin = 0.02 * (last - first)
    axes.set_xlim(first - margin, last + margin)
    ticks = [t for t in MaxNLocator(5, integer=True).tick_values(first, last) if first <= t <= last]
    if len(ticks) > 1 and last - ticks[-1] < 0.6 * (ticks[1] - ticks[0]):
        ticks.pop()  # its label would touch that of the end
    axes.xaxis.set_major_locator(FixedLocator([*ticks, last]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


@dataclass(frozen=True)
class Scale:
    """How an axis shows some values. On a logarithmic one zeros stand at the `floor`, if any."""

    logarithmic: bool
    floor: float | None = None

    def place(self, value: float) -> float:
        """Where a value is drawn."""
        return max(value, self.floor) if self.floor is not None else value

    def apply(self, axes: Axes, which: Literal["x", "y"]) -> None:
        """Give an axis this scale."""
        if self.logarithmic:
            logarithmic(axes, which, self.floor)
        else:  # long numbers leave a factor aside
            axes.ticklabel_format(axis=which, scilimits=(-3, 5))


def scale_of(values: Sequence[float]) -> Scale:
    """Logarithmic where no value is negative and the positive ones span decades."""
    finite = [value for value in values if drawable(value)]
    positive = [value for value in finite if value > 0]
    if not positive or min(finite) < 0 or max(positive) <= 20 * min(positive):
        return Scale(False)
    if min(finite) > 0:
        return Scale(True)
    return Scale(True, 10.0 ** max(math.floor(math.log10(min(positive))) - 1, -300))


def log_spaced(values: Sequence[float]) -> bool:
    """Whether the distinct values are more evenly spaced on a logarithmic axis than on a linear."""
    ordered = sorted(set(values))
    if len(ordered) < 2 or ordered[0] <= 0:
        return False
    if len(ordered) == 2:
        return ordered[1] > 5 * ordered[0]
    return unevenness([math.log(value) for value in ordered]) < unevenness(ordered)


def unevenness(ordered: Sequence[float]) -> float:
    """The widest gap between neighbours as a share of the whole."""
    widest = max(b - a for a, b in itertools.pairwise(ordered))
    return widest / (ordered[-1] - ordered[0])


def logarithmic(axes: Axes, which: Literal["x", "y"], floor: float | None = None) -> None:
    """A logarithmic scale, labelled where matplotlib labels it, in plain text; 0 at the `floor`."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(PowersOfTen(floor))
    axis.set_minor_formatter(PowersOfTen())
    if floor is not None:
        axis.set_major_locator(FlooredLocator(floor))
        axis.set_minor_locator(NullLocator())


class FlooredLocator(LogLocator):
    """Ticks at powers of ten, and one at the floor, where zeros are drawn."""

    def __init__(self, floor: float) -> None:
        super().__init__()
        self._floor = floor

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Those of a logarithmic axis above the floor, and the floor."""
        above = [t for t in super().tick_values(vmin, vmax) if t > 5 * self._floor]
        return [self._floor, *above]


class PowersOfTen(LogFormatter):
    """10⁻³, 2·10⁻³; 0 at the floor.

    Set as formulas, as matplotlib does, they took a third of a picture's time.
    """

    def __init__(self, floor: float | None = None) -> None:
        super().__init__()
        self._floor = floor

    def __call__(self, value: float, pos: int | None = None) -> str:
        """The label of a tick; empty where matplotlib has none."""
        if value == self._floor:
            return "0"
        if value <= 0:  # a tick below the least number of float64
            return ""
        if not super().__call__(value, pos):
            return ""
        exponent = math.floor(math.log10(value) + 1e-9)
        factor = f"{value / 10**exponent:.3g}"
        power = "10" + str(exponent).translate(SUPERSCRIPTS)
        return power if factor == "1" else f"{factor}·{power}"


def legend_below(figure: Figure, entries: dict[str, Any]) -> None:
    """One legend for the whole figure, in as many columns as its width has room for."""
    if entries:
        widest = 44 + 5.4 * max(len(label) for label in entries)  # points, of text and handle
        lines = math.ceil(len(entries) / max(1, int(72 * figure.get_figwidth() / widest)))
        columns = math.ceil(len(entries) / lines)
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=9,
        )


def entries_of(*panels: Axes) -> dict[str, Any]:
    """Label -> handle of everything that the panels have labelled, each label once."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found
