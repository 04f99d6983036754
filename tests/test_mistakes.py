"""Directories that are no run, damaged files, sweeps of one job: one message, nothing destroyed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PYTHONPATH, Cli
from test_resume import contents

RUN = ("problem=polynomial", "figures=false", "steps=3")


@pytest.fixture
def runs(cli: Cli, tmp_path: Path) -> Path:
    """A directory with a run `r 1` and a sweep `s 1`."""
    assert cli(*RUN, "hydra.run.dir=r 1").returncode == 0
    assert cli(*RUN, "problem.x0=[1,2]", "hydra.run.dir=s 1").returncode == 0
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("resume=s 1",), 2, "a sweep is in that directory; write 'sweep.resume=\"s 1\"'"),
        (
            ("sweep.resume=r 1", *RUN, "problem.x0=[1,2]"),
            2,
            "with the run there, write 'resume=\"r 1\"'",
        ),
        (("resume=r 1", "hydra.run.dir=other", "steps=9"), 2, "leave out the other, other"),
        (("sweep=3",), 2, "sweep is a group of keys: sweep.zip"),
        (("resume=r 1", "steps=9"), 3, "config.yaml is damaged"),
        (("task=compare", "runs=[r 1,s 1]"), 3, "config.yaml is damaged"),
        (("sweep.resume=s 1", *RUN, "problem.x0=[1,2]"), 3, "jobs-0.json is damaged"),
    ],
)
def test_what_is_no_run_or_damaged_is_one_message(
    cli: Cli, runs: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    if code == 3:
        (runs / "r 1" / "config.yaml").write_text("3\n")
        (runs / "s 1" / ".sweep" / "jobs-0.json").write_text("{\n")
    before = contents(runs / "r 1"), contents(runs / "s 1")
    done = cli(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
    assert said in done.stderr
    assert (contents(runs / "r 1"), contents(runs / "s 1")) == before
    assert not (runs / "other").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: [3,\n", "e.yaml: line 3 is not YAML"),
        ("stepz: 3\n", "there is no key stepz; did you mean steps?"),
        ("steps: 3,\n", "steps=3,: must be a whole number"),
        ("optimizer:\n  name: mine\n", "optimizer=mine: no such optimizer. There are: adam"),
    ],
)
def test_a_configuration_of_the_users_own_is_explained(
    cli: Cli, tmp_path: Path, text: str, said: str
) -> None:
    own = tmp_path / "own" / "experiment"
    own.mkdir(parents=True)
    (own / "e.yaml").write_text(f"# @package _global_\n{text}")
    done = cli("--config-dir=own", "experiment=e", "problem=polynomial")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("word", ["figures=true", "problem.x0=0.5,0.5"])
def test_a_sweep_in_which_nothing_varies_is_run_and_drawn(
    cli: Cli, tmp_path: Path, word: str
) -> None:
    done = cli("-m", "problem=polynomial", "steps=2", word, "hydra.sweep.dir=run")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run" / "curves.png").exists()
    assert not (tmp_path / "run" / "results.png").exists()


def test_a_working_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    script = f"mkdir gone && cd gone && rmdir ../gone && exec '{sys.executable}' -m stat4830_grad"
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the directory this was started in is gone: cd to one that is there\n"
    )
