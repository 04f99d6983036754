"""What a tracker is here, and which there are."""

from __future__ import annotations

from typing import Protocol, assert_never

from ..config.schema import TrackerName
from ..training.rows import Row
from .left_run import LeftRun
from .notes import Note


class Tracker(Protocol):
    """A run that is open in a tracker."""

    last: int
    """The step up to which the tracker has the run's rows already; −1: none."""

    def log(self, row: Row) -> None:
        """Log a row."""

    def close(self, run: LeftRun) -> None:
        """Log how the run ended, with its pictures and weights, and write everything out."""


class Module(Protocol):
    """What the module of a tracker has."""

    def place(self) -> str:
        """Where the tracker of now keeps its runs: a run is logged once to each place."""

    def has(self, run: LeftRun, note: Note) -> bool:
        """Whether the tracker still has the run of `note`."""

    def begin(self, run: LeftRun, note: Note) -> Tracker:
        """Open the run, that of `note` if there is one; what finds it again is added to `note`."""


def module_of(name: TrackerName) -> Module:
    """The module of a tracker; its library is imported by what it does, not here."""
    match name:
        case "tensorboard":
            from . import tensorboard

            return tensorboard
        case "mlflow":
            from . import mlflow

            return mlflow
        case "wandb":
            from . import wandb

            return wandb
        case "trackio":
            from . import trackio

            return trackio
        case _:
            assert_never(name)
