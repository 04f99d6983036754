"""Results of a sweep against the step size, with theory beside them."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    in_percent,
    logarithmic,
    plain_axes,
    save,
)

Cells = dict[str, str]
Known = dict[str, Any]

SEEDS = ("model.init_seed", "problem.init_seed", "seed", "model.init_from")
"""Swept keys over which results are spread, not told apart."""

PANELS = ("final_loss", "final_val_loss", "final_val_accuracy", "final_distance", "final_x")
NAMES = {
    "final_loss": "final loss",
    "final_val_loss": "final validation loss",
    "final_val_accuracy": "final validation accuracy",
    "final_distance": "final distance to the minimiser",
    "final_x": "final x",
    "optimizer.lr": "step size η",
    "problem.x0": "initial point x₀",
}
LOOKS = [
    (BLUE, "-", "o"),
    (VERMILION, "--", "s"),
    (GREEN, ":", "^"),
    (PURPLE, "-.", "D"),
    (ORANGE, "-", "v"),
    (SKY, "--", "P"),
]
THEORY_LOOKS = {"1/L": ":", "2/(L+mu)": "-.", "2/L": "--"}


def draw_results(
    rows: Sequence[Cells], swept: Sequence[str], known: Known, directory: Path
) -> None:
    """results.png and .svg: each final metric against the step size (or another swept number)."""
    axis = number_axis(rows, swept)
    if axis is None:
        return
    panels = [name for name in PANELS if any(row.get(name) for row in rows)]
    rates = axis == "optimizer.lr" and any(row.get("predicted_rate") for row in rows)
    count = len(panels) + rates
    figure = Figure(figsize=(4.2 * count, 4.2), layout="constrained")
    axes = list(figure.subplots(1, count, squeeze=False, sharex=True)[0])
    series = split(rows, [key for key in swept if key not in (axis, *SEEDS)])
    for panel, name in zip(axes, panels, strict=False):
        draw_metric(panel, series, axis, name)
    if rates:
        draw_rates(axes[-1], series)
    for panel in axes:
        dress_axis(panel, rows, axis)
        if axis == "optimizer.lr":
            mark_theory(panel, known)
    handles, labels = axes[-1 if rates else 0].get_legend_handles_labels()
    more = [pair for panel in axes for pair in zip(*panel.get_legend_handles_labels(), strict=True)]
    entries = {label: handle for handle, label in (*zip(handles, labels, strict=True), *more)}
    if entries:
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower center",
            ncols=4,
            frameon=False,
        )
    save(figure, directory, "results")


def number_axis(rows: Sequence[Cells], swept: Sequence[str]) -> str | None:
    """The step size, or else the first swept key with several numbers; never a seed."""
    candidates = sorted(
        (key for key in swept if key not in SEEDS), key=lambda k: k != "optimizer.lr"
    )
    for key in candidates:
        values = {number(row.get(key, "")) for row in rows}
        if None not in values and len(values) > 1:
            return key
    return None


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def split(rows: Sequence[Cells], keys: Sequence[str]) -> dict[str, list[Cells]]:
    """Rows that agree in `keys`, under a label that says so."""
    series: dict[str, list[Cells]] = {}
    for row in rows:
        label = ", ".join(f"{key.rpartition('.')[2]}={row.get(key, '')}" for key in keys)
        series.setdefault(label, []).append(row)
    return series


def draw_metric(axes: Axes, series: dict[str, list[Cells]], axis: str, name: str) -> None:
    """Median over seeds as a line, least to greatest as a band; at the top what has no place."""
    every: list[float] = []
    for (label, rows), (colour, line, marker) in zip(series.items(), looks(series), strict=True):
        label = label if len(series) <= 2 * len(LOOKS) else ""
        points: dict[float, list[float]] = {}
        for row in (row for row in rows if on_scale(row, name)):
            points.setdefault(float(row[axis]), []).append(float(row[name]))
        xs = sorted(points)
        every += [value for values in points.values() for value in values]
        style: dict[str, Any] = {"color": colour, "linestyle": line, "marker": marker}
        medians = [median(points[x]) for x in xs]
        size = 4 if len(xs) <= 40 else 2.5
        axes.plot(xs, medians, linewidth=1.3, markersize=size, label=label or None, **style)
        if any(len(values) > 1 for values in points.values()):
            low, high = [min(points[x]) for x in xs], [max(points[x]) for x in xs]
            band = "least to greatest over seeds"
            axes.fill_between(xs, low, high, color=colour, alpha=0.2, linewidth=0, label=band)
        at_top(axes, [r for r in rows if r["status"] == "diverged"], axis, "x", "diverged", colour)
        grown = [r for r in rows if r["status"] != "diverged" and not on_scale(r, name)]
        at_top(axes, grown, axis, "^", "ends above its start, or far away", colour)
    if name.endswith("accuracy"):
        in_percent(axes)
    elif every and min(every) > 0 and max(every) > 20 * min(every):
        logarithmic(axes, "y")
    axes.set_ylabel(NAMES[name])


def on_scale(row: Cells, name: str) -> bool:
    """Whether a job ended with a value that tells: not a loss greater than at the start."""
    start, end = number(row.get(f"start_{name.removeprefix('final_')}", "")), number(row[name])
    if row["status"] == "diverged" or start is None or end is None:
        return False
    if name.endswith(("loss", "distance")) and not end <= start:
        return False
    return abs(end) <= 100 * (1 + abs(start))


def at_top(
    axes: Axes, rows: Sequence[Cells], axis: str, marker: str, label: str, colour: Any
) -> None:
    """Marks along the upper edge for jobs that have no place on the vertical axis."""
    if rows:
        xs = [float(row[axis]) for row in rows]
        style: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "linestyle": "",
            "markersize": 5,
        }
        where = axes.get_xaxis_transform()
        axes.plot(xs, [0.98] * len(xs), transform=where, fillstyle="none", label=label, **style)


def looks(series: Sized) -> list[tuple[Any, str, str]]:
    """Colour, line and marker of each series; of many a scale of colours, which has no legend."""
    if len(series) <= 2 * len(LOOKS):
        return (LOOKS * 2)[: len(series)]
    scale = colormaps["viridis"]
    return [(scale(i / (len(series) - 1)), "-", ".") for i in range(len(series))]


def draw_rates(axes: Axes, series: dict[str, list[Cells]]) -> None:
    """Predicted rate as a line, measured as points; 1 parts convergence from divergence."""
    for rows, (colour, line, marker) in zip(series.values(), looks(series), strict=True):
        said = sorted((float(r["optimizer.lr"]), r) for r in rows if r.get("predicted_rate"))
        predicted = [(lr, float(row["predicted_rate"])) for lr, row in said]
        measured = [(lr, float(row["measured_rate"])) for lr, row in said if row["measured_rate"]]
        if predicted:
            axes.plot(
                *zip(*predicted, strict=True), color=colour, linestyle=line, label="predicted"
            )
        if measured:
            rings: dict[str, Any] = {"color": BLACK, "linestyle": "", "fillstyle": "none"}
            points = zip(*measured, strict=True)
            axes.plot(*points, marker=marker, markersize=4, label="measured", **rings)
    axes.axhline(1, color=GREY, linewidth=0.8)
    axes.set_ylabel("factor of the error per update")
    axes.set_ylim(0, 1.6)


def dress_axis(axes: Axes, rows: Sequence[Cells], axis: str) -> None:
    values = [float(row[axis]) for row in rows]
    if min(values) > 0 and (axis == "optimizer.lr" or max(values) > 20 * min(values)):
        logarithmic(axes, "x")
    axes.set_xlabel(NAMES.get(axis, axis))
    plain_axes(axes)


def mark_theory(axes: Axes, known: Known) -> None:
    """Vertical lines at the step sizes that theory names."""
    limit = known.get("step_limit")
    named = dict(known.get("step_sizes", {}))
    if limit is not None and limit != named.get("2/L"):
        named = {"limit": limit}
    for name, value in named.items():
        words = {"2/L": "2/L, the limit of convergence", "limit": "limit of convergence"}
        label = f"{words.get(name, name.replace('mu', 'μ'))} = {value:.3g}"
        style = THEORY_LOOKS.get(name, "--")
        axes.axvline(value, color=BLACK, linewidth=1, linestyle=style, label=label)
    for at, style in zip(known.get("minimisers", []), ("--", ":", "-.") * 9, strict=False):
        if at["step_limit"] is not None:
            label = f"limit at x = {at['x']:.3g}: {at['step_limit']:.3g}"
            axes.axvline(at["step_limit"], color=BLACK, linewidth=1, linestyle=style, label=label)
