"""Where records go while a run is going on, besides its files: the console.

A sink is `log(record)` and `close()`. Records of a batch carry (*K,) values; the console shows
their range.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from .core import Record

REDRAW_SECONDS = 1.0


class ProgressLine:
    """A line that lives on a terminal: bar, updates, metrics, speed, time left.

    Redrawn when a record comes and the last time is REDRAW_SECONDS ago, by no thread of its own:
    that would take turns with those that compute.
    """

    def __init__(self, console: Console, steps: int, shown: tuple[str, ...]) -> None:
        self._shown = shown
        self._progress = Progress(
            TextColumn("training"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[metrics]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("", total=steps, metrics="", speed="")
        self._drawn = time.monotonic()

    def log(self, record: Record) -> None:
        if time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        self._progress.start()
        self._progress.update(
            self._task,
            completed=record.updates,
            metrics=describe(record, self._shown),
            speed=speed(record),
            refresh=True,
        )
        self._drawn = time.monotonic()

    def close(self) -> None:
        self._progress.stop()


class PlainLines:
    """About ten lines over a run, for where there is no terminal."""

    def __init__(self, console: Console, steps: int, shown: tuple[str, ...]) -> None:
        self._console, self._steps, self._shown = console, steps, shown
        self._next = 0.0

    def log(self, record: Record) -> None:
        if record.updates < self._next and record.updates != self._steps:
            return
        self._next = record.updates + self._steps / 10
        progress = f"{record.updates:>{len(str(self._steps))}}/{self._steps}"
        line = f"{progress}  {describe(record, self._shown)}  {speed(record)}"
        self._console.print(line.rstrip(), highlight=False, soft_wrap=True)

    def close(self) -> None:
        pass


def progress(console: Console, steps: int, columns: tuple[str, ...]) -> ProgressLine | PlainLines:
    """The sink that suits where the console writes to."""
    shown = tuple(n for n in columns if n in SHOWN)
    return (ProgressLine if console.is_terminal else PlainLines)(console, steps, shown)


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
    return f"{number(column, float(finite.min()))} … {number(column, float(finite.max()))}"


def number(column: str, value: float) -> str:
    """Accuracies in percent, everything else to four digits."""
    return f"{100 * value:.2f} %" if column.endswith("accuracy") else f"{value:.4g}"


def speed(record: Record) -> str:
    return f"{record.updates / record.seconds:,.0f} updates/s" if record.updates else ""
