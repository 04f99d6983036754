"""A rule in a file of the user's: in batches, cut and resumed, in its dtype, and its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cases import HEAVY_BALL, batch, objective, relative, start, written
from conftest import Cli

from stat4830_grad.core import Optimizer, Params
from stat4830_grad.gradients.methods import manual
from stat4830_grad.optimizers import momentum
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.training.rows import read_rows

LION = Path(__file__).resolve().parent.parent / "examples" / "lion.py"

LOOKS = """
import torch
def init(params):
    return {"calm": 0}
def update(params, grads, lr, state):
    largest = max(float(g.abs().max()) for g in grads.values())
    scale = 1 / largest if largest > 0.5 else 1.0
    moved = {k: p - lr * scale * grads[k] for k, p in params.items()}
    return moved, {"calm": state["calm"] + int(largest <= 0.5)}
"""
"""A rule with an `if`, which vmap cannot take."""


def end(rule: Optimizer, params: Params, lr: torch.Tensor) -> Params:
    target, state = objective("tanh_mlp", lr.dtype), rule.init(params)
    for _ in range(20):
        _, grads = manual(target, params)
        params, state = rule.update(params, grads, lr, state)
    return params


@pytest.mark.parametrize("source", [HEAVY_BALL, LOOKS, LION.read_text("utf-8")])
def test_a_batch_is_its_runs(source: str) -> None:
    lr = torch.logspace(-3, -1, 5, dtype=torch.float64)
    together = batch(objective("tanh_mlp"), [0, 1, 2, 3, 4])
    rule = written(source, together, lr)
    assert (rule.note is None) == (source != LOOKS)
    ends = end(rule, together, lr)
    for k in range(5):
        own = {name: p[k] for name, p in together.items()}
        alone = end(written(source, own, lr[k]), own, lr[k])
        assert all(relative(ends[name][k], p) < 1e-12 for name, p in alone.items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_rule_gets_and_gives_the_dtype_of_the_run(dtype: torch.dtype) -> None:
    params = start(objective("tanh_mlp"), 0, dtype)
    lr = torch.tensor(0.1, dtype=dtype)
    ends = end(written(HEAVY_BALL, params, lr), params, lr)
    rule = momentum(torch.tensor(0.9, dtype=dtype))
    state, ours = rule.init(params), params
    for _ in range(20):
        _, grads = manual(objective("tanh_mlp", dtype), ours)
        ours, state = rule.update(ours, grads, lr, state)
    assert all(p.dtype is dtype for p in ends.values())
    assert all(relative(ends[name], p) < 100 * torch.finfo(dtype).eps for name, p in ours.items())


STATE = "def init(params):\n    return {}\n"
ANSWER = "    return {k: p for k, p in params.items()}, state\n"
UPDATE = "def update(params, grads, lr, state):\n"
WRONG = {
    "x = (\n": "line 1 is not Python",
    "def init(params):\n    return {}\n": "defines no function called update",
    f"def init(params):\n    return 1 / 0\n{UPDATE}{ANSWER}": "line 2 raised ZeroDivisionError",
    f"def init(params):\n    return [1]\n{UPDATE}{ANSWER}": "line 1: init returned a list as state",
    f"def init(params):\n    return {{'s': 'x'}}\n{UPDATE}{ANSWER}": "init returned a str in its",
    f"{STATE}{UPDATE}    return params\n": "line 3: update returned a dict, not (params, state)",
    f"{STATE}{UPDATE}    return {{'w': 1}}, state\n": "update returned params w; the",
    f"{STATE}{UPDATE}    return {{k: p[None] for k, p in params.items()}}, state\n": (
        "update returned x as a tensor (1,) of float32; it is a tensor () of float32"
    ),
    f"{STATE}{UPDATE}    return {{k: p.double() for k, p in params.items()}}, state\n": (
        "update returned x as a tensor () of float64; it is a tensor () of float32"
    ),
    f"{STATE}{UPDATE}    return {{k: p - lr * grad for k, p in params.items()}}, state\n": (
        "line 4 raised NameError: name 'grad' is not defined"
    ),
}


@pytest.mark.parametrize("source", WRONG)
@pytest.mark.parametrize("rows", [(), (2,)])
def test_a_mistake_is_named_with_its_line(source: str, rows: tuple[int, ...]) -> None:
    params, lr = {"x": torch.ones(rows)}, torch.full(rows, 0.1)
    with pytest.raises(ConfigError, match=r"^optimizer\.path=.*mine\.py") as error:
        written(source, params, lr)
    assert WRONG[source] in str(error.value)


def test_on_the_command_line_it_trains_resumes_and_sweeps(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAVY_BALL)
    words = ("problem=composite", "optimizer=file", "optimizer.path=mine.py", "figures=false")
    assert cli(*words, "steps=5", "hydra.run.dir=a").returncode == 0
    assert cli("resume=a", "steps=12").returncode == 0
    ours = ("problem=composite", "optimizer=momentum", "figures=false", "steps=12")
    assert cli(*words, "steps=12", "hydra.run.dir=b").returncode == 0
    assert cli(*ours, "hydra.run.dir=c").returncode == 0
    resumed, whole, known = ([r["loss"] for r in read_rows(tmp_path / d)] for d in "abc")
    assert resumed == whole
    assert whole == pytest.approx(known, rel=1e-5)
    swept = cli(*words, "steps=5", "optimizer.lr=[0.01,0.1]", "optimizer.schedule=cosine")
    assert "2 runs in one batch" in swept.stdout
    assert "one by one" not in swept.stdout
    (tmp_path / "mine.py").write_text(LOOKS)
    row_wise = cli(*words, "steps=5", "optimizer.lr=[0.01,0.1]")
    assert row_wise.returncode == 0, row_wise.stderr
    assert "mine.py: torch.func.vmap cannot take its update" in row_wise.stdout
    assert cli("resume=a", "steps=20").stderr.startswith("error: optimizer.path=")
