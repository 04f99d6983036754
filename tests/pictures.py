"""What tests of pictures share: the numbers that a line is drawn through."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D


def points(line: Line2D) -> tuple[list[float], list[float]]:
    """Its x and its y."""
    return np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()
