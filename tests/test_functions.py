"""Functions in files of the user's: problem=file."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import FrameType

import pytest
import torch
from cases import EXAMPLES, objective, relative
from conftest import Cli
from msgspec.structs import replace

from stat4830_grad.config.composing import compose
from stat4830_grad.gradients.methods import GRADIENTS, methods_for
from stat4830_grad.graph import trace
from stat4830_grad.problems.file import from_file
from stat4830_grad.problems.file_objective import FileObjective
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.training.experiment import build
from stat4830_grad.training.rows import read_rows

CPU = torch.device("cpu")
NAMES = ("rosenbrock", "himmelblau", "huber", "logistic")


def load(path: Path, dtype: torch.dtype = torch.float64, seed: int = 0) -> FileObjective:
    return from_file(path, 0, torch.Generator().manual_seed(seed), CPU, dtype)


def written(directory: Path, source: str) -> Path:
    path = directory / "mine.py"
    path.write_text(textwrap.dedent(source), "utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_goes_through_every_task(
    name: str, cli: Cli, tmp_path: Path
) -> None:
    path = EXAMPLES / f"{name}.py"
    assert len(path.read_text("utf-8").splitlines()) <= 20
    words = ("problem=file", f"problem.path={path}", "steps=20", "figures=false")
    lists = ("optimizer.lr=${logspace:-5,-3,4}", "hydra.run.dir=sweep")
    for typed in (
        (*words, "optimizer.lr=0.0005", "hydra.run.dir=one"),
        (*words, *lists),
        (*words, "task=check"),
        (*words, "task=trace"),
        ("task=compare", "runs=[one,sweep/000*]", "figures=false"),
    ):
        done = cli(*typed)
        assert done.returncode == 0, done.stdout + done.stderr
    assert len((tmp_path / "sweep" / "sweep.csv").read_text("utf-8").splitlines()) == 5
    rows = read_rows(tmp_path / "one")
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_two_numbers_get_their_contours_and_a_minimiser_its_distance(
    cli: Cli, tmp_path: Path
) -> None:
    path = EXAMPLES / "rosenbrock.py"
    words = ("problem=file", f"problem.path={path}", "steps=20", "optimizer.lr=0.001")
    assert cli(*words, "hydra.run.dir=one").returncode == 0
    assert (tmp_path / "one" / "path.png").stat().st_size > 10_000
    assert read_rows(tmp_path / "one")[0]["distance"] == pytest.approx(2.2)


@pytest.mark.parametrize("name", NAMES)
def test_64_runs_in_a_batch_are_64_runs_alone(name: str) -> None:
    words = ("problem=file", f"problem.path={EXAMPLES / name}.py", "dtype=float64")
    one = compose(*words)
    jobs = [replace(one, optimizer=replace(one.optimizer, lr=1e-5 * (k + 1))) for k in range(64)]
    together = build(jobs, torch.Size((64,)))
    assert isinstance(together.objective, FileObjective)
    *_, (batch, record) = together.train(together.start(), steps=10, due=lambda updates: False)
    assert together.objective.vmapped("loss")
    for k in (0, 1, 31, 63):
        single = build([jobs[k]], torch.Size(()))
        *_, (alone, last) = single.train(single.start(), steps=10, due=lambda updates: False)
        for key, p in alone.params.items():
            assert relative(batch.params[key][k], p) < 1e-12
        for key, value in last.values.items():
            assert float(record.values[key][k]) == pytest.approx(float(value), rel=1e-10)


BRANCHES = """
    start = {"x": 3.0}

    def loss(x):
        if x > 1:
            return x**2
        return 2 * x - 1
"""
IN_PLACE = """
    import torch
    start = [1.0, 2.0]

    def loss(v):
        total = torch.zeros(())
        total += (v**2).sum()
        return total
