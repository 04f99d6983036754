"""The pictures that a single run leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..metrics import Metric
from ..training.landscape import Landscape
from .curves import draw_curves
from .path import draw_path

if TYPE_CHECKING:
    from ..training.rows import Row  # imports more than a process that draws needs


def draw_run(
    rows: Sequence[Row],
    columns: Sequence[Metric],
    landscape: Landscape | None,
    title: str,
    directory: Path,
) -> None:
    """curves.png and .svg; path.png and .svg too, where there is a landscape to draw it on."""
    draw_curves(rows, columns, title, directory)
    if landscape is not None:
        draw_path(landscape, title, directory)
