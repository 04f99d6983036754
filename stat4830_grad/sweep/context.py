"""Where a sweep takes place: what everything that runs its jobs is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from ..config.commands import command
from ..config.jobs import Job
from ..config.schema import Sweep
from ..console.terminal import say, say_whole
from ..training.execution import Interrupt
from ..training.run_log import RunLog
from .table import FAILED, SweepTable

TOGETHER = "together"
"""A file of this name says that jobs leave no directories, but their rows in files of the sweep."""


@dataclass(frozen=True)
class SweepContext:
    """Where a sweep takes place, and by which options."""

    directory: Path
    options: Sweep
    hydra: dict[str, Any]  # Hydra's own configuration, for each job's .hydra/hydra.yaml
    console: Console
    stop: Interrupt
    trained: dict[str, RunLog] = field(default_factory=dict)
    """By job, the runs that this process trained and that pictures show, their rows in memory."""
    pictured: frozenset[str] | None = None
    """The jobs that pictures show; None for all."""
    said: set[str] = field(default_factory=set)
    """What `say_once` has said."""

    @property
    def command(self) -> str:
        """The command line that repeats the sweep."""
        overrides = self.hydra.get("overrides", {}).get("task", [])
        return command(overrides, several=True)

    @cached_property
    def table(self) -> SweepTable:
        """sweep.csv, for as long as this process takes part in the sweep."""
        return SweepTable(self.directory)

    @cached_property
    def separate(self) -> bool:
        """Whether each job has a directory of its own; decided when the sweep begins."""
        return not (self.directory / ".sweep" / TOGETHER).exists()

    def over(self) -> bool:
        """Whether no further job is to begin, by a signal or, with `sweep.fail_fast`, a failure."""
        failed = self.options.fail_fast and FAILED in self.table.statuses().values()
        return self.stop() or failed

    def remember(self, job: Job, log: RunLog) -> None:
        """Keep what a job has logged for the pictures."""
        if self.pictured is None or job.name in self.pictured:
            self.trained[job.name] = log

    def say_once(self, notes: Sequence[str], style: str = "dim") -> None:
        """What a person should know of a problem, once for all jobs that have it."""
        for note in notes:
            if note not in self.said:
                self.said.add(note)
                self.say(note, style=style)

    def say(self, text: str, style: str = "") -> None:
        """A sentence: wrapped between words on a terminal."""
        say(self.console, text, style)

    def say_whole(self, text: str, style: str = "") -> None:
        """A line with a path or a command, which is never broken."""
        say_whole(self.console, text, style)
