"""Sweeps on Slurm that outlive the process that began them, and limits that end a task."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import PYTHONPATH, Cli
from on_slurm import await_true, contents, rows_of, tasks_of
from rich.console import Console

from stat4830_grad.config.schema import Sweep
from stat4830_grad.sweep.context import SweepContext
from stat4830_grad.sweep.slurm.losses import limit_reached
from stat4830_grad.sweep.slurm.sent import Sent, logs
from stat4830_grad.system.lock import sole_writer
from stat4830_grad.training.execution import Interrupt

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]  # one worker starts it

WORDS = (
    "problem=polynomial",
    "steps=30",
    "device=cpu",
    "optimizer.lr=[0.01,5]",
    "sweep.job_figures=0",
)
ON_SLURM = (
    "hydra/launcher=batched_slurm",
    "hydra.launcher.batch_size=1",
    "hydra.launcher.mem_gb=1",
    "hydra.launcher.timeout_min=5",
)
LEAVING = (*ON_SLURM, "sweep.wait=false")


def in_queue() -> list[str]:
    """Ids of the tasks that Slurm has not ended."""
    command = ["squeue", "--array", "--noheader", "--format=%i"]
    return subprocess.check_output(command, text=True).split()


def files_of(directory: Path) -> set[str]:
    """What a sweep and its jobs left to look at."""
    found = (path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] not in (".sweep", ".lock")}


def test_a_sweep_that_is_left_to_slurm_is_shown_completed_and_ended_later(
    slurm: Path, cli: Cli, tmp_path: Path
) -> None:
    """One of two tasks is taken out of the queue before it runs; later it is sent again."""
    own = {"SLURM_CONF": os.environ["SLURM_CONF"]}
    assert cli(*WORDS, "sweep.batch=1", "hydra.run.dir=local").returncode == 0
    directory, resumed = tmp_path / "sweep", "sweep.resume=sweep"
    one_by_one = "hydra.launcher.array_parallelism=1"
    begun = cli(*WORDS, *LEAVING, one_by_one, f"hydra.run.dir={directory}", **own)
    first, second = tasks_of(directory)
    subprocess.run(["scancel", second], check=True)
    assert begun.returncode == 0, begun.stderr
    assert "2 queued or running of 2 jobs" in begun.stdout
    assert f"the same command and {resumed}" in begun.stdout.replace(f"{tmp_path}/", "")
    states = [line for line in begun.stdout.splitlines() if "running" in line or "pending" in line]
    assert [task in line for task, line in zip((first, second), states, strict=False)] == [True] * 2

    with sole_writer(directory):
        refused = cli(*WORDS, *LEAVING, resumed, **own)
    assert refused.returncode == 2
    assert "is in use" in refused.stderr
    here = cli(*WORDS, resumed, **own)
    assert here.returncode == 2
    assert "1 task of this sweep is still in Slurm's queue" in here.stderr

    await_true("the first task is over", lambda: not in_queue())
    assert list(rows_of(directory)) == [0]
    again = cli(*WORDS, *LEAVING, resumed, **own)
    assert again.returncode == 0, again.stderr
    assert f"Slurm task {second} was taken out of the queue before it began" in again.stdout
    assert "1 job in 1 task;" in again.stdout
    assert "1 completed, 1 queued or running of 2 jobs" in again.stdout
    assert tasks_of(directory) == in_queue()

    await_true("the second task is over", lambda: not in_queue())
    done = cli(*WORDS, *LEAVING, resumed, **own)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Slurm" not in done.stdout
    assert contents(directory) == contents(tmp_path / "local")
    assert files_of(directory) == files_of(tmp_path / "local")


def test_a_queue_that_cannot_be_asked_sends_nothing_twice(
    slurm: Path, cli: Cli, tmp_path: Path
) -> None:
    """A squeue of another cluster's, or none that answers, must not look like an empty queue."""
    held = (*WORDS, *LEAVING, "hydra.launcher.additional_parameters={hold: true}")
    own = {"SLURM_CONF": os.environ["SLURM_CONF"]}
    assert cli(*held, "hydra.run.dir=sweep", **own).returncode == 0
    (tmp_path / "squeue").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "squeue").chmod(0o755)
    silent = {**own, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    try:
        done = cli(*held, "sweep.resume=sweep", **silent)
        assert done.returncode == 6
        assert "squeue does not answer" in done.stderr
        (tmp_path / "sweep" / ".sweep" / "slurm.json").write_text("[]")  # killed before it wrote
        done = cli(*held, "sweep.resume=sweep", **own)
        assert done.returncode == 2
        assert "2 tasks of this sweep are still in Slurm's queue" in done.stderr
    finally:
        subprocess.run(["scancel", "--user=root"], check=True)


def test_a_closed_terminal_leaves_the_task_and_ctrl_c_ends_it(slurm: Path, tmp_path: Path) -> None:
    """After SIGTERM a task waits: a preempted one that ended by itself would not be requeued."""
    words = ["problem=polynomial", "steps=10000000", "device=cpu", "figures=false"]
    words += [*ON_SLURM, "hydra.launcher.batch_size=2", "optimizer.lr=[0.01,5]"]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}

    def started(place: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "stat4830_grad", *words, place],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    first, directory = started("hydra.run.dir=sweep"), tmp_path / "sweep"
    await_true("a job is over", lambda: 1 in rows_of(directory))
    first.send_signal(signal.SIGHUP)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 129
    assert "goes on without this terminal" in said
    (task,) = tasks_of(directory)
    assert in_queue() == [task]

    second = started("sweep.resume=sweep")
    subprocess.run(["scancel", "--signal=TERM", task], check=True)
    await_true("the task has saved", lambda: 0 in rows_of(directory))
    await_true("a process waits for it", lambda: (directory / ".lock").exists())
    time.sleep(0.5)
    states = subprocess.check_output(["squeue", "--noheader", "--format=%i %T"], text=True)
    assert states.split() == [task, "RUNNING"]
    second.send_signal(signal.SIGINT)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 130
    assert "; logs:" not in said  # what is in the queue is not sent again
    assert "tasks that wait are cancelled, those that run save and end" in said
    assert "go on with the same command and sweep.resume=" in said
    assert not in_queue()
    assert rows_of(directory)[0]["status"] == "interrupted"


