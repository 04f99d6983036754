"""Directories of earlier versions are read by compare and gone on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from stat4830_grad.config.load import parse, resumed
from stat4830_grad.tasks.train.one_run import train_one
from stat4830_grad.training.finished import find_runs, first_difference
from stat4830_grad.training.rows import read_rows

KEPT = Path(__file__).parent / "versions"
"""What `problem=least_squares optimizer=momentum steps=30 log.every=10` left, by version; a sweep
of 0.1.0: `problem=polynomial problem.x0=0.5,1.5 steps=20 log.every=10`."""

RUNS = sorted(path / "run" for path in KEPT.iterdir())


def test_they_are_compared() -> None:
    first, *others = find_runs([str(path) for path in RUNS])
    assert others
    for other in others:
        assert first_difference(first, other, tolerance=1e-4) is None


def test_a_sweep_is_compared_job_by_job() -> None:
    runs = find_runs([str(KEPT / "0.1.0" / "sweep")])
    assert [run.config["problem.x0"] for run in runs] == [0.5, 1.5]


@pytest.mark.parametrize("kept", RUNS, ids=[path.parent.name for path in RUNS])
def test_they_are_gone_on_with(kept: Path, tmp_path: Path) -> None:
    run = shutil.copytree(kept, tmp_path / "run")
    before = read_rows(run)[:-1]  # row 30 was the last of the steps, and is none of 50
    config = parse(resumed(run, {"steps": 50}, ["steps=50"]))
    assert train_one(config, run, "", None) == 0
    rows = read_rows(run)
    assert rows[:4] == before
    assert [row["step"] for row in rows] == [0, 1, 11, 21, 31, 41, 50]
    weights = torch.load(run / "checkpoint.pt", weights_only=True)["params"]["w"]
    assert torch.allclose(weights, torch.tensor([1.0, -0.5]), atol=0.1)
