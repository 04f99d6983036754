"""Training curves of several models in the same axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..training.rows import Row
from .style import BLUE, VERMILION, in_percent, plain_axes, save

STYLES: tuple[dict[str, Any], ...] = (
    {"color": BLUE},
    {"color": VERMILION, "marker": "s", "markersize": 4, "markevery": 10},
)
"""Of the models; markers tell the second one apart in grey."""
DASHES = {"train": "-", "val": (0, (5, 2))}
PARTS = {"train": "training", "val": "validation"}


def draw_training(runs: Mapping[str, Sequence[Row]], final: int, directory: Path) -> None:
    """L15_training: loss and accuracy on both parts, a colour per model, a dash per part.

    The validation accuracies after `final` updates are marked and written out.
    """
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for model_style, (model, rows) in zip(STYLES, runs.items(), strict=True):
        for part in PARTS:
            label = f"{model}, {PARTS[part]}"
            style = {**model_style, "linestyle": DASHES[part], "linewidth": 1.7}
            for axes, metric in ((left, f"{part}_loss"), (right, f"{part}_accuracy")):
                points = [(row["step"], row[metric]) for row in rows]
                axes.plot(*zip(*points, strict=True), label=label, **style)
        mark(right, rows, final, model_style["color"])
    left.set_ylabel("mean binary cross-entropy")
    left.set_ylim(bottom=0)
    right.set_ylabel("accuracy")
    in_percent(right)
    right.legend(frameon=False, loc="lower right", handlelength=3.6)
    for axes in (left, right):
        axes.set_xlabel("updates")
        plain_axes(axes)
    save(figure, directory, "L15_training")


def mark(axes: Axes, rows: Sequence[Row], updates: int, colour: str) -> None:
    """The validation accuracy after so many updates, in percent."""
    share = next(row["val_accuracy"] for row in rows if row["step"] == updates)
    axes.plot(updates, share, "o", color=colour, markersize=7)
    axes.annotate(
        f"{100 * share:.2f} %", (updates, share), (8, -3), textcoords="offset points",
        color=colour, annotation_clip=False,
    )  # fmt: skip
