"""What a logged number means: how it is named, written, ranked and drawn.

Imports no torch, as the process that draws a run's pictures has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

Place = Literal["progress", "sweep", "comparison"]
"""Where a metric is shown besides a run's own files, table and curves: while the run goes on and in
a sweep's curves; in a sweep's table and results; in the table of a comparison."""


@dataclass(frozen=True)
class Metric:
    """A column of metrics.csv. A problem declares its own; the first is the loss it minimises."""

    name: str  # of the column
    label: str  # of an axis
    better: Literal["lower", "higher"] | None = "lower"  # None: neither, as of a parameter
    percent: bool = False  # a share: 0.825 is written 82.5 %
    panel: str = ""  # label of the panel of a run's curves that it shares, if it shares one
    line: str = ""  # its name among the lines of that panel
    shown: tuple[Place, ...] = ("progress", "sweep", "comparison")
    priority: int = 0  # jobs are ranked by the greatest, equal ones by the next; 0: by the loss

    @property
    def title(self) -> str:
        """Its name in words: `val accuracy`."""
        return self.name.replace("_", " ")

    def text(self, value: float, digits: int = 4) -> str:
        """A value as consoles show it: to `digits` digits, a share in percent."""
        return f"{100 * value:.{digits - 2}f} %" if self.percent else f"{value:.{digits}g}"

    def badness(self, value: float, loss: float) -> float:
        """What is smallest at the best of several values; `loss` where no value is the better."""
        return {"lower": value, "higher": -value, None: loss}[self.better]


LOSS = Metric("loss", "loss")
GRAD_NORM = Metric("grad_norm", "gradient norm", shown=())
"""Of every problem; computed from the gradient that the optimizer takes."""

STEP_SIZE = Metric("lr", "step size", better=None, shown=())
"""Of the update that comes next; logged where the step size follows a schedule."""


LARGEST = 1e150
"""That a picture shows: beyond it arithmetic on margins and logarithmic axes may overflow."""


def drawable(value: float) -> bool:
    """Whether a picture has a place for it; it has none for what is not finite."""
    return abs(value) <= LARGEST


@cache
def coordinate(name: str) -> Metric:
    """A logged parameter: alone (x), or an entry of a vector (w1), drawn with the others."""
    alone = Metric(name, name, better=None)
    vector = name.rstrip("0123456789")
    return alone if vector == name else replace(alone, panel=vector, shown=("comparison",))


def apart(metric: Metric, a: float, b: float) -> tuple[str, str]:
    """Two values that differ, with as many digits as it takes to see it."""
    for digits in range(4, 18):
        texts = metric.text(a, digits), metric.text(b, digits)
        if texts[0] != texts[1]:
            break
    return texts
