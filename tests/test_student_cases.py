"""What people's files do besides a wrong formula: each is told what it was, and what to write."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import torch
from cases import SOFTMAX
from student_files import LOGISTIC
from test_student import LIMITS, chosen, diagnosis, initial, objective

from stat4830_grad.data import Part, Split
from stat4830_grad.gradients.file import gradient_from
from stat4830_grad.problems import Classification
from stat4830_grad.problems.models import Logistic
from stat4830_grad.sandbox.student import Student
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks.check.study import Study, study

NOT_A_LEAF = """
    def gradient(w, X, y):
        w = w.clone().requires_grad_()
        loss = 0.5 * ((X @ w - y) ** 2).sum()
        loss.backward()
        w = w - 0.1 * w.grad
        return w.grad
"""
NOT_LEAVES = """
    import torch
    def gradient(w, b, X, y):
        w, b = w.requires_grad_(), 1 * b.requires_grad_()
        p = torch.sigmoid(X @ w + b)
        torch.nn.functional.binary_cross_entropy(p, y).backward()
        return {"w": w.grad, "b": b.grad}
"""
MINIBATCH = """
    import torch
    def gradient(w, X, y):
        i = torch.randperm(len(y))[:4]
        return X[i].T @ (X[i] @ w - y[i])
"""
COUNTER = """
    calls = 0
    def gradient(w, X, y):
        global calls
        calls += 1
        return X.T @ (X @ w - y) * calls ** 2
"""
PAIR = """
    def gradient(w, X, y):
        r = X @ w - y
        return 0.5 * (r @ r), X.T @ r
"""
LOSS_AND_DICT = LOGISTIC.replace("return {", "return dz.sum(), {")
LOSS_AND_EACH = LOGISTIC.replace('{"w": X.T @ dz, "b": dz.sum()}', "1.5, X.T @ dz, dz.sum()")

#  problem, source, kind, parameters, words of the sentence, what is right
SAID = {
    "no leaf": ("least_squares", NOT_A_LEAF, "missing", (), "line 7 reads .grad of a tensor", []),
    "one no leaf": ("logistic_bias", NOT_LEAVES, "missing", ("b",), "line 7 reads .grad", ["w"]),
    "None": ("least_squares", "def gradient(w): pass", "missing", (), "is `return` missing?", []),
    "minibatch": ("least_squares", MINIBATCH, "not_repeatable", ("w",), "draws random", []),
    "counter": ("least_squares", COUNTER, "not_repeatable", ("w",), "look for globals", []),
    "loss too": ("least_squares", PAIR, "unknown", (), "returned the loss too", ["w"]),
    "loss, dict": ("logistic_bias", LOSS_AND_DICT, "unknown", (), "the loss too", ["w", "b"]),
    "loss, each": ("logistic_bias", LOSS_AND_EACH, "unknown", (), "the loss too", ["w", "b"]),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_returned_in_place_of_a_gradient_is_told(tmp_path: Path, name: str) -> None:
    problem, source, kind, parameters, words, right = SAID[name]
    found = diagnosis(tmp_path, problem, source)
    (finding,) = found.findings
    assert (finding.kind, finding.parameters, found.right) == (kind, parameters, right)
    assert words in finding.sentence


def test_two_dtypes_that_meet_are_told_with_what_to_write(tmp_path: Path) -> None:
    """Also where the path is long."""
    tmp_path = tmp_path / ("a" * 200)
    tmp_path.mkdir()
    source = "import torch\ndef gradient(w, X, y): return X.T @ torch.ones(len(y))"
    with pytest.raises(ConfigError, match=r"line 2 raised RuntimeError(.|\n)*write dtype=w.dtype"):
        diagnosis(tmp_path, "least_squares", source)


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        ("(X @ w + b).exp() / (1 + (X @ w + b).exp())", "NaN or infinity"),
        ("1 / (1 + (-X @ w - b).exp())", None),
        (
            "torch.tensor([1 / (1 + math.exp(-z)) for z in X @ w + b], dtype=w.dtype)",
            "raised OverflowError",
        ),
    ],
)
def test_a_right_gradient_is_tried_at_larger_weights(
    tmp_path: Path, probability: str, said: str | None
) -> None:
    source = f"import math\n{dedent(LOGISTIC)}".replace("torch.sigmoid(X @ w + b)", probability)
    found = diagnosis(tmp_path, "logistic_bias", source)
    assert found.accepted
    assert [f.kind for f in found.remarks] == (["overflow"] if said else [])
    assert not said or said in found.remarks[0].sentence


@pytest.mark.parametrize("trusted", [False, True])
def test_training_names_a_gradient_that_is_nan_where_ours_is_finite(
    tmp_path: Path, trusted: bool
) -> None:
    path = tmp_path / "mine.py"
    wrong = "(X @ w + b).exp() / (1 + (X @ w + b).exp())"
    path.write_text(dedent(LOGISTIC).replace("torch.sigmoid(X @ w + b)", wrong), "utf-8")
    f = objective("logistic_bias")
    file = gradient_from(chosen(path, trusted=trusted))
    start = initial(f)
    assert file(f, start)[1]["w"].isfinite().all()
    larger = {name: 1e4 * (p + 1) for name, p in start.items()}
    with pytest.raises(ConfigError, match=r"w, b: its gradient holds NaN .* where backward\(\)"):
        file(f, larger)
    infinite = {name: p * torch.inf for name, p in larger.items()}  # as of a run that has diverged
    assert file(f, infinite)[1]["w"].isnan().all()


SLOW = """
    import time
    import torch

    def gradient(w, X, y):
        if len(y) == 150:
            print("all")
            time.sleep(1.05)
        g = X.T @ (torch.sigmoid(X @ w) - y) / len(y)
        return FACTOR * g
