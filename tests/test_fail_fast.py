"""`sweep.fail_fast`: a sweep that begins nothing after its first failure, and goes on later."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from conftest import Cli

WORDS = ("problem=digits", "steps=2", "figures=false", "device=cpu", "sweep.fail_fast=true")


def statuses(directory: Path) -> list[str]:
    with (directory / "sweep.csv").open(newline="") as file:
        return [row["status"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(("multirun", "directories"), [(False, 0), (True, 1000)])
def test_what_had_not_begun_is_named_and_resume_runs_it(
    cli: Cli, tmp_path: Path, multirun: bool, directories: int
) -> None:
    """The batch of seed 2 fails, as its file of weights is missing; that of seed 3 never begins."""
    seeds = "seed=1,2,3" if multirun else "seed=[1,2,3]"
    file = "null,gone.pt" if multirun else "[null,gone.pt]"
    place = f"hydra.{'sweep' if multirun else 'run'}.dir=sweep"
    words = [*WORDS, seeds, f"model.init_from={file}", f"sweep.directories={directories}"]
    done = cli(*(["-m"] if multirun else []), *words, place)
    assert done.returncode == 1, done.stderr
    assert "1 completed, 1 failed, 4 not begun of 6 jobs" in done.stdout
    assert "stopped at its first failure, as sweep.fail_fast asks" in done.stdout
    assert "sweep.resume=" in done.stdout
    assert statuses(tmp_path / "sweep") == ["completed", "failed", *["not begun"] * 4]
    torch.save({"w": torch.zeros(784)}, tmp_path / "gone.pt")
    again = cli(*(["-m"] if multirun else []), *words, "sweep.resume=sweep")
    assert again.returncode == 0, again.stdout + again.stderr
    assert statuses(tmp_path / "sweep") == ["completed"] * 6


def test_one_bad_value_keeps_the_sweep_from_starting(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=polynomial", "optimizer.lr=[0.1,-1]", "sweep.fail_fast=true")
    done = cli(*words, "hydra.run.dir=sweep")
    assert done.returncode == 2
    assert "001_lr_-1: optimizer.lr=-1: must be a number > 0; nothing ran" in done.stderr
    assert not (tmp_path / "sweep").exists()


def test_a_run_that_diverges_has_not_failed(cli: Cli) -> None:
    words = ("problem=polynomial", "optimizer.lr=[9,0.1]", "figures=false", "steps=9")
    done = cli(*words, "sweep.fail_fast=true", "sweep.batch=1")
    assert done.returncode == 0, done.stderr
    assert "1 completed, 1 diverged of 2 jobs" in done.stdout