def test_a_task_that_is_killed_for_its_memory_says_which_limit(
    slurm: Path, cli: Cli, tmp_path: Path
) -> None:
    own = {"SLURM_CONF": os.environ["SLURM_CONF"]}
    words = (*WORDS[:3], "optimizer.lr=[0.01]", *ON_SLURM)
    done = cli("-m", *words, "hydra.launcher.mem_gb=0.1", "hydra.sweep.dir=sweep", **own)
    assert done.returncode == 1
    with (tmp_path / "sweep" / "sweep.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "failed"
    assert "took more memory than it may (hydra.launcher.mem_gb=0.1)" in row["error"]
    assert row["error"] in done.stdout
    held = "hydra.launcher.additional_parameters={hold: true}"
    again = cli("-m", *words, held, "sweep.resume=sweep", "sweep.wait=false", **own)
    subprocess.run(["scancel", "--user=root"], check=True)
    assert again.returncode == 0, again.stderr
    assert f"{row['directory']} had failed: {row['error']}" in again.stdout
    assert "1 job in 1 task;" in again.stdout


def test_the_first_failure_cancels_what_is_queued(slurm: Path, cli: Cli, tmp_path: Path) -> None:
    """Its own task does so: of a sweep that is left to Slurm there is nobody else."""
    own = {"SLURM_CONF": os.environ["SLURM_CONF"]}
    words = ("problem=digits", "steps=2", "model.init_from=gone.pt", "seed=[1,2,3]", *ON_SLURM)
    one_by_one = ("hydra.launcher.array_parallelism=1", "sweep.fail_fast=true")
    done = cli(*words, *one_by_one, "hydra.run.dir=sweep", **own)
    assert done.returncode == 1, done.stderr
    assert "1 failed, 2 not begun of 3 jobs" in done.stdout
    began = [
        (tmp_path / "sweep" / ".sweep" / "slurm" / task) for task in tasks_of(tmp_path / "sweep")
    ]
    assert [any(place.glob("*.err")) for place in began] == [True, False, False]


# What Slurm 22.05 wrote into the logs of tasks that it ended, and with cgroups
ENDS = [
    ("slurmstepd: error: Detected 1 oom_kill event in StepId=5.0.", "(hydra.launcher.mem_gb=2)"),
    ("srun: error: n1: task 0: Out Of Memory", "took more memory than it may"),
    (
        "slurmstepd-localhost: error: *** JOB 5 ON localhost CANCELLED AT 2026-11-25T16:45:53 "
        "DUE TO TIME LIMIT ***\nsrun: forcing job termination",
        "at its time limit (hydra.launcher.timeout_min=5) before it could requeue itself",
    ),
    ("srun: error: localhost: task 0: User defined signal 2", "when it had not begun"),
    (
        "submitit INFO (2026-11-25) - Job not requeued because: timed-out too many times.",
        "more often than hydra.launcher.max_num_timeout",
    ),
    ("RuntimeError: CUDA out of memory\n\n", None),
    ("", None),
]


@pytest.mark.parametrize(("log", "said"), ENDS)
def test_the_limit_that_ended_a_task_is_told_with_what_to_set(
    tmp_path: Path, log: str, said: str | None
) -> None:
    context = SweepContext(tmp_path, Sweep(), {}, Console(), Interrupt())
    file = logs(context) / "5_0" / "5_0_0_log.err"
    file.parent.mkdir(parents=True)
    file.write_text(log)
    why = limit_reached(Sent("5_0", ("000",), 5, 2.0), context)
    assert why is None if said is None else said in (why or "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("optimizer.lr=[0.01,5]", "sweep.wait=false"), "hydra/launcher=batched_slurm goes with"),
        (("optimizer.lr=0.01", "sweep.wait=false"), "hydra/launcher=batched_slurm goes with"),
    ],
)
def test_only_slurm_has_jobs_left_to_it(cli: Cli, tmp_path: Path, words: Any, said: str) -> None:
    done = cli("problem=polynomial", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "outputs").exists()
