"""Compiled stretches against the loop that torch makes, update by update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cases import batch, objective, relative, rule_named, start
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.compiled.arrays import Arrays
from stat4830_grad.compiled.compilation import compiled
from stat4830_grad.compiled.stretches import Code, Compilable
from stat4830_grad.config.formula import parse
from stat4830_grad.core import NEVER, Objective, Optimizer, Params
from stat4830_grad.gradients.methods import manual
from stat4830_grad.optimizers import rule_code
from stat4830_grad.optimizers.schedules import FACTORS, Shape
from stat4830_grad.problems import Formula, LeastSquares
from stat4830_grad.training.compiled import Compiled
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.steppers import Eager, Parts, Stepper, StepState, tensors

RATIONAL = "(x*y - 1)**2/(1 + y**2) + 3/(2 + x**2) - abs(x)/7 + 0.1*x**3*y**-2"
EVERYTHING = (
    "exp(-x) + expm1(x/9) + log(2+x**2) + log1p(x**2) + log2(3+y**2) + log10(3+y**2) + sqrt(1+x**2)"
    "+ sin(x) + cos(y) + tan(x/9) + asin(x/9) + acos(x/9) + atan(y) + sinh(x) + cosh(y) + tanh(x)"
    "+ sigmoid(x*y) + softplus(x) + relu(y) + abs(x-y) + max(x, y) + min(x, 3*y) + (1+x**2)**y"
)
RULES = ("gd", "momentum", "nesterov", "adam", "constant", "inverse", "inverse_sqrt", "cosine")
EXACT = {"gd", "momentum", "nesterov", "constant", "inverse"}
SHAPES: dict[str, Shape] = {name: name for name in FACTORS}  # of schedules around gd


def typed(text: str) -> Formula:
    return Formula(parse(text).root, {"x": 1.2, "y": 0.5})


def rule_of(name: str, params: Params, lr: Tensor) -> Optimizer:
    """A rule of ours, or gd with a schedule of four updates of warm-up."""
    if name in SHAPES:
        warmup = torch.full_like(lr, 4)
        return optimizers.Scheduled(optimizers.gd(), SHAPES[name], warmup, 30)
    return rule_named(name, params, lr, torch.full_like(lr, 0.9).tolist())


def code_of(target: Objective) -> Code:
    assert isinstance(target, Compilable)
    code = target.code()
    assert code is not None
    return code


def steppers(
    target: Objective, rule: str, params: Params, lr: Tensor, code: Code
) -> tuple[Eager, Compiled]:
    optimizer = rule_of(rule, params, lr)
    begun = begin(params, optimizer, lr.shape)
    state = StepState(begun.params, begun.optimizer, begun.diverged_at)
    parts, how = Parts(target, manual, optimizer, lr), rule_code(optimizer)
    assert how is not None
    return Eager(parts, state, 0), Compiled(code, how, parts, state, 0)


def led(stepper: Stepper, end: int, t: int = 0) -> list[Tensor]:
    """All that `end` updates lead to, the gradients among it; past divergences."""
    while t < end:
        t = stepper.advance(t, end, lambda: False)
    return [*tensors(stepper.state), *stepper.grads.values()]


def step_sizes(runs: int, dtype: torch.dtype) -> Tensor:
    return torch.linspace(0.005, 0.01, runs, dtype=dtype) if runs else torch.tensor(0.01).to(dtype)


@pytest.mark.parametrize(("dtype", "runs"), [(torch.float32, 3), (torch.float64, 0)])
@pytest.mark.parametrize("rule", RULES)
def test_a_polynomial_is_rounded_as_torch_rounds_it(
    rule: str, dtype: torch.dtype, runs: int
) -> None:
    cubic = objective("polynomial")
    params = batch(cubic, [*range(runs)], dtype) if runs else start(cubic, 0, dtype)
    code = code_of(cubic)
    assert code.exact
    eager, compiled = steppers(cubic, rule, params, step_sizes(runs, dtype), code)
    for found, wanted in zip(led(compiled, 41), led(eager, 41), strict=True):
        if rule in EXACT:
            assert torch.equal(found, wanted)
        assert relative(found.double(), wanted.double()) <= 100 * torch.finfo(dtype).eps


@pytest.mark.parametrize("runs", [0, 3, 70])
def test_a_formula_of_plain_operations_is_rounded_as_torch_rounds_it(runs: int) -> None:
    target = typed(RATIONAL)
    params = batch(target, [*range(runs)]) if runs else start(target, 0)
    code = code_of(target)
    assert code.exact
    eager, compiled = steppers(target, "nesterov", params, step_sizes(runs, torch.float64), code)
    assert all(map(torch.equal, led(compiled, 41), led(eager, 41)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_function_of_a_formula_is_torchs_but_for_last_bits(dtype: torch.dtype) -> None:
    target = typed(EVERYTHING)
    params = batch(target, [1, 2], dtype)
    code = code_of(target)
    assert not code.exact
    eager, compiled = steppers(target, "gd", params, step_sizes(2, dtype), code)
    for found, wanted in zip(led(compiled, 20), led(eager, 20), strict=True):
        assert relative(found.double(), wanted.double()) <= 50 * torch.finfo(dtype).eps


def test_a_run_that_diverges_is_found_at_its_update_and_leaves_the_others() -> None:
    lr = torch.full((70,), 0.1)
    x = torch.linspace(-2.4, 1.9, 70)
    cubic = objective("polynomial")
    eager, compiled = steppers(cubic, "gd", {"x": x}, lr, code_of(cubic))
    t = compiled.advance(0, 1000, lambda: False)
    assert t == eager.advance(0, 1000, lambda: False)
    assert all(map(torch.equal, tensors(compiled.state)[1:], tensors(eager.state)[1:]))
    ends = zip(led(compiled, 1000, t), led(eager, 1000, t), strict=True)
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in ends)
    assert len(set(eager.state.diverged_at.tolist()) - {NEVER}) > 3  # at different updates


@compiled
def residuals(params: Any, grads: Any, losses: Any, data: Any) -> None:
    """½‖Xw − y‖² and its gradient."""
    X, y = data
    for k in range(len(losses)):
        w, slope = params[0][k], grads[0][k]
        losses[k], slope[:] = 0, 0
        for i in range(len(y)):
            error = -y[i]
            for j in range(len(w)):
                error += X[i, j] * w[j]
            losses[k] += 0.5 * error * error
            for j in range(len(w)):
                slope[j] += error * X[i, j]


@pytest.mark.parametrize("rule", ["gd", "adam", "inverse"])
def test_a_kernel_of_arrays_goes_where_torch_goes(rule: str) -> None:
    target = objective("least_squares")
    assert isinstance(target, LeastSquares)
    code = Arrays(("w",), residuals, (np.asarray(target.X), target.y.numpy()))
    params, lr = batch(target, [0, 1, 2]), step_sizes(3, torch.float64)
    one = {name: p[1] for name, p in params.items()}
    eager, together = steppers(target, rule, params, lr, code)
    _, alone = steppers(target, rule, one, lr[1], code)
    found = led(together, 20)
    for a, b, wanted in zip(found, led(alone, 20), led(eager, 20), strict=True):
        assert torch.equal(a[1], b)
        assert relative(a.double(), wanted.double()) <= 1e-12
