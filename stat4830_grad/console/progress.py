"""Where records go while a run is going on, besides its files: the console.

A sink is `log(record)` and `close()`. Records of a batch carry (*K,) values; the console shows
their range.
"""

from __future__ import annotations

import time

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor

from ..core import Record

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

    def __init__(self, console: Console, steps: int, shown: tuple[str, ...]) -> None:
        self._console, self._steps, self._shown = console, steps, shown
        self._pace = Pace(steps)
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._drawn = time.monotonic()

    def log(self, record: Record) -> None:
        left = self._pace.left(record.updates)
        if time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        metrics = [describe(record, (name,)) for name in self._shown]
        head = [f"{record.updates:,}/{self._steps:,}", speed(record), left]
        line = progress_line(record.updates, self._steps, head, metrics, self._console.width)
        self._live.start()
        self._live.update(line, refresh=True)
        self._drawn = time.monotonic()

    def close(self) -> None:
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

    def __init__(self, console: Console, steps: int, shown: tuple[str, ...]) -> None:
        self._console, self._steps, self._shown = console, steps, shown
        self._pace = Pace(steps)
        self._next = 0.0

    def log(self, record: Record) -> None:
        left = self._pace.left(record.updates)
        if record.updates < self._next and record.updates != self._steps:
            return
        self._next = record.updates + self._steps / 10
        total = f"{self._steps:,}"
        head = f"{record.updates:>{len(total)},}/{total}  {speed(record):>16}  {left:>9}"
        line = f"{head}  {describe(record, self._shown)}"
        self._console.print(line.rstrip(), soft_wrap=True)

    def close(self) -> None:
        pass


def progress(console: Console, steps: int, columns: tuple[str, ...]) -> ProgressLine | PlainLines:
    """The sink that suits where the console writes to."""
    shown = tuple(n for n in columns if n in SHOWN)
    return (ProgressLine if console.is_interactive else PlainLines)(console, steps, shown)


SHOWN = ("loss", "x", "distance", "train_loss", "val_accuracy")


def describe(record: Record, shown: tuple[str, ...]) -> str:
    return "  ".join(f"{n.replace('_', ' ')} {spread(n, record.values[n])}" for n in shown)


def spread(column: str, values: Tensor) -> str:
    """A run's value; of a batch the least and the greatest among the finite ones."""
    if values.numel() == 1:
        return number(column, float(values))
    finite = values[values.isfinite()]
    if finite.numel() == 0:
        return "not finite"
    least, greatest = (number(column, float(value)) for value in (finite.min(), finite.max()))
    return least if least == greatest else f"{least} to {greatest}"


def number(column: str, value: float, digits: int = 4) -> str:
    """Accuracies in percent, everything else to `digits` digits; how consoles write a metric."""
    if column.endswith("accuracy"):
        return f"{100 * value:.{digits - 2}f} %"
    return f"{value:.{digits}g}"


def apart(column: str, a: float, b: float) -> tuple[str, str]:
    """Two values that differ, with as many digits as it takes to see it."""
    for digits in range(4, 18):
        texts = number(column, a, digits), number(column, b, digits)
        if texts[0] != texts[1]:
            break
    return texts


def speed(record: Record) -> str:
    if not record.updates:
        return ""
    rate = record.updates / record.seconds
    return f"{rate:,.0f} updates/s" if rate >= 10 else f"{rate:.2g} updates/s"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`; days are hours."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
