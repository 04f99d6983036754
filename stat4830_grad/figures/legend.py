"""How runs in one picture are told apart, and what names them: a legend or a colour bar."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..metrics import drawable
from .style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, PowersOfTen, log_spaced

FEW = 8
"""Values that a legend names one by one; of more numbers there is a colour bar."""

SEEDS = ("model.init_seed", "problem.init_seed", "seed", "model.init_from")
"""Keys over which results are spread; told apart only where nothing else varies."""

NAMES = {"optimizer.lr": "step size η", "problem.x0": "initial point x₀"}
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = [(dash, marker) for marker in MARKERS for dash in DASHES]

Values = Mapping[str, float | int | str]
"""A run's value of each key that varies."""


@dataclass(frozen=True)
class Look:
    """Colour, line and marker of a run."""

    color: Any
    line: str = "-"
    marker: str = "o"

    def of_line(self, **more: Any) -> dict[str, Any]:
        """What `Axes.plot` takes, without the marker."""
        return {"color": self.color, "linestyle": self.line, **more}


@dataclass(frozen=True)
class Legend:
    """The look of each run, and what names them."""

    looks: list[Look]
    entries: dict[str, Look]
    bar: ScalarMappable | None = None
    bar_label: str = ""

    def handles(self, *, markers: bool = False) -> dict[str, Line2D]:
        """Label -> a line to show in a legend."""
        return {
            text: Line2D(
                [], [], **look.of_line(marker=look.marker if markers else "", markersize=4)
            )
            for text, look in self.entries.items()
        }

    def draw_bar(self, figure: Figure, panels: Sequence[Axes]) -> None:
        """The colour bar beside the panels, if there is one."""
        if self.bar is not None:
            bar = figure.colorbar(self.bar, ax=list(panels), label=self.bar_label)
            if isinstance(self.bar.norm, LogNorm):
                bar.ax.yaxis.set_major_formatter(PowersOfTen())
                bar.ax.yaxis.set_minor_formatter(PowersOfTen())


def tell_apart(runs: Sequence[Values], keys: Sequence[str], *, seeds: bool = False) -> Legend:
    """Looks for runs by the keys in which they differ.

    Up to FEW combinations of values differ in colour and line, and named one by one. Of more,
    the key with the most values is the colour, with a bar if they are numbers; the others are
    the line. Runs that differ in their seeds alone look alike, but with `seeds`.
    """
    keys = list(keys) if seeds else varying(runs, keys)
    combinations = [tuple(run.get(key, "") for key in keys) for run in runs]
    distinct = list(dict.fromkeys(combinations))
    if len(distinct) > FEW:
        return by_colour_and_line(runs, keys)
    numbers = len(keys) == 1 and numeric(runs, keys[0])
    order = sorted(distinct, key=lambda one: float(one[0])) if numbers else distinct
    colours = shades(len(order)) if numbers else PALETTE
    cycle = zip(itertools.cycle(colours), itertools.cycle(DASHES), itertools.cycle(MARKERS))
    looks = {one: Look(*look) for one, look in zip(order, cycle)}  # noqa: B905
    named = {label(dict(zip(keys, one, strict=True))): look for one, look in looks.items()}
    named.pop("", None)
    return Legend([looks[one] for one in combinations], named)


def by_colour_and_line(runs: Sequence[Values], keys: Sequence[str]) -> Legend:
    """Many runs: the key with the most values as colour, all others together as line and marker."""
    first = max(keys, key=lambda key: (numeric(runs, key), len({run.get(key) for run in runs})))
    others = [key for key in keys if key != first]
    colours, named, bar = coloured(runs, first)
    rest = [label({key: run.get(key, "") for key in others}) for run in runs]
    lines = dict(zip(dict.fromkeys(rest), itertools.cycle(LINES), strict=False))
    of_runs = [Look(color, *lines[text]) for color, text in zip(colours, rest, strict=True)]
    if not others and not bar:  # names, more than there are colours: lines help
        looks = map(Look, named.values(), itertools.cycle(DASHES))
        entries = dict(zip(named, looks, strict=False))
        return Legend([entries[label({first: run.get(first, "")})] for run in runs], entries)
    entries = {text: Look(color) for text, color in named.items()}
    if others:
        entries |= {text: Look(GREY, *line) for text, line in lines.items()}
    return Legend(of_runs, entries, bar, NAMES.get(first, first))


def coloured(
    runs: Sequence[Values], key: str
) -> tuple[list[Any], dict[str, Any], ScalarMappable | None]:
    """The colour of each run by its value of `key`, what a legend names, and the bar of many."""
    own = [run.get(key, "") for run in runs]
    distinct = list(dict.fromkeys(own))
    if not numeric(runs, key):
        of_value = dict(zip(distinct, itertools.cycle(PALETTE), strict=False))
    elif len(distinct) <= FEW:
        of_value = dict(zip(sorted(distinct, key=float), shades(len(distinct)), strict=True))
    else:
        values = [float(value) for value in own]
        norm = (LogNorm if log_spaced(values) else Normalize)(min(values), max(values))
        bar = ScalarMappable(norm, scale_of_colours())
        return [bar.cmap(norm(value)) for value in values], {}, bar
    named = {label({key: value}): color for value, color in of_value.items()}
    return [of_value[value] for value in own], named, None


def varying(runs: Sequence[Values], keys: Sequence[str]) -> list[str]:
    """The keys in which runs differ; seeds only where nothing else does."""
    differing = [key for key in keys if len({run.get(key, "") for run in runs}) > 1]
    return [key for key in differing if key not in SEEDS] or differing


def numeric(runs: Sequence[Values], key: str) -> bool:
    """Whether every run has a number there, of a size that an axis can show."""
    values = [run.get(key, "") for run in runs]
    return all(not isinstance(value, str) and drawable(value) for value in values)


def label(values: Values) -> str:
    """`adam, lr=0.01`: choices by their name alone, other keys by their last word."""
    words = []
    for key, value in values.items():
        last = key.rpartition(".")[2]
        short = last if sum(k.rpartition(".")[2] == last for k in values) == 1 else key
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        if shown:
            named = isinstance(value, str) and ("." not in key or last == "name")  # adam, mlp
            words.append(shown if named else f"{short}={shown}")
    return ", ".join(words)


def shades(count: int) -> list[Any]:
    """Colours from dark to light, which keep their order in grey."""
    scale = scale_of_colours()
    return [scale(i / max(1, count - 1)) for i in range(count)]


def scale_of_colours() -> Colormap:
    """viridis without its yellow end, which is too light for lines on white."""
    viridis = colormaps["viridis"]
    return ListedColormap([viridis(0.88 * i / 255) for i in range(256)])
