"""The loop: which rows come, when it ends, and that nothing depends on who else is in the batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from cases import OURS, RULES, batch, objective, rule_named, start
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.config.composing import compose
from stat4830_grad.core import NEVER, Params, Record, State
from stat4830_grad.gradients.methods import GRADIENTS, backward, manual
from stat4830_grad.problems import Polynomial
from stat4830_grad.system.errors import DataError
from stat4830_grad.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from stat4830_grad.training.experiment import build
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.loop import train
from stat4830_grad.training.steppers import WARM_UP, Eager, Parts, Replayed

ANYWHERE, ANY_SIZE = {"x": torch.tensor(1.0)}, torch.tensor(0.1)
CAPTURABLE = [name for name in RULES if rule_named(name, ANYWHERE, ANY_SIZE).capturable]
CHOICES = [
    *(f"optimizer={name}" for name in OURS),
    *(f"optimizer={name} optimizer.schedule=cosine" for name in ("adam", "torch_sgd")),
]
"""On the command line."""

CUBIC = Polynomial((1.0, 0.0, -3.0, 0.0), x0=2.0)


def always(updates: int) -> bool:
    return True


def cubic(x0: Tensor, lr: Tensor, steps: int, gradient: str = "manual") -> list[Record]:
    rule = optimizers.gd()
    state = begin({"x": x0}, rule, lr.shape)
    run = train(Parts(CUBIC, GRADIENTS[gradient], rule, lr), state, steps=steps, due=always)
    return [record for _, record in run]


def test_row_t_is_the_point_after_t_updates() -> None:
    records = cubic(torch.tensor(2.0).double(), torch.tensor(0.1, dtype=torch.float64), 3)
    x = [2.0]
    for _ in range(3):
        x.append(x[-1] - 0.1 * (3 * x[-1] ** 2 - 3))
    assert [r.updates for r in records] == [0, 1, 2, 3]
    assert [float(r.values["x"]) for r in records] == pytest.approx(x, rel=1e-12)
    assert [float(r.values["loss"]) for r in records] == pytest.approx([v**3 - 3 * v for v in x])
    assert [float(r.values["grad_norm"]) for r in records] == pytest.approx(
        [abs(3 * v**2 - 3) for v in x], abs=1e-12
    )


class SlowAtFirst(Polynomial):
    """Takes half a second when it is first asked for anything, as what has to be compiled does."""

    asked: ClassVar[bool] = False

    def loss(self, params: Params) -> Tensor:
        if not self.asked:
            type(self).asked = True
            time.sleep(0.5)
        return super().loss(params)


def test_what_has_to_be_compiled_does_not_count_as_updating() -> None:
    experiment = build([compose("problem=polynomial")], torch.Size(()))
    slow = replace(experiment, objective=SlowAtFirst((1.0, 0.0, -3.0, 0.0), x0=2.0))
    *_, (_, record) = slow.train(slow.start(), steps=3, due=always)
    assert SlowAtFirst.asked
    assert record.seconds < 0.3


def test_columns_come_in_the_order_of_the_objective() -> None:
    [record, *_] = cubic(torch.tensor(2.0), torch.tensor(0.1), 1)
    assert tuple(record.values) == ("loss", "x", "grad_norm")


@pytest.mark.parametrize("method", GRADIENTS)
def test_divergence_ends_the_run_where_it_happens(method: str) -> None:
    records = cubic(torch.tensor(-2.5), torch.tensor(0.1), 50, method)
    assert records[-1].updates == 7
    assert not records[-1].values["loss"].isfinite()
    assert all(r.values["loss"].isfinite() for r in records[:-1])


def test_a_diverged_row_is_recorded_at_its_update_though_none_is_due_there() -> None:
    rule, lr = optimizers.gd(), torch.tensor([0.1, 0.1])
    state = begin({"x": torch.tensor([2.0, -2.5])}, rule, lr.shape)
    run = list(train(Parts(CUBIC, manual, rule, lr), state, steps=40, due=lambda t: t == 0))
    assert [record.updates for _, record in run] == [0, 7, 40]
    assert run[-1][0].diverged_at.tolist() == [NEVER, 7]


def test_a_diverged_row_leaves_the_others_as_they_were() -> None:
    together = cubic(torch.tensor([2.0, -2.5, 0.5]), torch.tensor([0.1, 0.1, 0.2]), 40)
    without = cubic(torch.tensor([2.0, 0.5]), torch.tensor([0.1, 0.2]), 40)
    last, expected = together[-1], without[-1]
    assert last.updates == expected.updates == 40
    assert torch.equal(last.values["x"][[0, 2]], expected.values["x"])


def test_a_batch_whose_rows_have_all_diverged_ends() -> None:
    records = cubic(torch.tensor([-2.5, -3.0]), torch.tensor([0.1, 0.1]), 1000)
    assert records[-1].updates <= 7


def test_resuming_a_diverged_run_ends_at_once_with_its_last_row() -> None:
    rule, lr = optimizers.gd(), torch.tensor(0.1)
    state = begin({"x": torch.tensor(-2.5)}, rule, lr.shape)
    *_, (end, _) = train(Parts(CUBIC, manual, rule, lr), state, steps=50, due=lambda t: t == 0)
    [(again, record)] = train(Parts(CUBIC, manual, rule, lr), end, steps=50, due=lambda t: t == 0)
    assert (again.updates, int(again.diverged_at), record.updates) == (7, 7, 7)


def test_stop_ends_after_the_current_update_with_a_record() -> None:
    rule, lr = optimizers.gd(), torch.tensor(0.1)
    asked = iter([False] * 5 + [True])
    state = begin({"x": torch.tensor(2.0)}, rule, lr.shape)
    run = train(
        Parts(CUBIC, manual, rule, lr),
        state,
        steps=50,
        due=lambda t: t == 0,
        stop=lambda: next(asked),
    )
    assert [record.updates for _, record in run] == [0, 5]


def test_evaluation_is_left_out_of_the_seconds() -> None:
    class Slow(Polynomial):
        def metrics(self, params: Params) -> dict[str, Tensor]:
            time.sleep(0.05)
            return super().metrics(params)

    rule, lr = optimizers.gd(), torch.tensor(0.1)
    state = begin({"x": torch.tensor(2.0)}, rule, lr.shape)
    slow = Slow((1.0, 0.0, -3.0, 0.0), x0=2.0)
    records = [r for _, r in train(Parts(slow, manual, rule, lr), state, steps=10, due=always)]
    assert records[-1].seconds < 0.25  # 11 evaluations take 0.55 s
    assert [r.seconds for r in records] == sorted(r.seconds for r in records)


def test_the_gradient_at_a_logged_update_is_part_of_the_seconds() -> None:
    class Slow(Polynomial):
        def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
            time.sleep(0.02)
            return super().loss_and_gradient(params)

    rule, lr = optimizers.gd(), torch.tensor(0.1)
    state = begin({"x": torch.tensor(2.0)}, rule, lr.shape)
    slow = Slow((1.0, 0.0, -3.0, 0.0), x0=2.0)
    records = [r for _, r in train(Parts(slow, manual, rule, lr), state, steps=10, due=always)]
    assert records[0].seconds < 0.02  # no update yet
    assert records[-1].seconds >= 10 * 0.02


def again(work: Callable[[], None]) -> Callable[[], None]:
    """What `cuda_graph` does, on the CPU: warm up, then the same work at every replay."""
    for _ in range(WARM_UP):
        work()
    return work


REPLAYED = partial(Replayed, capture=again)


@pytest.mark.parametrize("optimizer", CAPTURABLE)
@pytest.mark.parametrize("method", GRADIENTS)
def test_replayed_updates_are_the_updates_and_leave_what_was_yielded_alone(
    method: str, optimizer: str
) -> None:
    target, lr = objective("relu_mlp"), torch.tensor([0.05, 0.5], dtype=torch.float64)
    ends: list[list[tuple[State, Tensor, Record]]] = []
    for stepper in (Eager, REPLAYED):
        starts = batch(target, [0, 1])
        rule = rule_named(optimizer, starts, lr, beta=[0.9, 0.5])
        state = begin(starts, rule, lr.shape)
        due = {0, 3, 4, 9}.__contains__
        parts = Parts(target, GRADIENTS[method], rule, lr)
        ends.append([])
        for now, record in train(parts, state, steps=12, due=due, stepper=stepper):
            ends[-1].append((now, now.params["w1"].clone(), record))
    for (eager, w1, record), (replayed, again_w1, again_record) in zip(*ends, strict=True):
        assert eager.updates == replayed.updates == record.updates
        assert torch.equal(w1, again_w1)
        assert torch.equal(replayed.params["w1"], again_w1)
        for column, value in record.values.items():
            assert torch.equal(value, again_record.values[column])


def test_a_replayed_run_says_when_each_row_diverged() -> None:
    rule, lr = optimizers.gd(), torch.tensor([0.1, 0.1])
    state = begin({"x": torch.tensor([2.0, -2.5])}, rule, lr.shape)
    due = {0, 30}.__contains__
    *_, (end, _) = train(Parts(CUBIC, manual, rule, lr), state, steps=40, due=due, stepper=REPLAYED)
    assert end.diverged_at.tolist() == [NEVER, 7]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
@pytest.mark.parametrize("optimizer", CHOICES)
@pytest.mark.parametrize("method", GRADIENTS)
def test_a_cuda_graph_gives_what_the_cpu_gives(method: str, optimizer: str) -> None:
    words = ["problem=digits", "model=mlp", "problem.n_train=300", "problem.n_val=50"]
    words += [f"gradient={method}", *optimizer.split(), "dtype=float64", "steps=50"]
    on_cpu, on_cuda = (
        build([compose(*words, f"device={device}")], torch.Size(())) for device in ("cpu", "cuda")
    )
    runs = [e.train(e.start(), steps=50, due=(7).__eq__) for e in (on_cpu, on_cuda)]
    for (cpu, _), (cuda, _) in zip(*runs, strict=True):
        for name, p in cpu.params.items():
            torch.testing.assert_close(cuda.params[name].cpu(), p, rtol=1e-9, atol=1e-12)


def states(name: str, optimizer: str, state: State | None, steps: int) -> list[State]:
    target = objective("relu_mlp", torch.float32)
    lr = torch.tensor([0.05, 0.5])
    starts = batch(target, [0, 1], torch.float32)
    rule = rule_named(optimizer, starts, lr, beta=[0.9, 0.5])
    state = state or begin(starts, rule, lr.shape)
    run = train(Parts(target, GRADIENTS[name], rule, lr), state, steps=steps, due=always)
    return [
        State(
            s.updates,
            s.seconds,
            {k: p.clone() for k, p in s.params.items()},
            s.optimizer,
            s.diverged_at,
        )
        for s, _ in run
    ]


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("method", GRADIENTS)
def test_resuming_gives_bit_for_bit_what_going_on_gives(
    optimizer: str, method: str, tmp_path: Path
) -> None:
    whole = states(method, optimizer, None, 20)
    half = states(method, optimizer, None, 10)
    save_checkpoint(tmp_path / "checkpoint.pt", Checkpoint(half[-1]))
    saved = load_checkpoint(tmp_path / "checkpoint.pt", torch.device("cpu")).state
    resumed = states(method, optimizer, saved, 20)
    assert resumed[0].updates == 10
    assert resumed[-1].updates == whole[-1].updates == 20
    for name, p in whole[-1].params.items():
        assert torch.equal(resumed[-1].params[name], p)


def test_a_checkpoint_needs_no_code_to_load_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    rule = optimizers.momentum(torch.tensor(0.9))
    params = start(objective("logistic"), seed=0)
    state = begin(params, rule, torch.Size(()))
    save_checkpoint(path, Checkpoint(state))
    content = torch.load(path, weights_only=True)
    assert torch.equal(content["params"]["w"], params["w"])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged"):
        load_checkpoint(path, torch.device("cpu"))
    with pytest.raises(DataError, match=r"none\.pt: No such file or directory"):
        load_checkpoint(tmp_path / "none.pt", torch.device("cpu"))
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_backward_adds_nothing_to_the_parameters_of_the_caller() -> None:
    x = torch.tensor(1.5, requires_grad=True)
    backward(CUBIC, {"x": x})
    assert x.grad is None


def test_a_record_says_why_it_is_there() -> None:
    rule, lr = optimizers.gd(), torch.tensor([0.1, 0.1])
    state = begin({"x": torch.tensor([2.0, -2.5])}, rule, lr.shape)
    due, asked = {0, 3, 9}.__contains__, iter(range(100))
    run = train(
        Parts(CUBIC, manual, rule, lr), state, steps=40, due=due, stop=lambda: next(asked) == 12
    )
    found = [(record.updates, record.reason) for _, record in run]
    assert found == [(0, "due"), (3, "due"), (7, "diverged"), (9, "due"), (12, "stopped")]


def test_a_run_resumed_between_two_records_has_none_where_it_begins() -> None:
    rule, lr = optimizers.gd(), torch.tensor(0.1)
    state = replace(begin({"x": torch.tensor(2.0)}, rule, lr.shape), updates=5)
    run = train(Parts(CUBIC, manual, rule, lr), state, steps=12, due={0, 8}.__contains__)
    assert [record.updates for _, record in run] == [8, 12]


class Large(Polynomial):
    """Losses of which two add up to more than float32 holds."""

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        x = params["x"]
        return torch.where(x > 5, torch.inf, torch.full_like(x, 3e38)), {"x": -torch.ones_like(x)}


def test_losses_too_large_to_add_up_are_no_divergence() -> None:
    rule, lr = optimizers.gd(), torch.ones(2)
    state = begin({"x": torch.tensor([0.0, 3.0])}, rule, lr.shape)
    large = Large((1.0, 0.0), x0=0.0)
    [*_, (end, _)] = train(Parts(large, manual, rule, lr), state, steps=9, due=lambda t: t == 0)
    assert end.diverged_at.tolist() == [6, 3]
    assert end.updates == 6
