"""Ten classes: pinned values, a student's gradient with softmax, theory, and MNIST itself."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from cases import relative, split
from conftest import Cli
from test_student import diagnosis
from torch import nn

from stat4830_grad.config.composing import compose
from stat4830_grad.config.lecture import stated_accuracy
from stat4830_grad.problems import Classification
from stat4830_grad.problems.likelihoods import Softmax
from stat4830_grad.problems.models import MLP, TANH, Logistic
from stat4830_grad.training.experiment import build
from stat4830_grad.training.step_sizes import limit_in_words

NET = """
    import torch

    def gradient(w1, b1, w2, b2, X, y):
        n = len(y)
        z1 = X @ w1.T + b1
        a = torch.relu(z1)
        z = a @ w2.T + b2
        Y = torch.nn.functional.one_hot(y, 10)
        dz = (torch.softmax(z, 1) - Y) / n
        dz1 = (dz @ w2) * (z1 > 0)
        return {"w1": dz1.T @ X, "b1": dz1.sum(0), "w2": dz.T @ a, "b2": dz.sum(0)}
"""
LINEAR = """
    import numpy as np

    def gradient(w, X, y):
        z = np.asarray(X) @ np.asarray(w).T
        P = np.exp(z - z.max(1, keepdims=True))
        P /= P.sum(1, keepdims=True)
        P[np.arange(len(y)), y] -= 1
        return P.T @ np.asarray(X) / len(y)
