"""Trackio: a run of the project TRACKIO_PROJECT, or `stat4830_grad`, in its local database.

The database is below TRACKIO_DIR, by default where Trackio has it. The jobs of a sweep are a group.
"""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from typing import Any

from ..training.rows import Row
from .left_run import PROJECT, Array, LeftRun, histogram, scalars
from .notes import Note


def project() -> str:
    """The project that runs belong to."""
    return os.environ.get("TRACKIO_PROJECT", PROJECT)


def place() -> str:
    """The project and its database."""
    return f"{project()} {os.environ.get('TRACKIO_DIR', '')}".strip()


def name_of(run: LeftRun) -> str:
    """A name that no other run has, as Trackio finds runs by their names."""
    return f"{run.name} {run.id[:6]}"


def has(run: LeftRun, note: Note) -> bool:
    """Whether the run is in the project."""
    return bool(records(run))


def records(run: LeftRun) -> list[Any]:
    """What the database has under the run's name."""
    import trackio

    try:
        return [one for one in trackio.Api().runs(project()) if one.name == name_of(run)]
    except ValueError:  # there is no such project yet
        return []


def begin(run: LeftRun, note: Note) -> Run:
    """The run anew: what the database has of it is deleted, as its end may be missing."""
    for record in records(run):
        record.delete()
    return Run(run)


class Run:
    """An open run of Trackio's."""

    last = -1

    def __init__(self, run: LeftRun) -> None:
        import trackio

        self._trackio = trackio
        with redirect_stdout(io.StringIO()):
            self._open = trackio.init(
                project=project(),
                name=name_of(run),
                group=run.group,
                config=run.config,
                embed=False,
                auto_log_cpu=False,
                auto_log_gpu=False,
            )
        self._histograms(run.first_weights(), 0)

    def log(self, row: Row) -> None:
        """The row at its own step."""
        self._open.log(scalars(row), step=int(row["step"]))

    def close(self, run: LeftRun) -> None:
        """Histograms, pictures, status and best values beside the last row."""
        steps = run.steps
        self._histograms(run.last_weights(), steps)
        for picture in run.figures:
            self._open.log({picture.stem: self._trackio.Image(str(picture))}, step=steps)
        self._open.log({"status": run.status, **run.results()}, step=steps)
        with redirect_stdout(io.StringIO()):
            self._trackio.finish()

    def _histograms(self, weights: dict[str, Array], step: int) -> None:
        for name, values in weights.items():
            drawn = self._trackio.Histogram(np_histogram=histogram(values))
            self._open.log({f"weights/{name}": drawn}, step=step)
