"""Running an experiment to its end: training, recording, saving, one directory per run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

import torch
from msgspec import to_builtins
from torch import Tensor

from ..config.schema import Config
from ..core import NEVER, Record, State
from ..sandbox.conversation import StoppedError
from ..system import exit_codes
from ..system.process import SIGNALS
from .experiment import Experiment
from .inputs import recorded_inputs
from .rows import Row
from .run_directory import RunDirectory, git, versions, write_json


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


EXIT = {
    "completed": exit_codes.COMPLETED,
    "diverged": exit_codes.DIVERGED,
    "increased": exit_codes.DIVERGED,
}
"""Status of a run that ended by itself -> exit code."""

FLUSH_SECONDS = 0.5
"""Rows of metrics.csv reach the disk at least so often."""


def execute(
    experiment: Experiment,
    state: State,
    config: Config,
    directories: Sequence[RunDirectory | None],
    sinks: Sequence[Sink],
    save: Callable[[State], None],
    stop: Callable[[], bool],
    diverged: Callable[[int, State], None] = lambda k, state: None,
    watch: Callable[[State], None] = lambda state: None,
) -> State:
    """Train from `state` on, one directory per run of the batch; return where it ended.

    Args:
        directories: None for a run whose files are complete: it trains along, so that the batch
            keeps its size.
        save: gets the state each `checkpoint.seconds` and at the end; not where a signal came
            within an update, as that may have changed the state in place.
        diverged: called with the index of each run that has diverged, and the state then.
        watch: called with the state of each record.

    Raises:
        StoppedError: a signal came before there was any record.
    """
    saved = flushed = time.monotonic()
    ended = listed(state.diverged_at < state.updates)
    now = state
    for item in records_of(experiment, state, config, stop):
        if item is None:
            flush(directories, sync=True)
            return now
        now, record = item
        before, ended = ended, listed(now.diverged_at <= record.updates)
        log_rows(record, directories, before, ended)
        for k in range(len(ended)):
            if ended[k] and not before[k]:
                diverged(k, now)
        watch(now)
        for sink in sinks:
            sink.log(record)
        if time.monotonic() - flushed > FLUSH_SECONDS:
            flush(directories)
            flushed = time.monotonic()
        if time.monotonic() - saved > config.checkpoint.seconds:
            flush(directories, sync=True)
            save(now)
            saved = time.monotonic()
    flush(directories, sync=True)
    save(now)
    return now


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
        for one in experiment.train(state, steps=config.steps, due=config.log.due, stop=stop):
            begun = True
            yield one
    except StoppedError:
        if not begun:
            raise
        yield None


def log_rows(
    record: Record,
    directories: Sequence[RunDirectory | None],
    before: Sequence[float],
    now: Sequence[float],
) -> None:
    """Give every run its row that had not diverged before; if only others did, it has none.

    Args:
        before, now: of each run, whether it had diverged before this record, and has with it.
    """
    for k, (row, directory) in enumerate(zip(rows_of(record), directories, strict=True)):
        if directory and not before[k] and (record.reason != "diverged" or now[k]):
            directory.log(row)


def flush(directories: Sequence[RunDirectory | None], *, sync: bool = False) -> None:
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


def summarise(
    directory: RunDirectory,
    experiment: Experiment,
    config: Config,
    *,
    updates: int,
    diverged_at: int,
    command: str,
) -> dict[str, Any]:
    """Write summary.json and return what it says."""
    final = directory.final
    diverged = diverged_at < NEVER
    summary = {
        "status": status(directory, config, updates=updates, diverged=diverged),
        "steps": diverged_at if diverged else updates,
        "final": {metric.name: final[metric.name] for metric in directory.columns},
        "best": {name: value for name, (value, _) in directory.best.items()},
        "best_step": {name: step for name, (_, step) in directory.best.items()},
        "seconds": final["seconds"],  # of updating, by all runs of the batch together
        "batch": experiment.lr.numel(),  # runs trained together with this one, itself included
        "device": str(experiment.lr.device),
        "threads": torch.get_num_threads(),
        "dtype": config.dtype,
        "seed": config.seed,
        "dataset": experiment.dataset,
        "inputs": [to_builtins(one) for one in recorded_inputs(directory.path)],
        "versions": versions(),
        "command": command,
        "git": git(),
    }
    write_json(directory.path / "summary.json", summary)
    return summary


def status(directory: RunDirectory, config: Config, *, updates: int, diverged: bool) -> str:
    """How a run ended; a key of `EXIT`, or "interrupted"."""
    if diverged:
        return "diverged"
    if updates != config.steps:
        return "interrupted"
    name = directory.columns[0].name
    if directory.first and has_increased(
        directory.first[name], directory.final[name], config.dtype
    ):
        return "increased"
    return "completed"


ROUNDING = {"float32": 1e-6, "float64": 1e-14}
"""Losses closer than that are not told apart."""


def has_increased(first: float, last: float, dtype: str) -> bool:
    """Whether a loss ended above its start, by more than rounding could explain."""
    return last - first > 1e-4 * abs(first) + ROUNDING[dtype]
