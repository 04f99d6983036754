"""A batch of a sweep of many jobs, which leaves files of the sweep and none of each job."""

from __future__ import annotations

from collections.abc import Sequence

from ..core import State
from ..system.errors import DataError
from ..training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ..training.inputs import recorded_inputs
from ..training.outcome import circumstances, outcome
from ..training.resume import refuse_foreign
from ..training.rows import write_meanings
from ..training.run_directory import git, write_json
from ..training.run_log import RunLog
from ..training.sweep_row import SweepRow
from ..training.theory import verdict
from .batch import Batch
from .cells import ended
from .logged import append_logs
from .table import FINAL

ENVIRONMENT = "environment.json"
"""Where and with what such a sweep was made: what each job's summary.json would say alike."""


class LoggedBatch(Batch):
    """The same for jobs that leave no directories, but their rows in files of the sweep."""

    def begin(self) -> State:
        """The state to start from, with an empty log for every job, or as the checkpoint has it."""
        self.taken = [RunLog(self.columns) for _ in self.jobs]
        state = self.experiment.start()
        if self.checkpoint.exists():
            try:
                saved = load_checkpoint(self.checkpoint, self.experiment.lr.device)
                refuse_foreign(self.checkpoint, saved.state, self.experiment)
                if len(saved.logs) != len(self.jobs):
                    raise DataError(f"{self.checkpoint} lacks what its jobs have logged")
                state = saved.state
                self.taken = [RunLog(self.columns, log.before(state.updates)) for log in saved.logs]
            except DataError as error:
                self.context.say_whole(f"{error}; its batch begins anew", style="yellow")
        return state

    def logs(self) -> Sequence[RunLog | None]:
        """The log of every job."""
        return self.taken

    def save(self, state: State) -> None:
        """The batch's checkpoint, with all that was logged."""
        save_checkpoint(self.checkpoint, Checkpoint(state, logs=self.taken))

    def diverged(self, k: int, state: State) -> None:
        """Jobs are finished together, at the end."""

    def end(self, state: State) -> None:
        """Leave every job's row in sweep.csv, and what it logged unless it was interrupted."""
        context, statuses = self.context, self.context.table.statuses()
        if not context.stop():
            logs = [(job.number, log) for job, log in zip(self.jobs, self.taken, strict=True)]
            with context.table.locked():
                append_logs(context.directory, logs)
            write_meanings(context.directory, self.columns)
            self.record_circumstances()
        left = [k for k, job in enumerate(self.jobs) if statuses.get(job.name) not in FINAL]
        at = state.diverged_at.tolist()
        context.table.append(*(self.row(k, state.updates, at[k]) for k in left))
        for job, log in zip(self.jobs, self.taken, strict=True):
            context.remember(job, log)

    def row(self, k: int, updates: int, diverged_at: int) -> SweepRow:
        """The row of a job that has ended."""
        log, job, config = self.taken[k], self.jobs[k], self.configs[k]
        how = outcome(log, self.experiment, config, updates=updates, diverged_at=diverged_at)
        theory = verdict(self.known[config.problem.penalty], config, log.rows)
        return ended(job, how["status"], how, log.columns, theory, separate=False)

    def record_circumstances(self) -> None:
        """Leave environment.json, where and with what the sweep was made, if it is not there."""
        path = self.context.directory / ENVIRONMENT
        if not path.exists():
            inputs = recorded_inputs(self.context.directory / ".sweep")
            found = circumstances(self.experiment, self.configs[0], inputs)
            write_json(path, {**found, "git": git()})
