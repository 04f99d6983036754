"""Results of a sweep against the step size, or another key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from ..metrics import Metric, drawable
from ..training.sweep_row import Cell, SweepRow, metrics_of
from .legend import NAMES, SEEDS, Look, Values, label, numeric, tell_apart, varying
from .style import (
    entries_of,
    in_percent,
    legend_below,
    log_spaced,
    logarithmic,
    plain_axes,
    save,
    scale_of,
)
from .theory import Known, Predict, draw_rates, mark_theory, of_one_curve


@dataclass(frozen=True)
class Across:
    """The horizontal axis: a swept key; for one that is no number, its values side by side."""

    key: str
    names: tuple[Cell, ...] = ()

    def of(self, row: SweepRow) -> float:
        """The place of a job."""
        if self.names:
            return self.names.index(row.swept.get(self.key, ""))
        return float(row.swept[self.key])


def draw_results(
    rows: Sequence[SweepRow],
    swept: Sequence[str],
    known: Known,
    predict: Predict,
    title: str,
    directory: Path,
) -> None:
    """results.png and .svg: each final metric against the step size (or another swept key)."""
    save(results(rows, swept, known, predict, title), directory, "results")


def results(
    rows: Sequence[SweepRow], swept: Sequence[str], known: Known, predict: Predict, title: str
) -> Figure:
    """A panel for each final metric, and one for rates where theory speaks of them."""
    values = [row.swept for row in rows]
    across, panels = horizontal(values, swept), metrics_of(rows)
    theory = across.key == "optimizer.lr" and not across.names
    rates = theory and bool(of_one_curve(rows))
    count = len(panels) + rates
    figure = Figure(figsize=(max(3.6 * count, 5.4), 4.2), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = list(figure.subplots(1, count, squeeze=False, sharex=True)[0])
    others = [key for key in varying(values, swept) if key not in (across.key, *SEEDS)]
    legend = tell_apart(values, others)
    series: dict[str, list[tuple[Look, SweepRow]]] = {}
    for look, row in zip(legend.looks, rows, strict=True):
        series.setdefault(label({k: row.swept.get(k, "") for k in others}), []).append((look, row))
    every = [(pairs[0][0], [row for _, row in pairs]) for pairs in series.values()]
    for panel, metric in zip(axes, panels, strict=False):
        draw_metric(panel, every, across, metric)
    if rates:
        draw_rates(axes[-1], every, known, predict)
    for panel in axes:
        label_horizontal(panel, rows, across)
        if theory:
            mark_theory(panel, known)
    legend.draw_bar(figure, axes)
    legend_below(figure, {**legend.handles(markers=True), **entries_of(*reversed(axes))})
    return figure


def horizontal(rows: Sequence[Values], swept: Sequence[str]) -> Across:
    """The step size, or else the swept key with the most numbers, or else the first that varies.

    A key with four times as many numbers goes before the step size.
    """
    keys = varying(rows, swept) or list(swept[:1])
    numbers = [key for key in keys if key not in SEEDS and numeric(rows, key)]
    if numbers:
        count = {key: len({row[key] for row in rows}) for key in numbers}
        return Across(max(numbers, key=lambda k: count[k] * (4 if k == "optimizer.lr" else 1)))
    return Across(keys[0], tuple(dict.fromkeys(row.get(keys[0], "") for row in rows)))


def draw_metric(
    axes: Axes, series: Sequence[tuple[Look, list[SweepRow]]], across: Across, metric: Metric
) -> None:
    """Median over seeds as a line, least to greatest as a band; at the top what has no place."""
    shown = [row for _, rows in series for row in rows if on_scale(row, metric)]
    starts = [row.start[metric.name] for row in shown]  # how far a run came is what counts
    scale = scale_of([row.final[metric] for row in shown] + starts)
    for look, every in series:
        rows = [row for row in every if metric in row.final]  # other problems have other metrics
        points: dict[float, list[float]] = {}
        for row in (row for row in rows if on_scale(row, metric)):
            points.setdefault(across.of(row), []).append(scale.place(row.final[metric]))
        xs = sorted(points)
        style = look.of_line(marker=look.marker, markersize=4 if len(xs) <= 40 else 2.5)
        if across.names:
            style["linestyle"] = ""  # nothing lies between two names
        axes.plot(xs, [median(points[x]) for x in xs], linewidth=1.3, **style)
        if any(len(values) > 1 for values in points.values()):
            draw_band(axes, points, look, bool(across.names))
        at_top(axes, [r for r in rows if r.status == "diverged"], across, "x", "diverged", look)
        grown = [r for r in rows if r.status != "diverged" and not on_scale(r, metric)]
        at_top(axes, grown, across, "^", "ends above its start, or far away", look)
    if metric.percent:
        in_percent(axes)
    else:
        scale.apply(axes, "y")
    axes.set_ylabel(f"final {metric.label}")


def draw_band(axes: Axes, points: dict[float, list[float]], look: Look, apart: bool) -> None:
    """From the least to the greatest over seeds; for names side by side a bar at each."""
    xs = sorted(points)
    low, high = [min(points[x]) for x in xs], [max(points[x]) for x in xs]
    words = "least to greatest over seeds"
    if apart:
        axes.vlines(xs, low, high, color=look.color, alpha=0.35, linewidth=5, label=words)
    else:
        axes.fill_between(xs, low, high, color=look.color, alpha=0.2, linewidth=0, label=words)


def on_scale(row: SweepRow, metric: Metric) -> bool:
    """Whether a job ended with a value that tells: not a loss greater than at the start."""
    start, end = row.start.get(metric.name), row.final.get(metric)
    if row.status == "diverged" or start is None or end is None:
        return False
    if metric.better == "lower" and not end <= start:
        return False
    return drawable(end) and abs(end) <= 100 * (1 + abs(start))


def at_top(
    axes: Axes, rows: Sequence[SweepRow], across: Across, marker: str, words: str, look: Look
) -> None:
    """Marks along the upper edge for jobs that have no place on the vertical axis."""
    if rows:
        style: dict[str, Any] = {"color": look.color, "marker": marker, "linestyle": ""}
        where = axes.get_xaxis_transform()
        xs, ys = [across.of(row) for row in rows], [0.98] * len(rows)
        axes.plot(xs, ys, transform=where, fillstyle="none", markersize=5, label=words, **style)


def label_horizontal(axes: Axes, rows: Sequence[SweepRow], across: Across) -> None:
    """The horizontal axis: names side by side, or numbers on a scale that spreads them."""
    if across.names:
        texts = [label({across.key: name}).rpartition("=")[2] for name in across.names]
        turned: dict[str, Any] = (
            {"rotation": 30, "ha": "right"} if sum(map(len, texts)) > 40 else {}
        )
        axes.set_xticks(range(len(texts)), texts, **turned)
        axes.set_xlim(-0.5, len(texts) - 0.5)
    elif log_spaced(values := [across.of(row) for row in rows]):
        logarithmic(axes, "x")
        label_values(axes, sorted(set(values)))
    axes.set_xlabel(NAMES.get(across.key, across.key))
    plain_axes(axes)


def label_values(axes: Axes, values: Sequence[float]) -> None:
    """Of few values each is labelled, of a short range 1, 2 and 5 times powers of ten."""
    if len(values) > 6 and values[-1] > 30 * values[0]:
        return
    axes.xaxis.set_major_locator(
        FixedLocator(values) if len(values) <= 6 else LogLocator(subs=(1, 2, 5))
    )
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
