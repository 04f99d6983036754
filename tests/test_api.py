"""The Python interface: what it gives, that it is lazy, and the examples."""

from __future__ import annotations

import itertools
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hydra
import pytest
import torch
from torch import Tensor

import stat4830_grad as sg
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.gradients.methods import manual
from stat4830_grad.system.errors import ConfigError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCRIPTS = {"train.py": "x =         1", "check.py": "NOT a gradient", "trace.py": "∂f/∂f = 1"}
"""Script -> what it prints; the other files there are named by keys, and tested with these."""
X = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], dtype=torch.float64)
y = torch.tensor([1.0, 0.0, 2.0], dtype=torch.float64)


def half_squares(w: Tensor) -> Tensor:
    return 0.5 * (X @ w - y).square().sum()


def test_a_configuration_is_composed_without_torch() -> None:
    code = (
        "import sys, stat4830_grad as sg\n"
        "config = sg.compose('problem=polynomial', 'steps=3')\n"
        "print(config.steps, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]
    assert {"build", "check", "compose", "trace", "train"} <= set(dir(sg))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        sg.trian  # noqa: B018


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["problem=polynomal"], "did you mean polynomial"),
        (["problem=polynomial", "lr=0.1"], "write optimizer.lr=0.1"),
        (["problem=polynomial", "problem.xo=1"], "did you mean problem.x0"),
        (["problem=polynomial", "optimizer.lr=-1"], "optimizer.lr=-1"),
        (["problem=polynomial", "optimizer.lr=0.1,0.2"], "one run"),
    ],
)
def test_a_mistake_says_what_to_write_as_on_the_command_line(words: list[str], hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        sg.compose(*words)
    assert hint in str(raised.value)


def test_a_session_of_hydra_around_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine: 1\n")
    with hydra.initialize_config_dir(str(tmp_path), **COMPOSING):
        assert sg.compose("problem=polynomial").problem.name == "polynomial"
        with pytest.raises(ConfigError):
            sg.compose("problem=polynomial", "steeps=1")
        assert hydra.compose("config").mine == 1


def test_training_yields_what_the_run_would_log() -> None:
    config = sg.compose("problem=polynomial", "problem.x0=2", "steps=4", "log.every=1")
    found = list(sg.train(config))
    assert [record.updates for _, record in found] == [0, 1, 2, 3, 4]
    for (before, _), (state, record) in itertools.pairwise(found):
        x = before.params["x"]
        expected = x - config.optimizer.lr * (3 * x**2 - 3)
        assert torch.allclose(state.params["x"], expected, rtol=1e-6)
        assert record.values["x"] == state.params["x"]


def test_the_number_of_threads_asked_for_is_the_number_used() -> None:
    code = (
        "import stat4830_grad as sg; "
        "config = sg.compose('model=relu_mlp', 'steps=2', 'threads=1', 'device=cpu'); "
        "rows = list(sg.train(config)); import torch; print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]


def test_a_part_of_an_experiment_can_be_replaced() -> None:
    config = sg.compose("problem=least_squares", "steps=3", "log.every=1")
    by_hand = replace(sg.build(config), gradient=manual)
    *_, (ours, _) = sg.train(config, by_hand)
    *_, (theirs, _) = sg.train(config)
    assert torch.allclose(ours.params["w"], theirs.params["w"], rtol=1e-5)


def test_a_right_gradient_agrees_and_a_wrong_one_does_not() -> None:
    w = torch.tensor([0.3, -0.2], dtype=torch.float64)
    right = sg.check(half_squares, lambda w: X.T @ (X @ w - y), w=w)
    assert right
    assert {(pair.a, pair.b) for pair in right.pairs} >= {("gradient", "central")}
    wrong = sg.check(half_squares, lambda w: 2 * X.T @ (X @ w - y), w=w)
    assert not wrong
    assert [pair.agree for pair in wrong.pairs if "gradient" not in (pair.a, pair.b)] == [True] * 6
    assert str(wrong).count("DIFFER") == 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_of_any_shape_are_checked_by_name(dtype: torch.dtype) -> None:
    W, b = torch.randn(3, 2, dtype=dtype), torch.tensor(0.5, dtype=dtype)

    def loss(W: Tensor, b: Tensor) -> Tensor:
        return (W.sum() * b).tanh() + W.square().sum()

    def gradient(W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        slope = 1 - (W.sum() * b).tanh() ** 2
        return slope * b * torch.ones_like(W) + 2 * W, slope * W.sum()

    assert sg.check(loss, gradient, W=W, b=b)
    assert not sg.check(loss, lambda W, b: (gradient(W, b)[0], 0 * b), W=W, b=b)
    assert sg.check(loss, W=W, b=b)


@pytest.mark.parametrize(
    ("gradient", "complaint"),
    [
        (lambda w: None, "is `return` missing"),
        (lambda w: w[:1], r"has shape \(1,\), w has \(2,\)"),
        (lambda w: {"v": w}, "forgotten"),
    ],
)
def test_an_answer_that_is_no_gradient_is_named(
    gradient: Callable[[Tensor], Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        sg.check(half_squares, gradient, w=torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="one number is needed"):
        sg.check(lambda w: w, w=torch.zeros(2))
    with pytest.raises(ValueError, match="name them"):
        sg.check(half_squares)


def test_the_trace_of_a_tensor_is_that_of_the_function_but_for_values_nobody_kept() -> None:
    x = torch.tensor(1.5, requires_grad=True)

    def cubic(x: Tensor) -> Tensor:
        return x**3 - 3 * x

    f = cubic(x)
    ours, whole = sg.trace(f, x=x), sg.trace(cubic, x=x)
    assert [node.expression for node in ours.nodes] == [node.expression for node in whole.nodes]
    assert ours.leaves == whole.leaves
    assert [edge.local for node in ours.nodes for edge in node.edges] == [
        edge.local for node in whole.nodes for edge in node.edges
    ]
    assert x.grad is None
    f.backward()  # the graph is still there
    assert ours.leaves[0].gradient.scalar == x.grad == 3 * 1.5**2 - 3
    assert "∂z₁/∂x = 3x² = 3·1.5² = 6.75" in str(ours)


def test_leaves_without_a_name_are_numbered_in_the_order_of_their_use() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    loss = network(torch.ones(4, 2)).mean()
    weights = list(network.parameters())
    found = sg.trace(loss, last=weights[-1])
    assert {leaf.name for leaf in found.leaves} == {"last", "x1", "x2", "x3"}
    assert all(leaf.difference == 0 for leaf in found.leaves)
    shapes = {leaf.name: leaf.value.shape for leaf in found.leaves}
    assert shapes["last"] == (1,)
    assert sorted([shapes["x1"], shapes["x2"]]) == [(3,), (3, 2)]


def test_what_has_no_trace_is_refused() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match="one number"):
        sg.trace(2 * x)
    with pytest.raises(ValueError, match="does not depend"):
        sg.trace(torch.tensor(1.0))
    with pytest.raises(ValueError, match="v is no leaf"):
        sg.trace((2 * x).sum(), v=2 * x)


def test_a_long_graph_of_somebody_else_is_traced_and_freed() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + 1
    found = sg.trace(y)
    assert len(found.nodes) == 20_000
    del y, found


@pytest.mark.parametrize(
    "script", [EXAMPLES / name for name in SCRIPTS], ids=lambda path: path.name
)
def test_the_examples_run(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    said = capsys.readouterr().out
    assert SCRIPTS[script.name] in said
