"""Kernels that make whole updates: least squares in one pass, logistic regression on images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from cases import relative
from numba import set_num_threads
from test_compiled import RULES, code_of, led, step_sizes, steppers
from torch import Tensor

from stat4830_grad import problems
from stat4830_grad.compiled.arrays import Arrays
from stat4830_grad.core import NEVER, Params
from stat4830_grad.data import Part, Split
from stat4830_grad.data.pixels import Pixels
from stat4830_grad.problems import Classification, LeastSquares
from stat4830_grad.problems.likelihoods import likelihood_of
from stat4830_grad.problems.models import MLP, RELU, Logistic


def least_squares(n: int, p: int, dtype: torch.dtype, penalty: Tensor | None) -> LeastSquares:
    """Drawn data, whose first weight a penalty leaves out."""
    generator = torch.Generator().manual_seed(n + p)
    X = torch.randn(n, p, generator=generator, dtype=torch.float64).to(dtype)
    y = torch.randn(n, generator=generator, dtype=torch.float64).to(dtype)
    made = LeastSquares(X, y, y.new_zeros(p), ones_first=True)
    return made if penalty is None else made.penalised(penalty.to(dtype))


def images(n: int, bias: bool, dtype: torch.dtype, penalty: Tensor | None) -> Classification:
    """Logistic regression on n images of 30 pixels, of which two are black in all of them."""
    generator = torch.Generator().manual_seed(n)
    stored = torch.randint(0, 256, (n, 30), generator=generator, dtype=torch.uint8)
    stored[torch.rand(n, 30, generator=generator) < 0.7] = 0
    stored[:, 3:5] = 0
    part = Part(Pixels(stored, 0.13, 0.31, dtype), (torch.arange(n) % 3 == 0).to(dtype))
    data = Split("made", part, None, None, "")
    made = Classification(Logistic(bias), data, likelihood_of(2, compiled=True))
    return made if penalty is None else made.penalised(penalty.to(dtype))


DATA: dict[str, Callable[[torch.dtype, Tensor | None], LeastSquares | Classification]] = {
    "one number": lambda dtype, penalty: least_squares(1, 1, dtype, penalty),
    "a block": lambda dtype, penalty: least_squares(64, 3, dtype, penalty),
    "two groups": lambda dtype, penalty: least_squares(1100, 7, dtype, penalty),
    "one image": lambda dtype, penalty: images(1, True, dtype, penalty),
    "images": lambda dtype, penalty: images(1100, False, dtype, penalty),
    "images, bias": lambda dtype, penalty: images(100, True, dtype, penalty),
}
SMALL_STEPS = 1e-4


def drawn(target: LeastSquares | Classification, runs: int, dtype: torch.dtype) -> Params:
    """Weights of a run, or of so many."""
    of_one = target.init(torch.Generator().manual_seed(0))
    generator, lead = torch.Generator().manual_seed(5), (runs,) if runs else ()
    return {
        n: torch.randn((*lead, *p.shape), generator=generator).to(dtype) for n, p in of_one.items()
    }


@pytest.mark.parametrize("strength", [None, 0.3, [0.0, 0.5, 2.0]])
@pytest.mark.parametrize("runs", [0, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", DATA)
def test_a_kernel_has_the_gradient_of_the_formula(
    name: str, dtype: torch.dtype, runs: int, strength: float | list[float] | None
) -> None:
    if isinstance(strength, list) and not runs:
        strength = strength[-1]
    target = DATA[name](dtype, None if strength is None else torch.tensor(strength))
    lr = step_sizes(runs, dtype) * SMALL_STEPS
    eager, compiled = steppers(target, "gd", drawn(target, runs, dtype), lr, code_of(target))
    for found, wanted in zip(led(compiled, 3), led(eager, 3), strict=True):
        assert relative(found.double(), wanted.double()) <= 200 * torch.finfo(dtype).eps


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["two groups", "images, bias"])
def test_a_kernel_goes_where_torch_goes_with_every_rule(name: str, rule: str) -> None:
    target = DATA[name](torch.float64, None)
    params, lr = drawn(target, 3, torch.float64), step_sizes(3, torch.float64) * SMALL_STEPS
    eager, together = steppers(target, rule, params, lr, code_of(target))
    one = {name: p[1] for name, p in params.items()}
    _, alone = steppers(target, rule, one, lr[1], code_of(target))
    ends = zip(led(together, 20), led(alone, 20), led(eager, 20), strict=True)
    for found, single, wanted in ends:
        assert torch.equal(found[1], single)
        assert relative(found.double(), wanted.double()) <= 1e-12


@pytest.mark.parametrize("bad", [torch.inf, -torch.inf, torch.nan])
@pytest.mark.parametrize("name", ["two groups", "images"])
def test_a_run_that_is_not_finite_leaves_the_others_their_bits(name: str, bad: float) -> None:
    target = DATA[name](torch.float32, None)
    params, lr = drawn(target, 5, torch.float32), step_sizes(5, torch.float32) * SMALL_STEPS
    _, sound = steppers(target, "gd", params, lr, code_of(target))
    spoiled = {name: p.clone() for name, p in params.items()}
    spoiled["w"][2, 6] = bad
    _, found = steppers(target, "gd", spoiled, lr, code_of(target))
    others = [0, 1, 3, 4]
    for a, b in zip(led(found, 7), led(sound, 7), strict=True):
        assert torch.equal(a[others], b[others])
    assert found.state.diverged_at.tolist() == [NEVER, NEVER, 0, NEVER, NEVER]


def test_the_number_of_threads_changes_no_bit_of_a_kernel() -> None:
    for name in ("two groups", "images, bias"):
        code = code_of(DATA[name](torch.float32, None))
        assert isinstance(code, Arrays)
        w = drawn(DATA[name](torch.float32, None), 3, torch.float32)
        ends = []
        for threads in (1, 2):
            set_num_threads(threads)
            params = tuple(w[part].reshape(3, -1).numpy() for part in code.names)
            grads = tuple(np.empty_like(p) for p in params)
            code.evaluate(params, grads, np.empty(3, np.float32), code.data)
            ends.append(grads)
        assert all((one == two).all() for one, two in zip(*ends, strict=True))


def test_large_data_are_not_kept_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    target = least_squares(64, 3, torch.float32, None)
    monkeypatch.setattr(problems.least_squares, "LARGE", 64 * 3 * 4)
    assert target.code() is not None
    monkeypatch.setattr(problems.least_squares, "LARGE", 64 * 3 * 4 - 1)
    assert target.code() is None


@pytest.mark.parametrize("strength", [None, [0.0, 0.5, 1.0, 1.5, 2.0]])
def test_a_batch_of_networks_in_parts_has_the_gradients_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, strength: list[float] | None
) -> None:
    data = images(40, False, torch.float64, None).data
    target = Classification(MLP((7,), RELU), data, likelihood_of(2, compiled=True))
    whole = target if strength is None else target.penalised(torch.tensor(strength).double())
    params = drawn(whole, 5, torch.float64)
    loss, grads = whole.loss_and_gradient(params)
    monkeypatch.setattr(problems.classification, "NEAR", 2 * 40 * 8)
    in_parts, each = whole.loss_and_gradient(params)
    assert relative(in_parts, loss) <= 1e-13
    assert all(relative(each[name], grads[name]) <= 1e-13 for name in grads)
