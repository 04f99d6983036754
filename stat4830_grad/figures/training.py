"""Training curves of several models in the same axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core import Record
from ..problems.classification import VAL_ACCURACY
from .style import BLUE, VERMILION, in_percent, plain_axes, save

STYLES: tuple[dict[str, Any], ...] = (
    {"color": BLUE},
    {"color": VERMILION, "marker": "s", "markersize": 4, "markevery": 10},
)
"""Of the models; markers tell the second one apart in grey."""
DASHES = {"train": "-", "val": (0, (5, 2))}
PARTS = {"train": "training", "val": "validation"}


def draw_training(runs: dict[str, list[Record]], final: int, directory: Path) -> None:
    """L15_training: loss and accuracy on both parts, a colour per model, a dash per part.

    The validation accuracies after `final` updates are marked and written out.
    """
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for model_style, (model, records) in zip(STYLES, runs.items(), strict=True):
        for part in PARTS:
            label = f"{model}, {PARTS[part]}"
            style = {**model_style, "linestyle": DASHES[part], "linewidth": 1.7}
            for axes, metric in ((left, f"{part}_loss"), (right, f"{part}_accuracy")):
                points = [(r.updates, float(r.values[metric])) for r in records]
                axes.plot(*zip(*points, strict=True), label=label, **style)
        mark(right, records, final, model_style["color"])
    left.set_ylabel("mean binary cross-entropy")
    left.set_ylim(bottom=0)
    right.set_ylabel("accuracy")
    in_percent(right)
    right.legend(frameon=False, loc="lower right", handlelength=3.6)
    for axes in (left, right):
        axes.set_xlabel("updates")
        plain_axes(axes)
    save(figure, directory, "L15_training")


def mark(axes: Axes, records: list[Record], updates: int, colour: str) -> None:
    """The validation accuracy after so many updates, in percent."""
    share = next(float(r.values[VAL_ACCURACY.name]) for r in records if r.updates == updates)
    axes.plot(updates, share, "o", color=colour, markersize=7)
    axes.annotate(
        f"{100 * share:.2f} %", (updates, share), (8, -3), textcoords="offset points",
        color=colour, annotation_clip=False,
    )  # fmt: skip
