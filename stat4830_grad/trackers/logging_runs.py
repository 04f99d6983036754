"""A run logged to its trackers: while it trains, or from its directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..config.commands import export
from ..config.schema import TrackerName
from ..core import Record
from ..system.errors import MachineError, UserError
from ..system.lock import sole_writer
from ..training.execution import rows_of
from ..training.rows import Row, read_rows
from .left_run import LeftRun
from .notes import Note, Notes
from .tracker import Tracker, module_of


class Live:
    """A run logged to trackers while it trains. One that fails is given up; the run goes on.

    Args:
        directory: of the run, with its config.yaml.
        warn: is called with what failed.
    """

    def __init__(
        self, names: Sequence[TrackerName], directory: Path, warn: Callable[[str], None]
    ) -> None:
        self._notes, self._warn = Notes(directory), warn
        self._run = LeftRun(directory.absolute(), self._notes.id)
        self._open: dict[TrackerName, Tracker] = {}
        for name in names:
            self._guarded(name, partial(self._begin, name))
        self._last = -1

    def _begin(self, name: TrackerName) -> None:
        self._open[name] = begun(name, self._run, self._notes)

    def log(self, record: Record) -> None:
        """Log the row of a record of a single run."""
        self.log_row(rows_of(record)[0])

    def log_row(self, row: Row) -> None:
        """Log a row to those that have not got it."""
        self._last = int(row["step"])
        for name, tracker in list(self._open.items()):
            if row["step"] > tracker.last:
                self._guarded(name, partial(tracker.log, row))

    def close(self) -> None:
        """Log how the run ended, once its directory is complete."""
        for name, tracker in list(self._open.items()):
            self._guarded(name, partial(self._end, name, tracker))
        self._open.clear()

    def _end(self, name: TrackerName, tracker: Tracker) -> None:
        tracker.close(self._run)
        ended(name, self._run, self._notes, self._last)

    def _guarded(self, name: TrackerName, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # of a library or a network of which we know nothing
            self._open.pop(name, None)
            later = export(self._run.path, name)
            self._warn(f"{name} failed, {one_line(error)}; the run goes on, and later: {later}")


def note_of(name: TrackerName, notes: Notes) -> Note:
    """What is remembered for a tracker as it is set up now."""
    return notes.of(f"{name} {module_of(name).place()}".strip())


def begun(name: TrackerName, run: LeftRun, notes: Notes) -> Tracker:
    """The open run of a tracker; from now on its end is unknown until it is logged."""
    note, module = note_of(name, notes), module_of(name)
    if not module.has(run, note):
        note.clear()
    tracker = module.begin(run, note)
    note["last"] = note["status"] = None
    notes.save()
    return tracker


def ended(name: TrackerName, run: LeftRun, notes: Notes, last: int) -> None:
    """Remember that a tracker has everything."""
    note_of(name, notes).update(last=last, status=run.status)
    notes.save()


def has_everything(name: TrackerName, run: LeftRun, notes: Notes, last: int) -> bool:
    """Whether a tracker has the run up to this step, and how it ended."""
    note = note_of(name, notes)
    logged = (note.get("last"), note.get("status")) == (last, run.status)
    return logged and module_of(name).has(run, note)


def log_run(directory: Path, name: TrackerName) -> bool:
    """Log a run that has ended to a tracker; False where it has everything already.

    Raises:
        DataError: the run's files are damaged.
        MachineError: the tracker failed.
    """
    notes, rows = Notes(directory), read_rows(directory)
    run, last = LeftRun(directory.absolute(), notes.id), int(rows[-1]["step"]) if rows else -1
    try:
        if has_everything(name, run, notes, last):
            return False
        tracker = begun(name, run, notes)
        for row in rows:
            if row["step"] > tracker.last:
                tracker.log(row)
        tracker.close(run)
    except UserError:
        raise
    except Exception as error:  # of a library or a network of which we know nothing
        raise MachineError(f"{name} failed with {directory}: {one_line(error)}") from error
    ended(name, run, notes, last)
    return True


def log_runs(directories: Sequence[Path], name: TrackerName) -> str:
    """Log runs that have ended to a tracker.

    Returns:
        What was done, in one line.

    Raises:
        ConfigError: a process is still writing to one.
        DataError: a run's files are damaged.
        MachineError: the tracker failed.
    """
    logged = 0
    for path in directories:
        with sole_writer(path):
            logged += log_run(path, name)
    before = len(directories) - logged
    if len(directories) == 1:
        return f"{name}: {directories[0]}{' was there already' if before else ''}"
    return f"{name}: {logged:,} runs logged{f', {before:,} already' if before else ''}"


def one_line(error: Exception) -> str:
    """What an error of a library says, in its first line."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
