"""Compiled updates by minibatches against those that torch makes, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from cases import batch, objective, relative, rule_named, start
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.core import NEVER, Model, Objective, Optimizer, Params, Sampled
from stat4830_grad.data import Part, Split
from stat4830_grad.data.pixels import Pixels
from stat4830_grad.gradients.methods import backward, manual
from stat4830_grad.problems import Classification
from stat4830_grad.problems.likelihoods import likelihood_of
from stat4830_grad.problems.models import MLP, RELU, TANH, Logistic
from stat4830_grad.training.compiled import Compiled, compiled_stepper
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.minibatches import Minibatches, Sampling
from stat4830_grad.training.steppers import Eager, Parts, Stepper, StepState, tensors

MODELS = ("logistic", "logistic_bias", "relu_mlp", "deep_relu_mlp", "deep_tanh_mlp")
NAMES = (*MODELS, "softmax", "softmax_bias", "softmax_deep_tanh_mlp", "least_squares")
RULES = [
    *(("gd", dtype) for dtype in (torch.float32, torch.float64)),
    *((rule, torch.float32) for rule in ("momentum", "adam")),
    *((rule, torch.float64) for rule in ("nesterov", "gd_cosine")),
]
"""With both dtypes for one, as each pair is a function of its own to compile."""
ENOUGH = 10**6


def images(model: Model, classes: int, dtype: torch.dtype) -> Classification:
    """23 images of 70 pixels, of which most are black and some all black, as bytes."""
    generator = torch.Generator().manual_seed(5)
    stored = torch.randint(0, 256, (23, 70), generator=generator, dtype=torch.uint8)
    stored[torch.rand(stored.shape, generator=generator) < 0.7] = 0
    stored[4] = 0
    y = torch.randint(0, classes, (23,), generator=generator)
    part = Part(Pixels(stored, 0.13, 0.31, dtype), y.to(dtype) if classes == 2 else y)
    return Classification(model, Split("images", part, None, None), likelihood_of(classes))


def parts_of(target: Objective, rule: Optimizer, lr: Tensor, size: int = 5) -> Parts:
    assert isinstance(target, Sampled)
    minibatches = Minibatches(target, Sampling(size, seed=3), torch.device("cpu"))
    return Parts(target, manual, rule, lr, minibatches)


def begun(parts: Parts, params: Params) -> StepState:
    state = begin(params, parts.optimizer, parts.lr.shape)
    return StepState(state.params, state.optimizer, state.diverged_at)


def compiled(parts: Parts, state: StepState, t: int = 0) -> Compiled:
    make = compiled_stepper(parts, t, ENOUGH)
    assert make is not None
    stepper = make(parts, state, t)
    assert isinstance(stepper, Compiled)
    return stepper


def led(stepper: Stepper, end: int, t: int = 0) -> list[Tensor]:
    """All that `end` updates lead to, the gradients among it; past divergences."""
    while t < end:
        t = stepper.advance(t, end, lambda: False)
    return [*tensors(stepper.state), *stepper.grads.values()]


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_goes_where_torch_goes_and_each_run_where_it_goes_alone(name: str) -> None:
    target, lr = objective(name), torch.tensor([0.02, 0.3, 0.1], dtype=torch.float64)
    params = batch(target, [0, 1, 2])
    parts = parts_of(target, optimizers.gd(), lr / (50 if name == "least_squares" else 1))
    alone = parts_of(target, optimizers.gd(), parts.lr[1])
    one = {parameter: p[1] for parameter, p in params.items()}
    eager, together = Eager(parts, begun(parts, params), 0), compiled(parts, begun(parts, params))
    single = compiled(alone, begun(alone, one))
    for end, t in ((0, 0), (1, 0), (8, 1)):  # an epoch of 12 samples ends with two
        found, wanted = led(together, end, t), led(eager, end, t)
        for a, b, c in zip(found, led(single, end, t), wanted, strict=True):
            assert torch.equal(a[1], b)
            assert relative(a.double(), c.double()) < 1e-11


@pytest.mark.parametrize(("rule", "dtype"), RULES)
@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_every_rule_on_bytes_goes_where_torch_goes(
    kind: str, rule: str, dtype: torch.dtype
) -> None:
    target = images(Logistic() if kind == "logistic" else MLP((6,), RELU), 2, dtype)
    params, lr = start(target, 0, dtype), torch.tensor(0.01, dtype=dtype)
    parts = parts_of(target, rule_named(rule, params, lr), lr, size=7)
    eager, stepper = Eager(parts, begun(parts, params), 0), compiled(parts, begun(parts, params))
    for found, wanted in zip(led(stepper, 9), led(eager, 9), strict=True):
        assert relative(found.double(), wanted.double()) < 2e4 * torch.finfo(dtype).eps


@pytest.mark.parametrize("classes", [2, 10])
def test_a_run_that_is_cut_goes_on_with_the_same_bits(classes: int) -> None:
    dtype = torch.float32
    target = images(MLP((6, 5), TANH, likelihood_of(classes).outputs), classes, dtype)
    params, lr = batch(target, [0, 1], dtype), torch.tensor([0.001, 0.01])
    parts = parts_of(target, rule_named("adam", params, lr, [0.9, 0.8]), lr, size=7)
    wanted, t = led(compiled(parts, begun(parts, params)), 23), 0
    cut = compiled(parts, begun(parts, params))
    for end in (1, 4, 11, 23):  # the fourth minibatch is the last of its epoch
        led(cut, end, t)
        cut, t = compiled(parts, cut.state, end), end
    assert all(map(torch.equal, led(cut, 23, 23), wanted))


def test_a_run_that_diverges_is_found_at_its_update_and_leaves_the_others() -> None:
    target, lr = objective("least_squares"), torch.tensor([1e-3, 3.0, 40.0, 2e-3]).double()
    params = batch(target, [0, 1, 2, 3])
    parts = parts_of(target, optimizers.gd(), lr)
    eager, stepper = Eager(parts, begun(parts, params), 0), compiled(parts, begun(parts, params))
    first = stepper.advance(0, 1000, lambda: False)
    assert first == eager.advance(0, 1000, lambda: False)
    led(stepper, 1000, first), led(eager, 1000, first)
    ended = stepper.state.diverged_at
    assert torch.equal(ended, eager.state.diverged_at)
    assert len(set(ended.tolist()) - {NEVER}) == 2
    for row in (0, 3):
        assert relative(stepper.state.params["w"][row], eager.state.params["w"][row]) < 1e-9


def test_it_stops_after_a_call() -> None:
    target = objective("logistic")
    parts = parts_of(target, optimizers.gd(), torch.tensor(0.1, dtype=torch.float64))
    stepper = compiled(parts, begun(parts, start(target, 0)))
    assert stepper.advance(0, ENOUGH, lambda: True) < 100


@pytest.mark.parametrize("t", [0, 3, 1000])
def test_the_choice_is_the_configurations_alone(t: int) -> None:
    lr, target = torch.tensor(0.1, dtype=torch.float64), objective("relu_mlp")
    by_hand = parts_of(target, optimizers.gd(), lr)
    assert compiled_stepper(by_hand, t, t + 1) is not None
    by_torch = Parts(target, backward, optimizers.gd(), lr, by_hand.minibatches)
    assert compiled_stepper(by_torch, t, ENOUGH) is None
    assert compiled_stepper(parts_of(target, optimizers.TorchSGD(), lr), t, ENOUGH) is None
    unknown = replace(TANH, name="another", value=torch.sin)
    other_model = images(MLP((6,), unknown), 2, torch.float64)
    assert compiled_stepper(parts_of(other_model, optimizers.gd(), lr), t, ENOUGH) is None
    for other in ("ridge", "tanh_mlp_l2", "file_model"):
        assert compiled_stepper(parts_of(objective(other), optimizers.gd(), lr), t, ENOUGH) is None
