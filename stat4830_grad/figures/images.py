"""Grey images in a grid, each with a line or two about it."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from .style import save

SHOWN = 24


def draw_examples(images: Tensor, labels: Tensor, directory: Path) -> None:
    """L14_examples: images (m, 28, 28) with their labels (m,) and parity."""
    texts = [f"label {digit}: {parity(digit)}" for digit in labels.tolist()]
    draw_grid(images, texts, "", 6, directory, "L14_examples")


def draw_mistakes(
    images: Tensor, labels: Tensor, odd: Tensor, model: str, name: str, directory: Path
) -> None:
    """`name`: the first 24 of m misclassified images, their labels and P(odd) (m,)."""
    texts = [
        f"label {digit}: {parity(digit)}\nP(odd) = {p:.2f}"
        for digit, p in zip(labels[:SHOWN].tolist(), odd[:SHOWN].tolist(), strict=True)
    ]
    shown = f", the {len(texts)} it was surest of" if len(labels) > len(texts) else ""
    title = f"{model}: {len(labels)} validation images misclassified{shown}"
    draw_grid(images[:SHOWN], texts, title, 8, directory, name)


def parity(digit: int) -> str:
    """The class of a digit."""
    return "odd" if digit % 2 else "even"


def draw_grid(
    images: Tensor, texts: list[str], title: str, columns: int, directory: Path, name: str
) -> None:
    """Images (m, 28, 28) row by row, dark on light as they were written."""
    rows = max(1, math.ceil(len(texts) / columns))
    height = 1.25 + 0.16 * max((text.count("\n") for text in texts), default=0)
    figure = Figure(figsize=(1.25 * columns, height * rows + 0.35 * bool(title)),
                    layout="constrained")  # fmt: skip
    if title:
        figure.suptitle(title, fontsize=11)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in panels:
        axes.set_axis_off()
    for axes, image, text in zip(panels, images, texts, strict=False):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(text, fontsize=9)
    save(figure, directory, name)