"""


@pytest.mark.parametrize("source", [BRANCHES, IN_PLACE], ids=["branches", "in place"])
def test_what_vmap_cannot_take_goes_row_by_row_with_a_line_that_says_so(
    source: str, tmp_path: Path
) -> None:
    target = load(written(tmp_path, source))
    (name, p), *_ = target.like.items()
    rows = torch.stack([p, 0.1 * p, -p])
    for gradient in methods_for(target).values():
        loss, grads = gradient(target, {name: rows})
        for k in range(3):
            alone, grad = gradient(target, {name: rows[k]})
            assert torch.equal(loss[k], alone)
            assert torch.equal(grads[name][k], grad[name])
    (note,) = target.notes(3)
    assert "runs go one by one" in note
    assert target.notes(1) == []
    assert objective("file").notes(3) == []


def test_check_leaves_out_the_gradient_that_is_not_there(cli: Cli) -> None:
    path = EXAMPLES / "himmelblau.py"
    done = cli("task=check", "problem=file", f"problem.path={path}")
    assert (done.returncode, "manual" in done.stdout) == (0, False)
    done = cli("problem=file", f"problem.path={path}", "gradient=manual")
    assert done.returncode == 2
    assert "defines no function gradient; write gradient=backward" in done.stderr


def test_a_wrong_gradient_disagrees(cli: Cli, tmp_path: Path) -> None:
    right = (EXAMPLES / "rosenbrock.py").read_text("utf-8")
    (tmp_path / "mine.py").write_text(right.replace("200 *", "100 *"), "utf-8")
    assert cli("task=check", "problem=file", "problem.path=mine.py").returncode == 5


def test_all_parameters_come_as_a_dict_where_params_is_asked_for(tmp_path: Path) -> None:
    source = """
        import torch
        start = {"a": [[1.0, 2.0]], "b": 3}

        def loss(params):
            return (params["a"] * params["b"]).sum()

        def gradient(params):
            a, b = params.values()
            return b * torch.ones_like(a), a.sum()
    """
    target = load(written(tmp_path, source))
    for gradient in GRADIENTS.values():
        _, grads = gradient(target, target.like)
        assert grads["a"].tolist() == [[3.0, 3.0]]
        assert float(grads["b"]) == 3.0


DATA = """
    import random
    import numpy as np
    import torch

    X = torch.randn(5, 2)
    t = torch.from_numpy(np.random.randn(5))
    n = torch.arange(3)
    shift = random.random()

    def start(generator):
        return {"w": torch.randn(2, generator=generator)}

    def loss(w):
        return ((X @ w - t) ** 2).sum() + shift + (torch.ones(2) @ w)
"""


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_data_take_the_dtype_of_the_run_and_draws_its_seed(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    path = written(tmp_path, DATA)
    first, again = load(path, dtype), load(path, dtype)
    assert first.constants()["t"].dtype == dtype
    assert first.constants()["n"].dtype == torch.int64
    assert first.loss(first.like).dtype == dtype
    assert torch.equal(first.loss(first.like), again.loss(again.like))
    other = load(path, dtype, seed=1)
    assert torch.equal(first.constants()["X"], other.constants()["X"])
    assert not torch.equal(first.like["w"], other.like["w"])
    elsewhere = from_file(path, 1, torch.Generator().manual_seed(0), CPU, dtype)
    assert not torch.equal(first.constants()["X"], elsewhere.constants()["X"])
    assert torch.equal(first.like["w"], elsewhere.like["w"])


def test_initial_seeds_are_one_batch(cli: Cli, tmp_path: Path) -> None:
    written(tmp_path, DATA)
    words = ("problem=file", "problem.path=mine.py", "steps=3", "figures=false")
    done = cli(*words, "problem.init_seed=[0,1,2]", "hydra.run.dir=out", "optimizer.lr=0.001")
    assert "3 runs in one batch" in done.stdout
    starts = {read_rows(path)[0]["w1"] for path in (tmp_path / "out").glob("00?_*")}
    assert len(starts) == 3


def test_a_changed_file_is_not_resumed(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path, BRANCHES)
    words = ("problem=file", "problem.path=mine.py", "steps=3", "hydra.run.dir=out")
    assert cli(*words, "figures=false").returncode == 0
    assert cli("resume=out", "steps=5").returncode == 0
    path.write_text(path.read_text("utf-8").replace("x**2", "x**4"), "utf-8")
    done = cli("resume=out", "steps=9")
    assert done.returncode == 2
    assert f"problem.path={path} is not the file it was" in done.stderr


NETWORK = """
    import torch

    X = torch.randn(20, 3)
    y = torch.randn(20)
    start = {"W": torch.full((4, 3), 0.1), "v": [0.1, -0.2, 0.3, 0.4]}

    def loss(W, v):
        hidden = torch.tanh(X @ W.T)
        residual = hidden @ v - y
        v = 2 * v
        for _ in range(2):
            again = (v * v).sum()
        return (residual**2).mean() + again
