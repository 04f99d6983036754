"""Sweeps of many jobs: tables instead of directories, from which everything else is made."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from stat4830_grad.app import register_resolvers
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import Job, Stem, make_jobs
from stat4830_grad.config.load import plain
from stat4830_grad.config.schema import Sweep
from stat4830_grad.metrics import GRAD_NORM, LOSS
from stat4830_grad.sweep import drawing
from stat4830_grad.sweep.logged import append_logs, read_logs
from stat4830_grad.sweep.report import table, tally
from stat4830_grad.sweep.run import run_sweep
from stat4830_grad.sweep.table import SweepTable
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.training import loop
from stat4830_grad.training.finished import find_runs
from stat4830_grad.training.rows import Row, read_rows
from stat4830_grad.training.run_log import RunLog
from stat4830_grad.training.sweep_row import SweepRow

SWEEP = (
    "problem=polynomial",
    "device=cpu",
    "steps=20",
    "figures=false",
    "optimizer.lr=[0.01,0.05,0.3,0.9]",
    "problem.x0=[-0.5,2]",
    "seed=[1,2]",
)
TOGETHER = Sweep(directories=15)


@pytest.fixture(scope="module", autouse=True)
def hydra_is_ready() -> Iterator[None]:
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        yield


def jobs_of(*overrides: str) -> list[Job]:
    return make_jobs([Stem(overrides, plain(compose("config", list(overrides))))])


def table_of(directory: Path) -> list[dict[str, str]]:
    with (directory / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "name", "directory")} for row in rows
    ]


def without_seconds(rows: list[Row]) -> list[Row]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sweep with a directory for each of its 16 jobs."""
    directory = tmp_path_factory.mktemp("separate") / "sweep"
    assert run_sweep(jobs_of(*SWEEP), directory, Sweep(), {}) == 0
    return directory


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("together") / "sweep"
    assert run_sweep(jobs_of(*SWEEP), directory, TOGETHER, {}) == 0
    return directory


def test_jobs_above_the_limit_leave_tables_and_no_directories(
    separate: Path, together: Path
) -> None:
    assert {path.name for path in together.iterdir()} == {
        ".sweep",
        "environment.json",
        "logged.csv",
        "sweep.csv",
        "theory.json",
    }
    assert table_of(together) == table_of(separate)
    assert len({row["status"] for row in table_of(together)}) > 1  # some diverge
    environment = json.loads((together / "environment.json").read_text())
    summary = json.loads(next(separate.glob("000*/summary.json")).read_text())
    assert environment.items() <= summary.items()


def test_comparing_says_where_the_rows_of_such_jobs_are(together: Path) -> None:
    with pytest.raises(ConfigError, match=r"their rows are in logged\.csv, and the sweep with"):
        find_runs([str(together)])


def test_every_row_that_a_job_logged_is_in_logged_csv(separate: Path, together: Path) -> None:
    jobs = jobs_of(*SWEEP)
    found = read_logs(together, {job.number for job in jobs})
    for job in jobs:
        assert without_seconds(found[job.number]) == without_seconds(read_rows(separate / job.name))


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


def ending(after: int, how: Callable[[], None]) -> Callable[..., Iterator[Any]]:
    """Training that something ends after so many updates."""
    true_train = loop.train

    def train(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for state, record in true_train(*args, **kwargs):
            if record.updates == after:
                how()
            yield state, record

    return train


def kill() -> None:
    raise Killed


interrupt = partial(signal.raise_signal, signal.SIGINT)


@pytest.mark.parametrize(("after", "how"), [(4, kill), (20, kill), (15, interrupt)])
def test_what_was_ended_resumes_to_the_same_tables(
    together: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
    how: Callable[[], None],
) -> None:
    words = (*SWEEP, "checkpoint.seconds=0")
    monkeypatch.setattr("stat4830_grad.training.experiment.train", ending(after, how))
    if how is kill:
        with pytest.raises(Killed):
            run_sweep(jobs_of(*words), tmp_path, TOGETHER, {})
    else:
        assert run_sweep(jobs_of(*words), tmp_path, TOGETHER, {}) == 130
        assert {row["status"] for row in table_of(tmp_path)} == {"interrupted", "diverged"}
    monkeypatch.undo()
    again = Sweep(resume=str(tmp_path))  # which would have directories, had it begun so
    assert run_sweep(jobs_of(*words), tmp_path, again, {}) == 0
    assert table_of(tmp_path) == table_of(together)
    every = range(len(jobs_of(*SWEEP)))
    now, then = (read_logs(where, every) for where in (tmp_path, together))
    assert [without_seconds(now[job]) for job in every] == [
        without_seconds(then[job]) for job in every
    ]


def test_of_many_jobs_without_a_best_one_the_first_are_shown() -> None:
    rows = [SweepRow(at, "interrupted", f"{at:04d}_x") for at in range(2000)]
    assert table(rows, []).title == "the first 30; all are in sweep.csv"
    assert tally(rows, 2001) == "2,000 interrupted, 1 not run of 2,001 jobs"


def test_pictures_of_a_resumed_sweep_show_what_an_earlier_process_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawing, "MOST", 5)
    words = ("problem=polynomial", "device=cpu", "steps=20", "problem.x0=[-0.5,0.1,0.3,0.5,1,2,3]")
    assert run_sweep(jobs_of(*words), tmp_path, Sweep(directories=2), {}) == 0
    assert "pictures show 5 of 7 jobs, evenly chosen" in capsys.readouterr().out
    assert "5 of 7 runs" in (tmp_path / "report.html").read_text("utf-8")
    made = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert set(made) == {"results.png", "curves.png", "paths.png", "basins.png"}
    for path in tmp_path.glob("*.png"):
        path.unlink()
    again = Sweep(directories=2, resume=str(tmp_path))
    assert run_sweep(jobs_of(*words), tmp_path, again, {}) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.png")} == made


def test_a_line_that_a_kill_has_cut_is_no_row_and_a_job_that_ran_again_has_its_last(
    tmp_path: Path,
) -> None:
    log = RunLog([LOSS], [{"step": 0.0, "seconds": 0.0, "loss": 2.0}])
    append_logs(tmp_path, [(0, log), (1, log)])
    with (tmp_path / "logged.csv").open("a") as file:
        file.write("1,1,0.")
    log.log({"step": 1.0, "seconds": 0.5, "loss": 1e-300})
    append_logs(tmp_path, [(1, log)])
    other = RunLog(
        [LOSS, GRAD_NORM], [{"step": 0.0, "seconds": 0.0, "loss": 2.0, "grad_norm": 3.0}]
    )
    append_logs(tmp_path, [(2, other)])
    assert read_logs(tmp_path, [0, 1, 2]) == {0: log.rows[:1], 1: log.rows, 2: other.rows}
    assert (
        tmp_path / "logged_2.csv"
    ).read_text() == "job,step,seconds,loss,grad_norm\n2,0,0.0,2.0,3.0\n"


def test_jobs_of_another_task_keep_their_directories(tmp_path: Path) -> None:
    words = ("task=trace", "problem=polynomial", "device=cpu", "problem.x0=1", "figures=false")
    stems = [
        Stem((*words, f"seed={at}"), plain(compose("config", [*words, f"seed={at}"])))
        for at in (1, 2)
    ]
    assert run_sweep(make_jobs(stems), tmp_path, Sweep(directories=1), {}) == 0
    rows = SweepTable(tmp_path).rows()
    assert [(row.status, row.separate) for row in rows] == [("completed", True)] * 2
    assert all((tmp_path / row.directory / "trace.json").exists() for row in rows)
