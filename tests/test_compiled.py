"""Compiled stretches against the loop that torch makes, update by update."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cases import batch, objective, relative, rule_named, start
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.compiled.arrays import Arrays
from stat4830_grad.compiled.compilation import compiled
from stat4830_grad.compiled.numbers import Numbers
from stat4830_grad.compiled.stretches import Code, Compilable
from stat4830_grad.config.composing import compose
from stat4830_grad.config.formula import parse
from stat4830_grad.config.formula_tree import Call, Name, Number
from stat4830_grad.core import NEVER, Objective, Optimizer, Params, State
from stat4830_grad.gradients.methods import manual
from stat4830_grad.optimizers import rule_code
from stat4830_grad.optimizers.schedules import FACTORS, Shape
from stat4830_grad.problems import Formula, LeastSquares, Polynomial
from stat4830_grad.training.checkpoint import load_checkpoint
from stat4830_grad.training.compiled import Compiled, compiled_stepper
from stat4830_grad.training.experiment import build
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


@pytest.mark.parametrize(
    ("rule", "dtype", "runs"),
    [
        *((rule, torch.float32, 3) for rule in ("momentum", "adam", "inverse", "cosine")),
        *((rule, torch.float64, 0) for rule in ("gd", "nesterov", "constant", "inverse_sqrt")),
        ("gd", torch.float32, 0),
        ("momentum", torch.float64, 3),
    ],
)
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


@pytest.mark.parametrize("runs", [0, 70])
def test_a_formula_of_plain_operations_is_rounded_as_torch_rounds_it(runs: int) -> None:
    target = typed(RATIONAL)
    params = batch(target, [*range(runs)]) if runs else start(target, 0)
    code = code_of(target)
    assert code.exact
    eager, compiled = steppers(target, "nesterov", params, step_sizes(runs, torch.float64), code)
    assert all(map(torch.equal, led(compiled, 41), led(eager, 41)))


def test_every_function_of_a_formula_is_torchs_but_for_last_bits() -> None:
    target, dtype = typed(EVERYTHING), torch.float32
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


@pytest.mark.parametrize("rule", ["adam", "inverse"])
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


@pytest.mark.parametrize("rule", ["adam", "cosine"])
def test_a_run_that_is_cut_goes_on_with_the_same_bits(rule: str) -> None:
    cubic = objective("polynomial")
    params, lr = batch(cubic, [0, 1, 2], torch.float32), step_sizes(3, torch.float32)
    _, whole = steppers(cubic, rule, params, lr, code_of(cubic))
    _, begun = steppers(cubic, rule, params, lr, code_of(cubic))
    led(begun, 17)
    how = rule_code(optimizer := rule_of(rule, params, lr))
    assert how is not None
    parts = Parts(cubic, manual, optimizer, lr)
    resumed = Compiled(code_of(cubic), how, parts, begun.state, 17)
    assert all(map(torch.equal, led(resumed, 41, 17), led(whole, 41)))


class Counted(Polynomial):
    """x⁴/4, which compiled code makes from the seventh update on; counts those that torch makes."""

    torchs = 0

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        type(self).torchs += 1
        return super().loss_and_gradient(params)

    def code(self) -> Numbers:
        return replace(super().code(), begins=7)


def test_which_code_makes_an_update_depends_neither_on_the_cut_nor_on_the_steps() -> None:
    experiment = build([compose("problem=polynomial", "gradient=manual")], torch.Size(()))
    quartic = replace(experiment, objective=Counted((0.25, 0.0, 0.0, 0.0, 0.0), x0=1.3))

    def run(state: State, steps: int) -> tuple[State, dict[int, list[float]]]:
        rows = {}
        for now, record in quartic.train(state, steps=steps, due=lambda _: True):
            rows[record.updates] = [float(value) for value in record.values.values()]
            state = now
        return state, rows

    Counted.torchs = 0
    _, whole = run(quartic.start(), 40)
    assert 8 <= Counted.torchs <= 10  # at the start, seven updates, and what comes before the clock
    for cut in (3, 7, 8, 20):
        halfway, first = run(quartic.start(), cut)
        _, second = run(halfway, 40)
        assert first | second == whole


@pytest.mark.parametrize(
    ("words", "steps", "expected"),
    [
        ((), 1_000_000, "Compiled"),
        ((), 100, None),
        (("optimizer=adam",), 1_000_000, "EagerFirst"),
        (("optimizer=adam",), 100, None),
        (("problem.coefficients=[1,0,0,0,0]",), 1_000_000, "EagerFirst"),
        (("optimizer.schedule=inverse",), 1_000_000, "Compiled"),
        (("optimizer=torch_sgd",), 1_000_000, None),
        (("gradient=backward",), 1_000_000, None),
    ],
)
def test_compiled_code_is_taken_where_there_is_some_and_it_pays(
    words: tuple[str, ...], steps: int, expected: str | None
) -> None:
    job = compose("problem=polynomial", "device=cpu", "gradient=manual", *words)
    one = build([job], torch.Size(()))
    parts = Parts(one.objective, one.gradient, one.optimizer, one.lr)
    made = compiled_stepper(parts, 0, steps)
    assert (made.func.__name__ if isinstance(made, partial) else made) == expected


def test_a_loss_that_is_infinite_for_one_update_alone_is_found_there() -> None:
    """x goes down by 1 from 10, and the loss is 1/x."""
    loss = Call("divide", (Number(1), Name("x")))
    cubic, lr = objective("polynomial"), torch.ones(3)
    x = torch.tensor([10.5, 10.0, 30.5])
    _, compiled = steppers(cubic, "gd", {"x": x}, lr, Numbers(loss, {"x": Number(1)}))
    assert led(compiled, 25) is not None
    assert compiled.state.diverged_at.tolist() == [NEVER, 10, NEVER]
    assert compiled.state.params["x"].tolist() == [-14.5, -15.0, 5.5]


CHAOTIC = ("problem=polynomial", "problem.x0=-0.95", "gradient=manual", "optimizer.lr=0.49")
"""x never settles, so that a last bit that differs soon is a first one; the loss stays below its
first."""
WORDS = (*CHAOTIC, "figures=false", "log.every=10000000")


def test_a_long_stretch_asks_often_whether_to_stop_and_ends_after_a_whole_update() -> None:
    experiment = build([compose(*CHAOTIC)], torch.Size(()))
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.thread_time())
        return asked[-1] - asked[0] > 0.3

    run = partial(experiment.train, due=lambda t: t == 0, following=lambda t: 10**12)
    *_, (end, record) = run(experiment.start(), steps=10**12, stop=stop)
    assert record.reason == "stopped"
    assert end.updates > 10**6
    assert max(b - a for a, b in pairwise(asked[1:])) < 0.1  # the first call may compile
    *_, (again, _) = run(experiment.start(), steps=end.updates)
    assert torch.equal(again.params["x"], end.params["x"])


def test_a_signal_ends_a_long_run_at_once_where_a_whole_number_of_updates_led(
    tmp_path: Path,
) -> None:
    asked = [*WORDS, "steps=1000000000000", "hydra.run.dir=cut"]
    command = [sys.executable, "-m", "stat4830_grad", *asked]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as run:
        log, deadline = tmp_path / "cut" / "metrics.csv", time.monotonic() + 120
        while not (log.exists() and log.read_text().count("\n") > 3):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 130
    checkpoint = tmp_path / "cut" / "checkpoint.pt"
    stopped = load_checkpoint(checkpoint, torch.device("cpu")).state
    updates = stopped.updates
    assert updates % 10_000_000 > 1  # not where a row is due
    whole = build([compose(*CHAOTIC)], torch.Size(()))
    due, following = lambda t: t == updates, lambda t: updates
    *_, (end, _) = whole.train(whole.start(), steps=updates, due=due, following=following)
    assert torch.equal(end.params["x"], stopped.params["x"])