"""


def of_many(dtype: torch.dtype) -> Classification:
    """150 samples of two inputs."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(150, 2, generator=generator)
    return Classification(
        Logistic(), Split("made", Part(X.to(dtype), (X[:, 0] > 0).to(dtype)), None, None)
    )


@pytest.mark.parametrize(("factor", "kind"), [("1", None), ("(1 + (len(y) > 99))", "all_samples")])
def test_a_function_that_takes_long_is_asked_on_all_samples_once(
    tmp_path: Path, factor: str, kind: str | None
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(dedent(SLOW).replace("FACTOR", factor), "utf-8")
    params = {"w": torch.tensor([0.3, -0.2])}
    with Student(path, LIMITS) as student:
        found: Study = study(of_many(torch.float64), of_many(torch.float32), params, 0, student)
        printed = student.printed
    assert printed.count("all") == 1
    assert found.fewer
    assert (found.fewer.samples, len(found.fewer.rows)) == (150, 20)
    assert found.diagnosis
    assert [f.kind for f in found.diagnosis.findings] == ([kind] if kind else [])
    assert found.agree == (kind is None)


OF_OUTPUTS = {  # in the gradient of tests/cases.py's file_model
    "softmax_forgotten": ("torch.softmax(X @ params[\"weight\"].T + params[\"bias\"], 1)",
        "(X @ params[\"weight\"].T + params[\"bias\"])"),
    "label_forgotten": ("P - nn.functional.one_hot(y, 10)", "P"),
    "label_sign": ("P - nn", "P + nn"),
    "sign": ("(P - nn.functional.one_hot(y, 10))", "(nn.functional.one_hot(y, 10) - P)"),
    "factor": (" / len(y)", ""),
    "softmax_over_samples": (", 1)\n", ", 0)\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OF_OUTPUTS)
def test_mistakes_at_the_output_are_named_of_a_model_that_a_file_defines(
    tmp_path: Path, kind: str
) -> None:
    old, new = OF_OUTPUTS[kind]
    assert old in SOFTMAX
    (finding,) = diagnosis(tmp_path, "file_model", SOFTMAX.replace(old, new)).findings
    assert (finding.kind, finding.parameters) == (kind, ("weight", "bias"))
