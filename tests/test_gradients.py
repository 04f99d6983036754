"""The three gradients agree with each other, with differences, and row by row."""

from __future__ import annotations

import itertools

import pytest
import torch
from cases import NAMES, batch, objective, relative, start

from stat4830_grad.core import Params
from stat4830_grad.gradients.methods import GRADIENTS, autograd_grad_of, backward_of
from stat4830_grad.problems import Polynomial


@pytest.mark.parametrize("name", NAMES)
def test_the_three_gradients_agree_in_float64(name: str) -> None:
    target = objective(name)
    params = start(target, seed=0)
    results = [gradient(target, params) for gradient in GRADIENTS.values()]
    for (loss, grads), (other_loss, other) in itertools.combinations(results, 2):
        assert relative(loss, other_loss) < 1e-12
        assert grads.keys() == other.keys() == params.keys()
        for parameter in params:
            assert grads[parameter].shape == params[parameter].shape
            assert relative(grads[parameter], other[parameter]) < 1e-10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", GRADIENTS)
def test_gradients_match_central_differences_along_random_directions(
    name: str, method: str
) -> None:
    target = objective(name)
    params = start(target, seed=1)
    _, grads = GRADIENTS[method](target, params)
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        v = {k: torch.randn(p.shape, generator=generator).to(p) for k, p in params.items()}
        h = 1e-6
        above = target.loss({k: p + h * v[k] for k, p in params.items()})
        below = target.loss({k: p - h * v[k] for k, p in params.items()})
        slope = sum((grads[k] * v[k]).sum() for k in params)
        assert float((above - below) / (2 * h)) == pytest.approx(float(slope), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", GRADIENTS)
def test_row_k_of_a_batch_is_the_single_run(name: str, method: str) -> None:
    target = objective(name)
    together = batch(target, [0, 1, 2])
    loss, grads = GRADIENTS[method](target, together)
    metrics = target.metrics(together)
    assert loss.shape == (3,)
    for k in range(3):
        alone = {parameter: p[k] for parameter, p in together.items()}
        loss_k, grads_k = GRADIENTS[method](target, alone)
        assert relative(loss[k], loss_k) < 1e-12
        for parameter in alone:
            assert relative(grads[parameter][k], grads_k[parameter]) < 1e-12
        for column, value in target.metrics(alone).items():
            assert relative(metrics[column][k], value) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_two_leading_dimensions_are_as_good_as_one(name: str) -> None:
    target = objective(name)
    flat = batch(target, [0, 1, 2, 3, 4, 5])
    square = {parameter: p.reshape(2, 3, *p.shape[1:]) for parameter, p in flat.items()}
    for gradient in GRADIENTS.values():
        loss, grads = gradient(target, flat)
        loss2, grads2 = gradient(target, square)
        assert loss2.shape == (2, 3)
        assert relative(loss2.flatten(), loss) < 1e-12
        for parameter in flat:
            assert relative(grads2[parameter].flatten(0, 1), grads[parameter]) < 1e-12


@pytest.mark.parametrize("method", GRADIENTS)
def test_an_infinite_row_leaves_the_others_as_they_were(method: str) -> None:
    target = objective("tanh_mlp")
    params = batch(target, [0, 1, 2])
    _, before = GRADIENTS[method](target, params)
    params["w1"][1] = torch.inf
    _, after = GRADIENTS[method](target, params)
    for parameter in params:
        for k in (0, 2):
            assert torch.equal(before[parameter][k], after[parameter][k])


@pytest.mark.parametrize("method", GRADIENTS)
def test_no_gradient_keeps_a_graph_or_touches_the_parameters(method: str) -> None:
    target = objective("relu_mlp")
    params = start(target, seed=0)
    before = {parameter: p.clone() for parameter, p in params.items()}
    loss, grads = GRADIENTS[method](target, params)
    assert not loss.requires_grad
    assert not any(g.requires_grad for g in grads.values())
    assert all(torch.equal(params[p], before[p]) and params[p].grad is None for p in params)


@pytest.mark.parametrize("method", GRADIENTS)
def test_the_lectures_polynomial_has_its_values(method: str) -> None:
    target = Polynomial((1.0, 0.0, -3.0, 0.0), x0=1.0)
    x = torch.tensor([1.0, -1.0, 0.0, 2.0], dtype=torch.float64)
    loss, grads = GRADIENTS[method](target, {"x": x})
    assert loss.tolist() == [-2.0, 2.0, 0.0, 2.0]
    assert grads["x"].tolist() == [0.0, 0.0, -3.0, 9.0]


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_parameter_the_loss_does_not_reach_has_gradient_zero(method: str) -> None:
    class Half(Polynomial):
        """f = ½ x², which forgets about b."""

        def init(self, generator: torch.Generator) -> Params:
            return {**super().init(generator), "b": torch.tensor(4.0)}

        def loss_and_gradient(self, params: Params) -> tuple[torch.Tensor, Params]:
            loss, grads = super().loss_and_gradient(params)
            return loss, {**grads, "b": torch.zeros_like(params["b"])}

    target = Half((0.5, 0.0, 0.0), x0=3.0)
    _, grads = GRADIENTS[method](target, target.init(torch.Generator()))
    assert (float(grads["x"]), float(grads["b"])) == (3.0, 0.0)


@pytest.mark.parametrize("method", ["backward", "autograd_grad"])
def test_what_the_loss_does_not_depend_on_has_a_gradient_of_zeros(method: str) -> None:
    function = {"backward": backward_of, "autograd_grad": autograd_grad_of}[method]
    params = {"x": torch.tensor([1.0, 2.0]), "unused": torch.ones(2, 3)}
    loss, grads = function(lambda p: p["x"] ** 2, params)
    assert torch.equal(loss, torch.tensor([1.0, 4.0]))
    assert torch.equal(grads["x"], torch.tensor([2.0, 4.0]))
    assert torch.equal(grads["unused"], torch.zeros(2, 3))
    assert not any(value.requires_grad for value in (loss, *grads.values()))