"""
ALL = ("w1", "b1", "w2", "b2")
HIDDEN = ("w1", "b1")

#  what is replaced by what, kind, parameters, a word of the sentence
WRONG = {
    "sum for mean": ("- Y) / n", "- Y)", "factor", ALL, "divide by n"),
    "sign": ("torch.softmax(z, 1) - Y", "Y - torch.softmax(z, 1)", "sign", ALL, "softmax(z) − Y"),
    "no softmax": ("torch.softmax(z, 1)", "z", "softmax_forgotten", ALL, "softmax is forgotten"),
    "sigmoid": ("softmax(z, 1)", "sigmoid(z)", "sigmoid_not_softmax", ALL, "sigmoid"),
    "other axis": ("softmax(z, 1)", "softmax(z, 0)", "softmax_over_samples", ALL, "classes"),
    "no labels": (" - Y)", ")", "label_forgotten", ALL, "Y is forgotten"),
    "exp": ("torch.softmax(z, 1)", "z.exp()", "not_normalised", ALL, "divided by its sum"),
    "twice": ("softmax(z, 1)", "softmax(torch.softmax(z, 1), 1)", "softmax_twice", ALL, "twice"),
    "no relu": (" * (z1 > 0)", "", "slope_forgotten", HIDDEN, "relu is forgotten"),
    "before relu": ("dz.T @ a", "dz.T @ z1", "input_before_activation", ("w2",), "layer 2"),
    "transposed": ("dz.T @ a", "a.T @ dz", "transposed", ("w2",), "transpose"),
    "another mean": ("/ n\n", "/ (3 * n)\n", "factor", ALL, "0.333333 times"),
}


@pytest.mark.parametrize(("problem", "source"), [("softmax_relu_mlp", NET), ("softmax", LINEAR)])
def test_a_right_gradient_of_ten_classes_is_accepted(
    tmp_path: Path, problem: str, source: str
) -> None:
    assert diagnosis(tmp_path, problem, source).accepted


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_with_softmax_is_named_with_its_parameters(tmp_path: Path, name: str) -> None:
    old, new, kind, parameters, word = WRONG[name]
    assert old in NET
    found = diagnosis(tmp_path, "softmax_relu_mlp", NET.replace(old, new))
    assert not found.accepted
    told = {name for f in found.findings for name in f.parameters if f.kind == kind}
    assert told == set(parameters)
    assert any(word in f.sentence for f in found.findings if f.kind == kind)


def test_the_error_alone_is_told_what_it_lacks(tmp_path: Path) -> None:
    source = LINEAR.replace("P.T @ np.asarray(X) / len(y)", "P / len(y)")
    (finding,) = diagnosis(tmp_path, "softmax", source).findings
    assert (finding.kind, finding.parameters) == ("factor_forgotten", ("w",))
    assert "softmax(z) − Y" in finding.sentence


def test_cross_entropy_is_minus_the_mean_log_probability_of_the_label() -> None:
    target = Classification(Logistic(outputs=10), split(torch.float64, classes=10), Softmax(10))
    zero = {"w": torch.zeros(10, 9, dtype=torch.float64)}
    assert float(target.loss(zero)) == pytest.approx(math.log(10))
    X, y = target.data.train.X, target.data.train.y
    w = torch.linspace(-1, 1, 90, dtype=torch.float64).reshape(10, 9)
    of_y = [
        math.exp(z[k]) / sum(math.exp(one) for one in z) for z, k in zip(X @ w.mT, y, strict=True)
    ]
    by_hand = -sum(math.log(p) for p in of_y) / len(y)
    for params in ({"w": w}, {"w": w.expand(2, 10, 9)}):
        assert target.loss(params).flatten()[0].item() == pytest.approx(by_hand, rel=1e-12)


def test_cross_entropy_of_huge_logits_is_finite() -> None:
    target = Classification(Logistic(outputs=10), split(torch.float32, classes=10), Softmax(10))
    for w in (torch.randn(10, 9) * 1e4, torch.randn(3, 10, 9) * 1e4):
        loss, grads = target.loss_and_gradient({"w": w})
        assert loss.isfinite().all()
        assert grads["w"].isfinite().all()


def test_accuracy_counts_the_largest_logit() -> None:
    z = torch.tensor([[[1.0, 2.0, 0.0], [3.0, 1.0, 2.0]], [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]])
    assert Softmax(3).accuracy(z, torch.tensor([1, 2])).tolist() == [0.5, 0.5]
    assert float(Softmax(3).accuracy(z[0], torch.tensor([1, 0]))) == 1.0


def test_a_network_of_ten_outputs_is_that_of_torch_nn_with_its_draws() -> None:
    torch.manual_seed(5)
    network = nn.Sequential(nn.Linear(9, 7), nn.Tanh(), nn.Linear(7, 10)).double()
    X = split(torch.float64).train.X
    model = MLP((7,), TANH, outputs=10)
    params = model.init(torch.Generator().manual_seed(5), d=9)
    params = {name: p.double() for name, p in params.items()}
    torch.testing.assert_close(model.logits(params, X), network(X))


def test_below_the_limit_that_is_named_the_loss_falls_at_every_update() -> None:
    """L ≤ λmax(XᵀX)/(2n) (Böhning 1992), so that 2/L is at least 4n/λmax."""
    words = ("problem=digits", "problem.labels=digit", "problem.n_train=300", "dtype=float64")
    config = compose(*words, "device=cpu", "optimizer.lr=1000")
    experiment = build([config], torch.Size(()))
    target = experiment.objective
    said = limit_in_words(target, config)
    assert said is not None
    assert "4n/λmax(XᵀX)" in said
    limit = float(said.rpartition("= ")[2])
    assert isinstance(target, Classification)
    largest = float(torch.linalg.matrix_norm(target.data.train.X, 2)) ** 2
    assert limit == pytest.approx(4 * 300 / largest, rel=1e-2)
    params, losses = experiment.params, []
    for _ in range(100):
        loss, grads = target.loss_and_gradient(params)
        losses.append(float(loss))
        params = {name: p - 0.99 * limit * grads[name] for name, p in params.items()}
    assert losses == sorted(losses, reverse=True)


def test_the_lecture_states_no_accuracy_for_ten_classes() -> None:
    assert stated_accuracy(compose("problem=mnist")) == 0.873
    assert stated_accuracy(compose("problem=mnist", "problem.labels=digit")) is None


def test_images_of_ten_classes_train_with_every_gradient_to_the_same_numbers(
    cli: Cli, tmp_path: Path
) -> None:
    words = ("problem.labels=digit", "model=mlp", "steps=20", "dtype=float64", "figures=false")
    for gradient in ("manual", "backward", "autograd_grad"):
        done = cli(*words, f"gradient={gradient}", f"hydra.run.dir={gradient}")
        assert (done.returncode, done.stderr) == (0, "")
        assert "digits, ten classes · relu_mlp" in done.stdout
    finals = [
        json.loads((tmp_path / gradient / "summary.json").read_text())["final"]
        for gradient in ("manual", "backward", "autograd_grad")
    ]
    assert finals[0]["train_loss"] < math.log(10)
    for other in finals[1:]:
        a, b = (torch.tensor(list(one.values()), dtype=torch.float64) for one in (finals[0], other))
        assert relative(a, b) < 1e-12
