"""Where records go while a run is going on, besides its files: the console.

A sink is `log(record)` and `close()`. Records of a batch carry (*K,) values; the console shows
their range.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor

from ..core import Record
from ..metrics import Metric

REDRAW_SECONDS = 1.0

BAR = (8, 24)
"""Least and greatest width of the bar."""


class Pace:
    """The time a run has left, by the clock since its first record: evaluation included."""

    def __init__(self, steps: int) -> None:
        self._steps, self._first, self._began = steps, 0, 0.0

    def left(self, updates: int) -> str:
        """`1:05 left`; "" where nothing is known."""
        now = time.monotonic()
        if not self._began:
            self._first, self._began = updates, now
        made = updates - self._first
        if made <= 0:
            return ""
        return f"{clock((self._steps - updates) * (now - self._began) / made)} left"


class ProgressLine:
    """A line that lives on a terminal: bar, updates, speed, time left, metrics.

    Redrawn when a record comes and the last time is REDRAW_SECONDS ago, by no thread of its own:
    that would take turns with those that compute.
    """

    def __init__(
        self, console: Console, steps: int, shown: Sequence[Metric], epoch: int | None
    ) -> None:
        self._console, self._steps, self._shown, self._epoch = console, steps, shown, epoch
        self._pace = Pace(steps)
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._drawn = time.monotonic()

    def log(self, record: Record) -> None:
        """Redraw the line, a few times a second."""
        left = self._pace.left(record.updates)
        if time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        metrics = [describe(record, [metric]) for metric in self._shown]
        made = f"{record.updates:,}/{self._steps:,}"
        head = [made, epochs(record.updates, self._epoch), speed(record), left]
        line = progress_line(record.updates, self._steps, head, metrics, self._console.width)
        self._live.start()
        self._live.update(line, refresh=True)
        self._drawn = time.monotonic()

    def close(self) -> None:
        """Take the line away."""
        self._live.stop()


def progress_line(
    updates: int, steps: int, head: list[str], metrics: list[str], width: int
) -> RenderableType:
    """One line of `width`: all of `head`, as many metrics as fit, and a bar in what is left."""
    words = "  ".join(filter(None, head))
    for metric in metrics:
        if cell_len(words) + 2 + cell_len(metric) < width:
            words += f"  {metric}"
    least, greatest = BAR
    room = min(width - cell_len(words) - 3, greatest)
    line = Text(words, no_wrap=True, overflow="crop")
    if room < least:
        return line
    bar = ProgressBar(
        total=steps,
        completed=updates,
        width=room,
        style="dim",
        complete_style="magenta",
        finished_style="green",
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_row(bar, line)
    return grid


class PlainLines:
    """About ten lines over a run, for where there is no terminal."""

    def __init__(
        self, console: Console, steps: int, shown: Sequence[Metric], epoch: int | None
    ) -> None:
        self._console, self._steps, self._shown, self._epoch = console, steps, shown, epoch
        self._pace = Pace(steps)
        self._next = 0.0

    def log(self, record: Record) -> None:
        """Print a line for about every tenth of the updates."""
        left = self._pace.left(record.updates)
        if record.updates < self._next and record.updates != self._steps:
            return
        self._next = record.updates + self._steps / 10
        total = f"{self._steps:,}"
        head = f"{record.updates:>{len(total)},}/{total}  {speed(record):>16}  {left:>9}"
        head += f"  {epochs(record.updates, self._epoch)}" if self._epoch else ""
        line = f"{head}  {describe(record, self._shown)}"
        self._console.print(line.rstrip(), soft_wrap=True)

    def close(self) -> None:
        """Nothing to do: the lines stay."""


def epochs(updates: int, epoch: int | None) -> str:
    """`2.5 epochs`; "" where no minibatches are taken."""
    return f"{updates / epoch:.1f} epochs" if epoch else ""


def progress(
    console: Console, steps: int, columns: Sequence[Metric], epoch: int | None = None
) -> ProgressLine | PlainLines:
    """The sink that suits where the console writes to.

    Args:
        epoch: updates that go through all data once, where each sees a minibatch.
    """
    shown = [metric for metric in columns if "progress" in metric.shown]
    return (ProgressLine if console.is_interactive else PlainLines)(console, steps, shown, epoch)


def describe(record: Record, shown: Sequence[Metric]) -> str:
    """`loss 0.25  x 1.5`."""
    return "  ".join(
        f"{metric.title} {spread(metric, record.values[metric.name])}" for metric in shown
    )


def spread(metric: Metric, values: Tensor) -> str:
    """A run's value; of a batch the least and the greatest among the finite ones."""
    if values.numel() == 1:
        return metric.text(float(values))
    finite = values[values.isfinite()]
    if finite.numel() == 0:
        return "not finite"
    least, greatest = (metric.text(float(value)) for value in (finite.min(), finite.max()))
    return least if least == greatest else f"{least} to {greatest}"


def speed(record: Record) -> str:
    """Updates per second of updating, as `1,234 updates/s`; "" before the first update."""
    if not record.updates:
        return ""
    rate = record.updates / record.seconds
    return f"{rate:,.0f} updates/s" if rate >= 10 else f"{rate:.2g} updates/s"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`; days are hours."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
