"""Running an experiment to its end: training, recording, saving, one directory per run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from torch import Tensor

from ..config.schema import Config
from ..core import Record, State
from ..system.errors import StoppedError
from ..system.process import SIGNALS
from .experiment import Experiment
from .rows import Row
from .run_log import RunLog


class Sink(Protocol):
    """Something that takes every record of a batch of runs."""

    def log(self, record: Record) -> None:
        """Take a record."""

    def close(self) -> None:
        """Called after the last record."""


class Interrupt:
    """Whether a signal has come that ends a process; the second one does so at once."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        """Whether to stop; for `loop.train` to ask."""
        return self.signal != 0

    @property
    def exit_code(self) -> int:
        """129 after SIGHUP, 130 after SIGINT, 143 after SIGTERM, as shells have it."""
        return 128 + self.signal

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Ask a run to stop after its current update instead of breaking it off."""

        def handle(number: int, frame: FrameType | None) -> None:
            if self.signal:
                signal.signal(number, before[number])
                signal.raise_signal(number)
            self.signal = self.signal or number

        handled = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
        before = {int(n): signal.getsignal(n) for n in handled}
        for number in handled:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for number in handled:
                signal.signal(number, before[number])


FLUSH_SECONDS = 0.5
"""Rows of metrics.csv reach the disk at least so often."""


def execute(
    experiment: Experiment,
    state: State,
    config: Config,
    directories: Sequence[RunLog | None],
    sinks: Sequence[Sink],
    save: Callable[[State], None],
    stop: Callable[[], bool],
    diverged: Callable[[int, State], None] = lambda k, state: None,
    watch: Callable[[State], None] = lambda state: None,
) -> State:
    """Train from `state` on, one directory per run of the batch; return where it ended.

    Args:
        directories: None for a run whose files are complete, which trains along.
        save: gets the state each `checkpoint.seconds` and at the end; none of half an update.
        diverged, watch: get the index and state of each run that diverges; of records the state.

    Raises:
        StoppedError: a signal came before there was any record.
    """
    to_flush, to_save = Every(FLUSH_SECONDS), Every(config.checkpoint.seconds)
    now, ended = state, listed(state.diverged_at < state.updates)
    for item in records_of(experiment, state, config, stop):
        if item is None:
            flush(directories, sync=True)
            return now
        now, record = item
        before, ended = ended, listed(now.diverged_at <= record.updates)
        for k in log(record, directories, sinks, before, ended):
            diverged(k, now)
        watch(now)
        if to_flush.due():
            flush(directories)
        if to_save.due():
            flush(directories, sync=True)
            save(now)
    flush(directories, sync=True)
    save(now)
    return now


class Every:
    """Whether so many seconds have passed since the last time they had."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether they have."""
        if time.monotonic() - self._last <= self._seconds:
            return False
        self._last = time.monotonic()
        return True


def records_of(
    experiment: Experiment, state: State, config: Config, stop: Callable[[], bool]
) -> Iterator[tuple[State, Record] | None]:
    """What training yields, and None at the end where a signal came within an update.

    A resumed run makes that update anew.

    Raises:
        StoppedError: a signal came before there was any record.
    """
    begun = False
    try:
        log = config.log
        for one in experiment.train(
            state, steps=config.steps, due=log.due, following=log.following, stop=stop
        ):
            begun = True
            yield one
    except StoppedError:
        if not begun:
            raise
        yield None


def log(
    record: Record,
    directories: Sequence[RunLog | None],
    sinks: Sequence[Sink],
    before: Sequence[float],
    now: Sequence[float],
) -> list[int]:
    """Give every run its row that had not diverged before; if only others did, it has none.

    Sinks get the record as it is. Returns the indices of the runs that have diverged with it.

    Args:
        before, now: of each run, whether it had diverged before this record, and has with it.
    """
    for k, (row, directory) in enumerate(zip(rows_of(record), directories, strict=True)):
        if directory and not before[k] and (record.reason != "diverged" or now[k]):
            directory.log(row)
    for sink in sinks:
        sink.log(record)
    return [k for k, has in enumerate(now) if has and not before[k]]


def flush(directories: Sequence[RunLog | None], *, sync: bool = False) -> None:
    """Write what rows have come; with `sync` they are on disk, as a checkpoint counts on them."""
    for directory in directories:
        if directory:
            directory.flush(sync=sync)


def rows_of(record: Record) -> list[Row]:
    """One row per run of the batch, in its order."""
    names = ("step", "seconds", *record.values)
    columns = [listed(value) for value in record.values.values()]
    return [
        dict(zip(names, (record.updates, record.seconds, *values), strict=True))
        for values in zip(*columns, strict=True)
    ]


def listed(values: Tensor) -> list[float]:
    """The numbers in (*K,), one for each run."""
    return values.flatten().tolist() if values.ndim else [values.item()]
