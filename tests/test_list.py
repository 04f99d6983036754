"""task=list: which past runs are meant, how each ended, and what is said of damaged ones."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest
from conftest import Cli
from test_config import message

from stat4830_grad.config.conditions import conditions
from stat4830_grad.console.terminal import make_console
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.system.lock import sole_writer
from stat4830_grad.tasks.list import selected, table, tally
from stat4830_grad.training.past_runs import past_runs

CONFIG = """
problem: {{name: {problem}}}
model: {model}
optimizer: {{name: gd, lr: {lr}}}
steps: 10
"""


def write_run(
    path: Path, *, problem: str = "polynomial", lr: float = 0.1, model: str = "null",
    summary: dict[str, object] | str | None = None, age: float = 0.0,
) -> Path:  # fmt: skip
    path.mkdir(parents=True)
    (path / "metrics.csv").write_text("step,seconds,loss\n0,0.0,1.0\n")
    (path / "config.yaml").write_text(CONFIG.format(problem=problem, lr=lr, model=model))
    if summary is not None:
        text = summary if isinstance(summary, str) else json.dumps(summary)
        (path / "summary.json").write_text(text)
    for file in path.iterdir():
        os.utime(file, (time.time() - age, time.time() - age))
    return path


def ended(status: str, loss: float | str) -> dict[str, object]:
    return {"status": status, "steps": 10, "final": {"loss": loss}, "best": {"loss": loss}}


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Runs of every kind, the newest first: a, b, sweep/000, sweep/001, killed, damaged."""
    top = tmp_path / "outputs"
    mlp = "{name: relu_mlp, hidden: [32]}"
    write_run(top / "digits" / "a", problem="digits", model=mlp, summary=ended("completed", 0.5))
    write_run(top / "polynomial" / "b", lr=1e-4, summary=ended("completed", -2.0), age=10)
    write_run(top / "sweep" / "t" / "000", lr=0.2, summary=ended("diverged", "inf"), age=20)
    write_run(top / "sweep" / "t" / "001", lr=0.3, summary=ended("increased", 7.0), age=30)
    write_run(top / "killed", age=40)
    write_run(top / "damaged", summary='{"status": "compl', age=50)
    write_run(top / ".hidden", summary=ended("completed", 0.0))
    return top


def names(outputs: Path, where: str | None = None) -> list[str]:
    return [run.path.name for run in selected(past_runs(outputs), conditions(where))]


def test_runs_come_newest_first_with_the_status_of_each(outputs: Path) -> None:
    runs = past_runs(outputs)
    assert [(run.path.name, run.status) for run in runs] == [
        ("a", "completed"), ("b", "completed"), ("000", "diverged"), ("001", "increased"),
        ("killed", "not ended"), ("damaged", "damaged"),
    ]  # fmt: skip
    said = "2 completed, 1 diverged, 1 increased, 1 not ended, 1 damaged"
    assert tally(runs, 6, outputs) == f"6 runs in {outputs}: {said}"


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("problem=digits", ["a"]),
        ("problem=dig*", ["a"]),
        ("model=mlp", ["a"]),
        ("model.hidden=[32]", ["a"]),
        ("model!=mlp,status!=damaged", ["b", "000", "001", "killed"]),
        ("optimizer.lr=1e-4", ["b"]),
        ("optimizer.lr>=0.2, optimizer.lr<0.3", ["000"]),
        ("loss>1", ["000", "001"]),
        ("loss<=-2", ["b"]),
        ("best_loss=7,updates=10", ["001"]),
        ("status=not ended", ["killed"]),
        ("status=*ed", ["a", "b", "000", "001", "killed", "damaged"]),
        ("model=null,steps=10,loss<0", ["b"]),
        ("status=interrupted", []),
        (None, ["a", "b", "000", "001", "killed", "damaged"]),
    ],
)
def test_any_key_and_any_result_may_be_asked_for(
    where: str | None, meant: list[str], outputs: Path
) -> None:
    assert names(outputs, where) == meant


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("optimiser.lr=1", "no run has optimiser.lr; did you mean optimizer.lr?"),
        ("nonsense", "nonsense is no condition; write 'list.where="),
        ("loss<low", "loss<low compares with no number"),
    ],
)
def test_what_cannot_be_asked_for_is_said(where: str, said: str, outputs: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        names(outputs, where)


def test_keys_of_a_run_are_no_conditions_and_lead_to_one() -> None:
    assert "write list.where=problem=mnist" in message("task=list", "problem=mnist")
    assert "no condition" in message("task=list", "list.where=loss")


def test_a_run_that_a_process_writes_to_is_running(outputs: Path) -> None:
    with sole_writer(outputs / "killed"), sole_writer(outputs / "sweep" / "t"):
        write_run(outputs / "sweep" / "t" / "002")
        found = {run.path.name: run.status for run in past_runs(outputs)}
        assert (found["killed"], found["002"], found["000"]) == ("running", "running", "diverged")
    (outputs / "killed" / ".lock").touch()  # as a kill leaves it
    assert {run.path.name: run.status for run in past_runs(outputs)}["killed"] == "not ended"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_whatever_the_terminal(width: int, outputs: Path) -> None:
    console = make_console()
    console.width = width
    runs = past_runs(outputs)
    numbers = [str(number) for number in range(len(runs))]
    with console.capture() as printed:
        console.print(table(runs, ["problem.name", "optimizer.lr"], numbers))
    lines = printed.get().splitlines()
    assert max(map(len, lines)) <= width
    assert sum("│" in line for line in lines) == len(runs)


def test_the_command_lists_and_leaves_nothing(cli: Cli, outputs: Path, tmp_path: Path) -> None:
    done = cli("task=list", "list.where=status!=completed", "list.rows=2", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert "run 1 is outputs/sweep/t/000\n" in done.stdout or "outputs/sweep/t/000 │" in done.stdout
    assert "4 of 6 runs in outputs: 1 diverged, 1 increased, 1 not ended, 1 damaged" in done.stdout
    assert "the newest 2; for more: list.rows=4" in done.stdout
    assert f"{Path('outputs/damaged/summary.json')} is damaged" in done.stdout
    assert sorted(path.name for path in outputs.iterdir()) == [
        ".hidden", "damaged", "digits", "killed", "polynomial", "sweep",
    ]  # fmt: skip
