"""The table on the terminal, benchmark.json, and the picture of how cost grows."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stat4830_grad.figures.style import BLACK, BLUE, GREEN, VERMILION, logarithmic, plain_axes, save
from stat4830_grad.system.files import write_text
from stat4830_grad.training.run_directory import git, versions, write_json

from .cases import has_mnist
from .goals import JAX, LECTURE, LIMIT
from .measurement import Line, Point, Result, Setting, Spread

HEADERS = ("", "ours", "theirs", "ours takes", "theirs takes", "ratio (quartiles)", "goal", "")

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


def table(lines: list[Line]) -> Table:
    """One row for each line; a group is named in its first, and a rule ends it."""
    result = Table(header_style="bold", title="time (or memory) of ours / theirs: below 1 is less")
    for header in HEADERS[:3]:
        result.add_column(header, overflow="fold")
    for header in HEADERS[3:]:
        result.add_column(header, justify="right", no_wrap=True)
    rows = cells(lines)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ends = following is None or bool(following[0])
        style = "bold red" if row[-1] == "not met" else ""
        result.add_row(*map(escape, row[:-1]), Text(row[-1], style), end_section=ends)
    return result


def markdown(lines: list[Line]) -> str:
    """The same table for a document."""
    rows = [HEADERS, ("---", "---", "---", "---:", "---:", "---", "---", "---"), *cells(lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cells(lines: list[Line]) -> list[list[str]]:
    """What stands under HEADERS, a row for each line; only the first of a group names it."""
    rows, shown = [], None
    for line in lines:
        theirs = f"{line.theirs} not measured: {line.missing}" if line.missing else line.theirs
        group = "" if line.group == shown else line.group
        rows.append([group, line.ours, theirs, *numbers(line)])
        shown = line.group
    return rows


def numbers(line: Line) -> list[str]:
    """The cells of a row that hold numbers, if there are any."""
    goal = "" if line.goal is None else f"≤ {line.goal:.3g}"
    if line.ratio is None or line.ours_takes is None or line.theirs_takes is None:
        return ["", "", "", goal, ""]
    verdict = {True: "met", False: "not met", None: ""}[line.met]
    takes = [amount(t.median, line.unit) for t in (line.ours_takes, line.theirs_takes)]
    return [*takes, quartiles(line.ratio), goal, verdict]


def quartiles(ratio: Spread) -> str:
    """0.278 (0.274–0.28)."""
    return f"{ratio.median:.3g} ({ratio.low:.3g}–{ratio.high:.3g})"


def amount(value: float, unit: str) -> str:
    """0.00021 s -> 210 µs."""
    if unit != "s":
        return f"{value:.0f} {unit}"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def machine(setting: Setting, load: float) -> dict[str, Any]:
    """What the numbers belong to."""
    cuda = setting.device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else processor(),
        "threads": setting.threads,
        "load_before": load,  # processes that were running on the machine on average
        "mnist": "real" if has_mnist(setting.data_dir) else "synthetic, of the same shape",
        "versions": {**versions(), "jax": version("jax")},
        "git": git(),
    }


def processor() -> str:
    """The processor's name, where Linux tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def version(package: str) -> str:
    """Of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def write(directory: Path, about: dict[str, Any], setting: Setting, results: list[Result]) -> None:
    """benchmark.json: every line and point with median and quartiles; table.md: the table."""
    lines = [line for result in results for line in result.lines]
    content = {
        "machine": about,
        "quick": setting.quick,
        "rounds": {"updates": setting.rounds, "processes": setting.process_rounds},
        "lines": [dataclasses.asdict(line) for line in lines],
        "points": [dataclasses.asdict(point) for result in results for point in result.points],
    }
    write_json(directory / "benchmark.json", content)
    write_text(directory / "table.md", markdown(lines))


def load_average() -> float:
    """Processes running on the machine, averaged over the last minute."""
    return os.getloadavg()[0]


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
    """One line for each of STYLES that was measured, with a band from quartile to quartile."""
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
