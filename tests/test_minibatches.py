"""Minibatches: each sample once an epoch, in an order of the seed alone, also when resumed."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
import torch
from cases import NAMES, RULES, batch, objective, relative, rule_named, start
from conftest import Cli
from torch import Tensor

from stat4830_grad.config.composing import compose
from stat4830_grad.core import Gradient, Objective, Params, Record, Sampled, State
from stat4830_grad.data.pixels import Pixels
from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.problems import Classification, LeastSquares
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.training import thread_count
from stat4830_grad.training.experiment import build
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.loop import train
from stat4830_grad.training.minibatches import Minibatches, Sampling, order
from stat4830_grad.training.steppers import Parts

CPU = torch.device("cpu")
SAMPLED = [name for name in NAMES if isinstance(objective(name), Sampled)]


def sampled(name: str) -> Sampled:
    target = objective(name)
    assert isinstance(target, Sampled)
    return target


def run(
    target: Sampled,
    params: Params,
    *,
    size: int,
    steps: int,
    state: State | None = None,
    rule: str = "momentum",
    method: str = "manual",
    every: int = 1,
) -> list[tuple[State, Record]]:
    """A run of `steps` updates by minibatches, or the rest of one from `state` on."""
    rows = params[next(iter(params))].shape[: params[next(iter(params))].ndim - dims(target)]
    lr = torch.full(rows, 0.01, dtype=torch.float64)
    optimizer = rule_named(rule, params, lr)
    params = {name: p.clone() for name, p in params.items()}
    minibatches = Minibatches(target, Sampling(size, seed=3), CPU)
    records = train(
        Parts(target, GRADIENTS[method], optimizer, lr, minibatches),
        state or begin(params, optimizer, rows),
        steps=steps,
        due=lambda updates: updates % every == 0,
    )
    return [(copied(state), record) for state, record in records]


def copied(state: State) -> State:
    """The optimizer torch_sgd changes parameters in place."""
    params = {name: p.clone() for name, p in state.params.items()}
    return State(state.updates, state.seconds, params, state.optimizer, state.diverged_at)


def dims(target: Objective) -> int:
    """Of the first parameter of one run."""
    return next(iter(start(target, seed=0).values())).ndim


def test_only_what_adds_up_over_samples_can_be_sampled() -> None:
    assert set(NAMES) - set(SAMPLED) == {"polynomial", "quartic", "composite", "file", "formula"}


@pytest.mark.parametrize("size", [1, 4, 7, 12])
def test_every_sample_is_seen_once_an_epoch_in_a_new_order(size: int) -> None:
    numbered = LeastSquares(torch.arange(12.0)[:, None], torch.zeros(12), torch.zeros(1))
    minibatches = Minibatches(numbered, Sampling(size, seed=5), CPU)
    seen: list[list[int]] = []
    for updates in range(3 * minibatches.per_epoch):
        taken = minibatches.at(updates)
        assert isinstance(taken, LeastSquares)
        scale = (12 / len(taken.y)) ** 0.5
        seen.append((taken.X.flatten() / scale).round().int().tolist())
    per_epoch = -(-12 // size)
    epochs = [
        [i for rows in seen[first : first + per_epoch] for i in rows]
        for first in range(0, len(seen), per_epoch)
    ]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    torch.manual_seed(0)
    first = order(42, 7, 1000)
    torch.manual_seed(1)
    assert torch.equal(order(42, 7, 1000), first)
    assert not torch.equal(order(43, 7, 1000), first)
    assert not torch.equal(order(42, 8, 1000), first)
    assert torch.equal(first.sort().values, torch.arange(1000))


@pytest.mark.parametrize("name", SAMPLED)
def test_the_mean_over_minibatches_of_one_size_is_the_whole_objective(name: str) -> None:
    target, params = sampled(name), start(objective(name), seed=0)
    loss, grads = target.loss_and_gradient(params)
    parts = [
        target.on(rows).loss_and_gradient(params)
        for rows in order(0, 0, target.samples).reshape(-1, 4)
    ]
    assert relative(torch.stack([part for part, _ in parts]).mean(0), loss) < 1e-12
    for parameter in grads:
        mean = torch.stack([part[parameter] for _, part in parts]).mean(0)
        assert relative(mean, grads[parameter]) < 1e-12


@pytest.mark.parametrize("name", SAMPLED)
def test_the_three_gradients_agree_on_a_minibatch(name: str) -> None:
    part = sampled(name).on(torch.tensor([3, 1, 8]))
    params = start(objective(name), seed=0)
    results = [gradient(part, params)[1] for gradient in GRADIENTS.values()]
    for grads in results[1:]:
        for parameter in params:
            assert relative(grads[parameter], results[0][parameter]) < 1e-10


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", SAMPLED)
def test_a_run_cut_at_a_random_step_goes_on_with_the_same_bits(name: str, rule: str) -> None:
    target, params = sampled(name), start(objective(name), seed=0)
    cut = random.Random(f"{name} {rule}").randrange(1, 20)
    whole = run(target, params, size=5, steps=20, rule=rule)
    state, _ = run(target, params, size=5, steps=cut, rule=rule)[-1]
    rest = run(target, params, size=5, steps=20, state=state, rule=rule)
    assert [record.updates for _, record in rest] == list(range(cut, 21))
    for (one, expected), (other, found) in zip(whole[cut:], rest, strict=True):
        assert all(torch.equal(one.params[k], other.params[k]) for k in params)
        assert all(torch.equal(v, found.values[k]) for k, v in expected.values.items())


@pytest.mark.parametrize("name", SAMPLED)
def test_what_is_logged_changes_no_bit(name: str) -> None:
    target, params = sampled(name), start(objective(name), seed=0)
    often, seldom = (run(target, params, size=5, steps=20, every=every) for every in (1, 20))
    assert all(torch.equal(often[-1][0].params[k], seldom[-1][0].params[k]) for k in params)


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("method", GRADIENTS)
def test_a_batch_of_16_runs_is_16_single_runs(name: str, method: str) -> None:
    target = sampled(name)
    together = batch(target, list(range(16)))
    state, record = run(target, together, size=5, steps=30, method=method, every=30)[-1]
    for k in range(16):
        alone = {parameter: p[k] for parameter, p in together.items()}
        single, own = run(target, alone, size=5, steps=30, method=method, every=30)[-1]
        for parameter in alone:
            assert relative(state.params[parameter][k], single.params[parameter]) < 1e-11
        for column, value in own.values.items():
            assert relative(record.values[column][k], value) < 1e-10


@pytest.mark.parametrize("name", SAMPLED)
def test_records_are_of_all_data(name: str) -> None:
    target, params = sampled(name), start(objective(name), seed=0)
    for state, record in run(target, params, size=5, steps=3):
        _, grads = target.loss_and_gradient(state.params)
        norm = torch.cat([g.flatten() for g in grads.values()]).norm()
        assert relative(record.values["grad_norm"], norm) < 1e-12
        for column, value in target.metrics(state.params).items():
            assert torch.equal(record.values[column], value)


@pytest.mark.parametrize("name", ["problem=polynomial", "problem=composite"])
def test_a_problem_without_samples_refuses_minibatches(name: str) -> None:
    with pytest.raises(ConfigError, match="has no samples to take some of; leave it out"):
        compose(name, "minibatch=4")


def test_more_samples_than_there_are_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="minibatch=64: there are 50 samples to train on"):
        compose("problem=digits", "problem.n_train=50", "minibatch=64")
    (tmp_path / "mine.csv").write_text("a,y\n1,2\n2,3\n3,5\n")
    file = f"problem.file={tmp_path / 'mine.csv'}"
    config = compose("problem=least_squares", file, "problem.target=y", "minibatch=4")
    with pytest.raises(ConfigError, match="minibatch=4: there are 3 samples to train on"):
        build([config], torch.Size(()))


def test_images_as_bytes_give_the_minibatches_of_the_dense_matrix() -> None:
    words = ("problem=digits", "problem.n_train=200", "device=cpu", "minibatch=16")
    on_bytes, dense = (
        build([compose(*words, f"products={kind}")], torch.Size(())) for kind in ("auto", "torch")
    )
    minibatches = [experiment.minibatches() for experiment in (on_bytes, dense)]
    for updates in (0, 5, 13, 40):
        one, other = (m.at(updates).constants() for m in minibatches if m)
        assert torch.equal(one["X"], other["X"])
        assert torch.equal(one["y"], other["y"])


def table(path: Path) -> list[list[str]]:
    """metrics.csv without its seconds."""
    with path.open(newline="") as file:
        return [[row[0], *row[2:]] for row in csv.reader(file)]


WORDS = ("model=mlp", "minibatch=32", "log.every=1", "figures=false", "optimizer=adam")


@pytest.mark.parametrize("labels", ["parity", "digit"])
def test_a_run_of_the_command_line_goes_on_bit_for_bit(
    cli: Cli, tmp_path: Path, labels: str
) -> None:
    words = (*WORDS, "optimizer.lr=0.001", f"problem.labels={labels}")
    whole = cli(*words, "steps=100", "hydra.run.dir=whole")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "100 steps of 32 samples" in whole.stdout
    assert "2.3 epochs" in whole.stdout  # 1,400 images are 44 minibatches
    assert cli(*words, "steps=61", "hydra.run.dir=cut").returncode == 0
    assert cli("resume=cut", "steps=100").returncode == 0
    assert table(tmp_path / "cut" / "metrics.csv") == table(tmp_path / "whole" / "metrics.csv")


def test_a_sweep_by_minibatches_is_its_single_runs_and_asks_nothing_of_theory(
    cli: Cli, tmp_path: Path
) -> None:
    words = (
        *("problem=least_squares", "problem.n=2000", "problem.noise=0.1", "dtype=float64"),
        *("minibatch=50", "steps=80", "figures=false"),
    )
    done = cli(*words, "optimizer.lr=[0.0001,0.0003]", "hydra.run.dir=sweep")
    assert (done.returncode, done.stderr) == (0, "")
    assert cli(*words, "optimizer.lr=0.0003", "hydra.run.dir=alone").returncode == 0
    (together,) = (tmp_path / "sweep").glob("001_*/metrics.csv")
    found, expected = table(together), table(tmp_path / "alone" / "metrics.csv")
    assert found[0] == expected[0]
    for row, other in zip(found[1:], expected[1:], strict=True):
        assert [float(v) for v in row] == pytest.approx([float(v) for v in other], rel=1e-9)
    assert "predicted_rate" not in (tmp_path / "sweep" / "sweep.csv").read_text()


@pytest.mark.parametrize(
    ("size", "small", "update", "record"), [(5, 10, 1, 2), (12, 10, 2, 2), (5, 20, 1, 1)]
)
def test_what_is_small_is_one_threads_work_and_what_is_not_all_threads(
    monkeypatch: pytest.MonkeyPatch, size: int, small: int, update: int, record: int
) -> None:
    monkeypatch.setattr(thread_count, "SMALL", 9 * small)  # nine weights times so many samples
    seen: list[int] = []

    def recorded(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        seen.append(torch.get_num_threads())
        return GRADIENTS["manual"](objective, params)

    monkeypatch.setitem(GRADIENTS, "recorded", Gradient(recorded, capturable=False))
    target, before = sampled("logistic"), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run(target, start(target, seed=0), size=size, steps=3, method="recorded", every=3)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    # begun, row 0 of all data, three updates, row 3; a shorter last minibatch changes nothing
    assert seen == [update, record, update, update, update, record]


def test_the_rows_of_images_are_those_of_the_dense_matrix() -> None:
    built = build(
        [compose("problem=digits", "problem.n_train=30", "problem.n_val=5")], torch.Size(())
    )
    assert isinstance(built.objective, Classification)
    part, rows = built.objective.data.train, torch.tensor([7, 0, 29])
    assert isinstance(part.inputs, Pixels)
    assert torch.equal(part.rows(rows).X, part.inputs.dense()[rows])
    assert torch.equal(part.rows(rows).y, part.y[rows])
