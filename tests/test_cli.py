"""The program as its users run it: its files, its messages and its exit codes."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import Cli
from warm import Warm

FILES = {
    ".hydra",
    "checkpoint.pt",
    "config.yaml",
    "curves.png",
    "curves.svg",
    "report.html",
    "initial_weights.pt",
    "metrics.csv",
    "summary.json",
}


LONG = (
    *("model=mlp", "optimizer=adam", "steps=1500", "log.every=50"),
    *("checkpoint.seconds=0.1", "figures=false"),
)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Path:
    """The directory of the run LONG, undisturbed."""
    directory = tmp_path_factory.mktemp("whole")
    done = warm.run((*LONG, "hydra.run.dir=run"), directory, {})
    assert done.returncode == 0, done.stderr
    return directory / "run"


def rows(directory: Path) -> list[dict[str, float]]:
    with (directory / "metrics.csv").open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def summary(directory: Path) -> dict[str, Any]:
    content = json.loads((directory / "summary.json").read_text())
    assert isinstance(content, dict)
    return content


def test_the_default_run_leaves_a_complete_directory(fresh_cli: Cli, tmp_path: Path) -> None:
    done = fresh_cli("steps=30")
    assert (done.returncode, done.stderr) == (0, "")
    assert "not MNIST" in done.stdout
    [directory] = (tmp_path / "outputs" / "digits").iterdir()
    assert {f.name for f in directory.iterdir()} == FILES
    assert str(directory) in done.stdout
    found = summary(directory)
    assert found["status"] == "completed"
    assert (found["steps"], found["dtype"], found["seed"]) == (30, "float32", 42)
    assert found["dataset"]["name"] == "digits"
    assert found["versions"]["torch"] == torch.__version__.split("+")[0]
    assert found["command"] == "python -m stat4830_grad steps=30"
    table = rows(directory)
    assert [int(row["step"]) for row in table] == [0, 1, 11, 21, 30]
    assert list(table[0])[2:] == [
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
        "grad_norm",
    ]
    assert found["final"] == {k: v for k, v in table[-1].items() if k not in ("step", "seconds")}
    saved = yaml.safe_load((directory / "config.yaml").read_text())
    assert (saved["steps"], saved["problem"]["name"]) == (30, "digits")
    weights = torch.load(directory / "initial_weights.pt", weights_only=True)
    assert weights["w"].shape == (784,)


def test_polynomial_reaches_its_minimum(cli: Cli, tmp_path: Path) -> None:
    done = cli("problem=polynomial", "problem.x0=2", "hydra.run.dir=here")
    assert done.returncode == 0
    assert summary(tmp_path / "here")["final"]["x"] == pytest.approx(1.0)
    again = cli("problem=polynomial", "hydra.run.dir=here")
    assert again.returncode == 2
    assert "holds a run already" in again.stderr


def test_divergence_has_a_name_a_step_and_an_exit_code(cli: Cli, tmp_path: Path) -> None:
    done = cli("problem=polynomial", "problem.x0=-2.5", "hydra.run.dir=here")
    assert done.returncode == 4
    assert "diverged" in done.stdout
    assert "step 7" in done.stdout
    assert "step size 0.1" in done.stdout
    found = summary(tmp_path / "here")
    assert (found["status"], found["steps"], found["final"]["loss"]) == ("diverged", 7, "-inf")
    assert rows(tmp_path / "here")[-1]["step"] == 7


@pytest.mark.mnist
@pytest.mark.parametrize("model", ["logistic", "mlp"])
@pytest.mark.parametrize("gradient", ["manual", "backward", "autograd_grad"])
def test_the_lectures_accuracies_come_out(
    cli: Cli, tmp_path: Path, mnist_dir: Path, model: str, gradient: str
) -> None:
    done = cli(
        "problem=mnist",
        f"model={model}",
        f"gradient={gradient}",
        f"data_dir={mnist_dir}",
        "hydra.run.dir=here",
        "figures=false",
    )
    assert done.returncode == 0, done.stderr
    table = {int(row["step"]): row for row in rows(tmp_path / "here")}
    expected = {  # LECTURE.md: train loss, train and validation accuracy at 991; both at 1000
        "logistic": (0.2695, 0.88875, 0.873, 0.8890, 0.874),
        "mlp": (0.1690, 0.94275, 0.924, 0.9430, 0.924),
    }[model]
    found = table[991], table[1000]
    assert round(found[0]["train_loss"], 4) == expected[0]
    assert (found[0]["train_accuracy"], found[0]["val_accuracy"]) == expected[1:3]
    assert (found[1]["train_accuracy"], found[1]["val_accuracy"]) == expected[3:]
    stated = {"logistic": "87.30 %", "mlp": "92.40 %"}[model]
    assert f"lecture: validation accuracy {stated}" in done.stdout
    assert f"ours: {stated}, exactly the same" in done.stdout
    assert summary(tmp_path / "here")["dataset"]["sha256"] == (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    )


@pytest.mark.xdist_group("cut")  # one worker makes the whole run
@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_run_that_was_cut_resumes_bit_for_bit(
    cli: Cli, tmp_path: Path, whole_run: Path, ending: signal.Signals, code: int
) -> None:
    """A signal in the middle, then resume: the rows and weights of the undisturbed run."""
    child = subprocess.Popen(
        [sys.executable, "-m", "stat4830_grad", *LONG, "hydra.run.dir=cut"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    log, deadline = tmp_path / "cut" / "metrics.csv", time.monotonic() + 120
    while not (log.exists() and log.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(ending)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == code
    if ending != signal.SIGKILL:
        assert "go on with resume=" in said
        stopped = summary(tmp_path / "cut")
        assert stopped["status"] == "interrupted"
        assert 0 < stopped["steps"] < 1500
    resumed = cli("resume=cut")
    assert resumed.returncode == 0, resumed.stderr
    assert summary(tmp_path / "cut")["status"] == "completed"
    cut, whole = rows(tmp_path / "cut"), rows(whole_run)
    assert [{**r, "seconds": 0} for r in cut] == [{**r, "seconds": 0} for r in whole]
    ours, theirs = (
        torch.load(d / "checkpoint.pt", weights_only=True) for d in (tmp_path / "cut", whole_run)
    )
    assert all(torch.equal(ours["params"][name], p) for name, p in theirs["params"].items())


def test_a_finished_run_goes_on_when_given_more_steps_but_not_as_another_run(
    cli: Cli, tmp_path: Path
) -> None:
    words = ["problem=least_squares", "optimizer=nesterov", "optimizer.lr=0.001", "figures=false"]
    assert cli(*words, "steps=40", "hydra.run.dir=whole").returncode == 0
    assert cli(*words, "steps=25", "hydra.run.dir=part").returncode == 0
    assert cli("resume=part", "steps=40").returncode == 0
    part, whole = rows(tmp_path / "part"), rows(tmp_path / "whole")
    assert [{**r, "seconds": 0} for r in part] == [{**r, "seconds": 0} for r in whole]
    refused = cli("resume=part", "optimizer.lr=0.5")
    assert refused.returncode == 2
    assert "optimizer.lr=0.5" in refused.stderr


def test_weights_and_split_from_files_repeat_somebody_elses_run(cli: Cli, tmp_path: Path) -> None:
    words = ["model=mlp", "steps=3", "figures=false"]
    assert cli(*words, "hydra.run.dir=first").returncode == 0
    weights = torch.load(tmp_path / "first" / "initial_weights.pt", weights_only=True)
    theirs = {"0.weight": "w1", "0.bias": "b1", "2.weight": "w2", "2.bias": "b2"}
    torch.save({name: weights[ours] for name, ours in theirs.items()}, tmp_path / "torch.pt")
    indices = torch.randperm(1797, generator=torch.Generator().manual_seed(42))
    (tmp_path / "split.txt").write_text("\n".join(str(int(i)) for i in indices) + "\n")
    files = ["model.init_from=torch.pt", "problem.indices=split.txt"]
    done = cli(*words, *files, "seed=7", "hydra.run.dir=second")
    assert done.returncode == 0, done.stderr
    first, second = rows(tmp_path / "first"), rows(tmp_path / "second")
    assert [{**r, "seconds": 0} for r in first] == [{**r, "seconds": 0} for r in second]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["steeps=5"], 2, "did you mean steps?"),
        (["-m", "problem=nosuch"], 2, "least_squares"),
        (["problem=polynomial", "model=mlp"], 2, "takes no model"),
        (["problem=polynomial", "optimizer.lr=-1"], 2, "optimizer.lr"),
        (["problem=polynomial", "hydra.run.dir=file/run"], 2, "file"),
        (["problem=least_squares", "problem.file=gap.csv"], 3, "line 3"),
        (["problem=mnist", "data_dir=empty"], 3, "problem=digits"),
        (["problem=mnist", "data_dir=damaged"], 3, "damaged"),
        pytest.param(
            ["device=cuda"],
            2,
            "device=cpu",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here"),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_message_and_leaves_no_run(
    cli: Cli, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "gap.csv").write_text("a,b,y\n1,2,3\n4,,6\n")
    raw = tmp_path / "damaged" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte.gz").write_bytes(b"not what was published")
    done = cli(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("summary.json"))
    assert not list(tmp_path.glob("outputs/*/*"))


def test_a_directory_of_the_users_survives_a_run_that_cannot_begin(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = cli("problem=least_squares", "problem.file=none.csv", "hydra.run.dir=mine")
    assert done.returncode == 3
    assert [f.name for f in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_debug_shows_the_traceback(cli: Cli) -> None:
    done = cli("problem=least_squares", "problem.file=none.csv", "debug=true")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "none.csv" in done.stderr
