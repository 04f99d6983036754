"""MLflow: the store that MLFLOW_TRACKING_URI names, or mlflow.db (SQLite) in the working directory.

A run is a run of the experiment MLFLOW_EXPERIMENT_NAME, or `stat4830_grad`; the jobs of a sweep are
nested in a run of the sweep.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

from ..training.rows import Row
from .left_run import PROJECT, LeftRun, histogram, scalars
from .notes import Note, Notes

AT_ONCE, PARAMS = 1000, 100
"""Values, and parameters, that a call may have, as MLflow has it."""

SECONDS = 2.0
"""Between calls while a run trains: one takes 40 ms however little it logs."""

ENDS = {"completed": "FINISHED", "increased": "FINISHED", "diverged": "FAILED"}
"""Status of ours -> of theirs; KILLED for the others."""


def client() -> Any:
    """MLflow's client; it sends nothing about its use, and says nothing of its own tables."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow.MlflowClient()


def place() -> str:
    """The store."""
    return str(client().tracking_uri)


def has(run: LeftRun, note: Note) -> bool:
    """Whether the store has the run, and it was not deleted."""
    return "run" in note and is_there(client(), note["run"])


def is_there(store: Any, number: str) -> bool:
    """Whether a run of this id is in the store."""
    from mlflow.exceptions import MlflowException

    try:
        return bool(store.get_run(number).info.lifecycle_stage == "active")
    except MlflowException:
        return False


def begin(run: LeftRun, note: Note) -> Run:
    """Go on with the run of `note`, or make one."""
    store = client()
    if "run" not in note:
        tags = {"mlflow.parentRunId": parent(store, run.sweep)} if run.sweep else {}
        note["run"] = new_run(store, run.name, run.began, tags)
    return Run(store, note["run"], run)


def new_run(store: Any, name: str, began: float, tags: dict[str, str]) -> str:
    """The id of a run that is made."""
    title = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
    experiment = store.get_experiment_by_name(title)
    number = experiment.experiment_id if experiment else store.create_experiment(title)
    source = {"mlflow.source.name": PROJECT, "mlflow.source.type": "LOCAL"}
    made = store.create_run(number, int(1000 * began), {**source, **tags}, name)
    return str(made.info.run_id)


def parent(store: Any, sweep: Path) -> str:
    """The id of the run that stands for a sweep, with its table and pictures."""
    notes = Notes(sweep)
    note = notes.of(f"mlflow {store.tracking_uri}")
    if "run" not in note or not is_there(store, note["run"]):
        note["run"] = new_run(store, sweep.name, sweep.stat().st_ctime, {})
        notes.save()
        for file in (*sweep.glob("sweep.csv"), *sorted(sweep.glob("*.png"))):
            store.log_artifact(note["run"], str(file))
        store.set_terminated(note["run"])
    return str(note["run"])


class Run:
    """An open run of MLflow's."""

    def __init__(self, store: Any, number: str, run: LeftRun) -> None:
        from mlflow.entities import Metric, Param

        self._store, self._number, self._run, self._metric = store, number, run, Metric
        self._waiting: list[Any] = []
        self._sent = time.monotonic()
        self.last = last_step(store, number)
        known = store.get_run(number).data.params
        keys = {key: str(value) for key, value in run.keys.items()}
        for key, value in keys.items():  # a parameter cannot change there, as `steps` may here
            if known.get(key, value) != value:
                store.set_tag(number, key, value)
        params = [Param(key, value) for key, value in keys.items() if key not in known]
        for first in range(0, len(params), PARAMS):
            store.log_batch(number, params=params[first : first + PARAMS])
        store.update_run(number, status="RUNNING")

    def log(self, row: Row) -> None:
        """One value of each metric; sent with others."""
        at = int(1000 * self._run.at(row))
        for name, value in scalars(row).items():
            self._waiting.append(self._metric(name, value, at, int(row["step"])))
        if len(self._waiting) >= AT_ONCE or time.monotonic() - self._sent > SECONDS:
            self._send()

    def _send(self) -> None:
        width = len({one.key for one in self._waiting}) or 1
        whole = AT_ONCE // width * width  # a row is there, or it is not
        for first in range(0, len(self._waiting), whole):
            self._store.log_batch(self._number, metrics=self._waiting[first : first + whole])
        self._waiting, self._sent = [], time.monotonic()

    def close(self, run: LeftRun) -> None:
        """Status, best values, command and commit; files, pictures and histograms as artifacts."""
        self._send()
        store, number, summary = self._store, self._number, run.summary
        for name, value in run.results().items():
            step = summary["best_step"][name.removeprefix("best_")]
            store.log_metric(number, name, value, int(1000 * run.began), step)
        tags = {"status": run.status, "command": summary.get("command")}
        tags["mlflow.source.git.commit"] = (summary.get("git") or {}).get("commit")
        for key, text in tags.items():
            if text:
                store.set_tag(number, key, text)
        for file in run.files:
            store.log_artifact(number, str(file))
        for picture in run.figures:
            store.log_artifact(number, str(picture), "figures")
        for step, weights in ((0, run.first_weights()), (run.steps, run.last_weights())):
            for name, values in weights.items():
                counts, edges = histogram(values)
                content = {"counts": counts.tolist(), "edges": edges.tolist()}
                store.log_dict(number, content, f"histograms/{name}/step_{step}.json")
        store.set_terminated(number, ENDS.get(run.status, "KILLED"))


def last_step(store: Any, number: str) -> int:
    """The step of the last row that the store has; −1 if it has none."""
    logged = [m for m in store.get_run(number).data.metrics if not m.startswith("best_")]
    history = store.get_metric_history(number, logged[0]) if logged else []
    return max((one.step for one in history), default=-1)
