"""A student's file: right ones in any style are accepted, wrong ones are told what is wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import cases
import pytest
import torch
from student_files import ALL, EINSUM_DICT, HIDDEN, RIGHT, SQUARES, TANH_NET, WRONG

from stat4830_grad.config.schema import Gradient as Choice
from stat4830_grad.core import Objective, Params
from stat4830_grad.gradients.file import gradient_from
from stat4830_grad.gradients.methods import backward
from stat4830_grad.problems import Classification
from stat4830_grad.problems.models import MLP, RELU, TANH
from stat4830_grad.sandbox.limits import Limits
from stat4830_grad.sandbox.student import Student
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks.check.diagnosis import Diagnosis, diagnose
from stat4830_grad.tasks.check.methods import nearby

LIMITS = Limits(seconds=30, memory=1, threads=1)


def chosen(path: Path, *, trusted: bool) -> Choice:
    """gradient=file, as a configuration has it."""
    return Choice(name="file", path=str(path), trusted=trusted)


def objective(name: str) -> Objective:
    """One of tests/cases.py, or a network whose hidden layers are as wide as they must be."""
    if name == "square_mlp":  # 9 inputs, 9 hidden
        return Classification(MLP((9,), TANH), cases.split(torch.float64))
    if name == "square_relu_mlp":
        return Classification(MLP((6, 6), RELU), cases.split(torch.float64))
    return cases.objective(name)


def initial(f: Objective) -> Params:
    return {name: p.double() for name, p in f.init(torch.Generator().manual_seed(1)).items()}


def diagnosis(tmp_path: Path, problem: str, source: str) -> Diagnosis:
    """What is said of a file with `source`, at an initial point and one near it."""
    path = tmp_path / "mine.py"
    path.write_text(dedent(source), "utf-8")
    f = objective(problem)
    points = [initial(f), nearby(initial(f), torch.Generator().manual_seed(2))]
    with Student(path, LIMITS) as student:
        return diagnose(student, f, [(p, backward(f, p)[1]) for p in points], 1e-9)


@pytest.mark.parametrize("style", RIGHT)
def test_a_right_gradient_is_accepted_in_any_style(tmp_path: Path, style: str) -> None:
    problem, source = RIGHT[style]
    found = diagnosis(tmp_path, problem, source)
    assert found.accepted
    assert found.findings == []
    assert found.right == list(initial(objective(problem)))


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_with_its_parameters(tmp_path: Path, name: str) -> None:
    problem, right, old, new, kind, parameters, word = WRONG[name]
    assert old in right
    found = diagnosis(tmp_path, problem, right.replace(old, new))
    assert not found.accepted
    assert (kind, parameters) in [(f.kind, f.parameters) for f in found.findings]
    assert word in next(f.sentence for f in found.findings if f.kind == kind)


def test_the_same_finding_names_all_its_parameters_and_the_right_ones(tmp_path: Path) -> None:
    source = TANH_NET.replace("1 - a**2", "1 - z1**2").replace("dz.sum()}", "dz.mean()}")
    found = diagnosis(tmp_path, "tanh_mlp", source)
    kinds = [(f.kind, f.parameters) for f in found.findings]
    assert kinds == [("slope_at_input", HIDDEN), ("factor", ("b2",))]
    assert found.right == ["w2"]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("transposed and doubled", [("transposed", ("w1",)), ("factor", ("w1",))]),
        ("sigmoid forgotten and no mean", [("sigmoid_forgotten", ALL), ("factor", ALL)]),
    ],
)
def test_two_mistakes_at_once_are_two_findings(
    tmp_path: Path, name: str, kinds: list[tuple[str, tuple[str, ...]]]
) -> None:
    problem, right, old, new, *_ = WRONG[name]
    found = diagnosis(tmp_path, problem, right.replace(old, new))
    assert [(f.kind, f.parameters) for f in found.findings] == kinds


def test_an_unknown_mistake_is_described_by_what_is_seen(tmp_path: Path) -> None:
    def said(new: str) -> tuple[str, str]:
        (finding,) = diagnosis(tmp_path, "least_squares", SQUARES.replace("X.T", new)).findings
        return finding.kind, finding.sentence

    assert said("X.cos().T")[0] == "unexplained"
    assert "cosine" in said("X.cos().T")[1]
    assert said("w.norm() * X.T")[0] == "length"
    assert said("(X + 1e-6 * X.cos()).T")[0] == "rounding"
    assert said("1.00001 * X.T")[0] == "rounding"
    mask = "(torch.tensor([1., 1., 2.]).double()[:, None] * X.T)"
    source = "import torch\n" + SQUARES.replace("X.T", mask)
    (finding,) = diagnosis(tmp_path, "least_squares", source).findings
    assert finding.kind == "entries"
    assert "1 of 3 entries: [2]" in finding.sentence


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def gradient(x:\n    return 1", "line 1 is not Python"),
        ("import nowhere_to_be_found", "line 1 raised ModuleNotFoundError"),
        ("x = 1\ny = x / 0", "line 2 raised ZeroDivisionError"),
        ("exit(3)", "line 1 raised SystemExit"),
        ("def grad(x): return x", "called gradient; it defines grad: call that gradient"),
        ("def f(x): return x\ndef my_gradient(x): return x", "it defines my_gradient: call that"),
        ("def f(x): return x\ndef g(x): return x", "called gradient; it defines f, g$"),
        ("gradient = 3", "defines no function called gradient"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source, "utf-8")
    with pytest.raises(ConfigError, match=message), Student(path, LIMITS) as student:
        student.load()
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_and_unknown_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Student(tmp_path / "none.py", LIMITS)
    with pytest.raises(ConfigError, match="asks for W, but this problem offers w, X, y, params"):
        diagnosis(tmp_path, "least_squares", "def gradient(W, X, y): return W")


@pytest.mark.parametrize("trusted", [False, True])
def test_a_file_trains_a_batch_row_by_row_like_the_gradient_by_hand(
    tmp_path: Path, trusted: bool
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(dedent(EINSUM_DICT), "utf-8")
    f = objective("relu_mlp")
    start = initial(f)
    batch = {name: torch.stack([p, 2 * p, -p]) for name, p in start.items()}
    for params in (start, batch):
        loss, grads = gradient_from(chosen(path, trusted=trusted))(f, params)
        wanted, right = f.loss_and_gradient(params)
        assert torch.equal(loss, wanted)
        for name, g in grads.items():
            assert g.shape == params[name].shape
            torch.testing.assert_close(g, right[name])


@pytest.mark.parametrize("trusted", [False, True])
def test_training_stops_at_an_answer_that_is_no_gradient(tmp_path: Path, trusted: bool) -> None:
    path = tmp_path / "mine.py"
    f = objective("least_squares")
    for source, message in (
        ("def gradient(w, X, y): return X @ w - y", r"w: its gradient is \(12,\), it is \(3,\)"),
        ("def gradient(w, X, y): X += 1; return w", "changes X in place"),
        ("def gradient(w, X, y): y.data.mul_(0.9); return w", "changes y in place"),
        ("def gradient(w, X, y): z = y.numpy(); z *= 0.9; return w", "changes y in place"),
        ("def gradient(w, X, y): pass", "returned None"),
    ):
        path.write_text(source, "utf-8")
        with pytest.raises(ConfigError, match=message):
            gradient_from(chosen(path, trusted=trusted))(f, initial(f))


def test_an_error_in_the_function_is_told_with_its_line(tmp_path: Path) -> None:
    source = "import math\n\ndef gradient(x):\n    y = helper(x)\n    return y\n\n"
    source += "def helper(x):\n    return math.sqrt(-1)\n"
    with pytest.raises(ConfigError, match=r"mine.py: line 8 raised ValueError(.|\n)*sqrt\(-1\)"):
        diagnosis(tmp_path, "polynomial", source)


def test_the_example_of_the_documentation_is_right_and_its_mistake_is_named(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "student.md").read_text("utf-8")
    short, example = (block.split("```")[0] for block in text.split("```python\n")[1:])
    assert diagnosis(tmp_path, "least_squares", short).accepted
    assert diagnosis(tmp_path, "tanh_mlp", example).accepted
    wrong = example.replace("1 - a**2", "1 - (X @ w1.T + b1)**2")
    found = diagnosis(tmp_path, "tanh_mlp", wrong)
    assert found.right == ["w2", "b2"]
    (finding,) = found.findings
    assert f"w1, b1: {finding.sentence}" in " ".join(text.split())


def test_files_are_run_only_when_named_and_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("raise RuntimeError", "utf-8")
    found = diagnosis(tmp_path, "least_squares", SQUARES)
    assert found.accepted
    assert {path.name for path in tmp_path.iterdir()} == {"mine.py", "other.py"}


def test_a_transposed_gradient_is_diagnosed_further(tmp_path: Path) -> None:
    source = TANH_NET.replace("dz1.T @ X", "X.T @ dz1").replace("torch.sigmoid(z)", "z")
    found = diagnosis(tmp_path, "tanh_mlp", source)
    kinds = [(f.kind, f.parameters) for f in found.findings]
    assert kinds == [("transposed", ("w1",)), ("sigmoid_forgotten", ALL)]
