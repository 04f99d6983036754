"""Pinned values: a wrong function can have a right gradient."""

from __future__ import annotations

import math

import pytest
import torch
from cases import objective, split
from torch import nn

from stat4830_grad.core import Params
from stat4830_grad.problems import Classification, Composite, LeastSquares, Polynomial, minimiser
from stat4830_grad.problems.likelihoods import Binary
from stat4830_grad.problems.models import MLP, RELU, TANH, Activation, Logistic


def test_a_polynomial_is_evaluated_highest_power_first() -> None:
    target = Polynomial((2.0, 0.0, -1.0, 5.0), x0=0.0)  # 2x³ − x + 5
    assert float(target.loss({"x": torch.tensor(3.0)})) == 2 * 27 - 3 + 5


def test_least_squares_is_half_the_sum_of_squares() -> None:
    X = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    y = torch.tensor([1.0, 2.0])
    target = LeastSquares(X, y, minimiser(X, y))
    loss, grads = target.loss_and_gradient({"w": torch.tensor([3.0, -1.0])})
    assert float(loss) == 0.5 * (2**2 + 4**2)
    assert grads["w"].tolist() == [2.0, -8.0]
    assert target.minimiser.tolist() == pytest.approx([1.0, 1.0])
    assert float(target.metrics({"w": torch.tensor([1.0, 3.0])})["distance"]) == pytest.approx(2.0)


def test_the_minimiser_of_rank_deficient_data_is_that_of_least_norm() -> None:
    X = torch.tensor([[1.0, 1.0]])
    assert minimiser(X, torch.tensor([2.0])).tolist() == pytest.approx([1.0, 1.0])


def test_the_composite_is_the_lectures_formula() -> None:
    target = objective("composite")
    assert isinstance(target, Composite)
    p = target.init(torch.Generator().manual_seed(0))
    p = {name: value.double() for name, value in p.items()}
    hidden = torch.relu(p["w1"] @ p["x"] + p["b1"])
    out = torch.tanh(p["w2"] @ hidden + p["b2"])
    assert float(target.loss(p)) == pytest.approx(0.5 * float((out - target.y).norm()) ** 2)


def test_cross_entropy_is_the_mean_over_samples() -> None:
    target = Classification(Logistic(), split(torch.float64))
    zero = {"w": torch.zeros(9, dtype=torch.float64)}
    assert float(target.loss(zero)) == pytest.approx(math.log(2))
    X, y = target.data.train.X, target.data.train.y
    w = torch.linspace(-1, 1, 9, dtype=torch.float64)
    probability = torch.sigmoid(X @ w)
    by_hand = -(y * probability.log() + (1 - y) * (1 - probability).log()).mean()
    assert float(target.loss({"w": w})) == pytest.approx(float(by_hand), rel=1e-12)


def test_cross_entropy_of_huge_logits_is_finite() -> None:
    target = Classification(Logistic(), split(torch.float32))
    loss, grads = target.loss_and_gradient({"w": torch.full((9,), 1e4)})
    assert loss.isfinite()
    assert grads["w"].isfinite().all()


def test_accuracy_counts_the_right_side_of_zero() -> None:
    z = torch.tensor([[1.0, -1.0, 2.0, -2.0], [-1.0, 1.0, -2.0, 2.0]])
    assert Binary().accuracy(z, torch.tensor([1.0, 0.0, 0.0, 0.0])).tolist() == [0.75, 0.25]


def as_modules(model: MLP, params: Params) -> nn.Sequential:
    """The same network of torch.nn, with these parameters."""
    sizes = (params["w1"].shape[1], *model.hidden, 1)
    layers: list[nn.Module] = []
    for i in range(1, len(sizes)):
        layer = nn.Linear(sizes[i - 1], sizes[i], dtype=torch.float64)
        layer.weight.data, layer.bias.data = params[f"w{i}"], params[f"b{i}"]
        layers += [layer, nn.Tanh() if model.activation is TANH else nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("activation", [TANH, RELU], ids=["tanh", "relu"])
def test_an_mlp_is_the_network_of_torch_nn(activation: Activation) -> None:
    model = MLP((7, 5), activation)
    params = model.init(torch.Generator().manual_seed(1), d=9)
    params = {name: p.double() for name, p in params.items()}
    X = split(torch.float64).train.X
    torch.testing.assert_close(model.logits(params, X), as_modules(model, params)(X).squeeze(-1))


def test_initial_weights_are_the_lectures_draws() -> None:
    """Linear(784, 1, bias=False), then Linear(784, 32) and Linear(32, 1), from one generator."""
    torch.manual_seed(42)
    first, second, third = nn.Linear(784, 1, bias=False), nn.Linear(784, 32), nn.Linear(32, 1)
    generator = torch.Generator().manual_seed(42)
    logistic = Logistic().init(generator, 784)
    network = MLP((32,), RELU).init(generator, 784)
    assert torch.equal(logistic["w"], first.weight.squeeze(0))
    assert torch.equal(network["w1"], second.weight)
    assert torch.equal(network["b1"], second.bias)
    assert torch.equal(network["w2"], third.weight)
    assert torch.equal(network["b2"], third.bias)
