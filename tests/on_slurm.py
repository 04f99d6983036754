"""What tests on a real Slurm share: what a sweep has left so far, and its tasks' processes."""

from __future__ import annotations

import contextlib
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch


def tasks_of(directory: Path) -> list[str]:
    """Ids of the tasks that a sweep has sent to Slurm."""
    noted = directory / ".sweep" / "slurm.json"
    return [task["id"] for task in json.loads(noted.read_text())] if noted.exists() else []


def rows_of(directory: Path) -> dict[int, dict[str, str]]:
    """Rows of sweep.csv by the number of the job; whole ones only."""
    path = directory / "sweep.csv"
    text = path.read_text() if path.exists() else ""
    lines = csv.DictReader(text[: text.rfind("\n") + 1].splitlines())
    return {int(row["job"]): row for row in lines}


def await_true(what: str, question: Callable[[], bool]) -> None:
    """Return once the answer is yes; fail after 60 s."""
    until = time.monotonic() + 60
    while not question():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.02)


def contents(directory: Path) -> dict[str, tuple[dict[str, str], list[str], dict[str, Any]]]:
    """What each job left, without times: its row, its metrics.csv and its parameters."""
    found = {}
    for row in rows_of(directory).values():
        job = directory / row["directory"]
        with (job / "metrics.csv").open() as file:
            metrics = [str({**line, "seconds": ""}) for line in csv.DictReader(file)]
        params = torch.load(job / "checkpoint.pt", weights_only=True)["params"]
        found[job.name] = (
            {**row, "seconds": ""},
            metrics,
            {k: v.item() for k, v in params.items()},
        )
    return found


def process_of(task: str) -> int:
    """The Python process of a task that runs on this node."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes().split(b"\0")
            ours = f"SLURM_JOB_ID={task}".encode() in variables
            if ours and b"python" in words[0] and b"submitit.core._submit" in words:
                return int(process.name)
    pytest.fail(f"no process of task {task}")