"""


def test_a_trace_has_the_names_of_the_file_and_its_lines(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK)
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    words = ("problem=file", "problem.path=mine.py", "hydra.run.dir=out", "figures=false")
    done = cli("task=trace", *words, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    for shown in ("z₁ = X Wᵀ", "hidden = tanh(z₁)", "residual = z₃ − y", "∂residual/∂z₃ = I"):
        assert shown in done.stdout
    nodes = json.loads((tmp_path / "out" / "trace.json").read_text("utf-8"))["nodes"]
    of_operation = {node["operation"]: lines[node["line"] - 1] for node in nodes}
    assert of_operation["tanh"] == "hidden = torch.tanh(X @ W.T)"
    assert of_operation["mean"] == "return (residual**2).mean() + again"
    names = [node["name"] for node in nodes]
    assert len(set(names)) == len(names)  # a variable that held several values names none
    assert {"hidden", "residual"} <= set(names)
    assert not {"v", "again"} & set(names)


def test_following_a_file_leaves_a_debugger_in_its_place() -> None:
    def debugger(frame: FrameType, event: str, argument: object) -> None:
        return None

    target = load(EXAMPLES / "rosenbrock.py")
    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        trace(target.loss, target.like, source=str(EXAMPLES / "rosenbrock.py"))
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


MISTAKES = {
    "no start": ("def loss(x): return x", "write start = {'x': 1.0}"),
    "no loss": ("start = 1", "defines no function called loss"),
    "a float": ("start = 1\ndef loss(x): return float(x)", "loss returned a float"),
    "cut off": (
        "import torch\nstart = 1\ndef loss(x): return torch.tensor(x.item())",
        "does not depend on its arguments through torch",
    ),
    "a vector": ("start = [1, 2]\ndef loss(x): return x", "is .sum() or .mean() missing?"),
    "not asked": ("start = {'a': 1, 'b': 2}\ndef loss(a): return a", "start has b, which loss"),
    "no value": ("start = {'a': 1}\ndef loss(a, b): return a", "loss asks for b"),
    "two": ("start = 3\ndef loss(a, b): return a", "start must be a dict"),
    "text": ("start = {'a': 'b'}\ndef loss(a): return a", "start of a is a str"),
    "infinite": ("start = float('inf')\ndef loss(a): return a", "is empty, or not finite"),
    "a column": ("start = {'step': 1}\ndef loss(step): return step", "rename it"),
    "a line": ("start = 1\ndef loss(x):\n    return nope", "line 3 raised NameError"),
    "start's line": ("def start():\n    return 1/0\ndef loss(x): return x", "line 2 raised Zero"),
    "metrics": ("start = 1\ndef loss(x): return x\ndef metrics(x): return x", "return a dict"),
    "minimiser": ("start = [1, 2]\ndef loss(x): return x.sum()\nminimiser = 3", "differ in x"),
    "no Python": ("def loss(:", "line 1 is not Python"),
    "leaves": ("import sys\nsys.exit(0)", "line 2 raised SystemExit"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_in_the_file_is_told_with_file_and_line(kind: str, tmp_path: Path) -> None:
    source, said = MISTAKES[kind]
    path = tmp_path / "mine.py"
    path.write_text(source, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"problem.path={path}")


def test_a_mistake_leaves_no_directory_and_no_traceback(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path, "start = 1\ndef loss(x):\n    return nope\n")
    done = cli("problem=file", "problem.path=mine.py")
    assert done.returncode == 2
    assert done.stderr == (
        "error: problem.path=mine.py: line 3 raised NameError: name 'nope' is not defined\n"
        "    return nope\n"
    )
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]
