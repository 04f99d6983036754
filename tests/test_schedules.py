"""Step sizes that change: their formulas, in batches, cut and resumed, and what is said of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from conftest import Cli
from hydra import compose as compose_hydra
from hydra import initialize_config_dir

from stat4830_grad import optimizers
from stat4830_grad.compiled.functions import warmed
from stat4830_grad.config.composing import compose
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import Stem, group, make_jobs
from stat4830_grad.config.lecture import departures
from stat4830_grad.config.load import plain
from stat4830_grad.core import State
from stat4830_grad.optimizers.schedules import FACTORS, Shape
from stat4830_grad.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from stat4830_grad.training.experiment import build
from stat4830_grad.training.rows import read_rows
from stat4830_grad.training.theory import forecast

ALONE = torch.Size(())


@pytest.mark.parametrize(
    ("shape", "warmup", "expected"),
    [
        ("constant", 0, [1, 1, 1, 1, 1, 1]),
        ("constant", 4, [0.25, 0.5, 0.75, 1, 1, 1]),
        ("inverse", 0, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]),
        ("inverse_sqrt", 2, [0.5, 1, 1, 2**-0.5, 3**-0.5, 0.5]),
        ("cosine", 0, [1, 0.9330127018922193, 0.75, 0.5, 0.25, 0.0669872981077807]),
        ("cosine", 2, [0.5, 1, 1, 0.8535533905932737, 0.5, 0.1464466094067262]),
        ("cosine", 9, [1 / 9, 2 / 9, 3 / 9, 4 / 9, 5 / 9, 6 / 9]),
    ],
)
def test_a_schedule_is_its_formula(shape: Shape, warmup: float, expected: list[float]) -> None:
    t = torch.arange(6, dtype=torch.float64)
    warmups = torch.full((6,), warmup, dtype=torch.float64)
    found = FACTORS[shape](warmed(t, warmups), t, warmups, 6)
    assert found.tolist() == pytest.approx(expected, rel=1e-14)


def test_a_constant_step_size_is_not_wrapped_and_takes_nothing() -> None:
    experiment = build([compose("problem=polynomial", "optimizer=adam")], ALONE)
    assert isinstance(experiment.optimizer, optimizers.Rule)


def test_each_run_of_a_batch_has_its_own_warm_up() -> None:
    words = ("problem=digits", "dtype=float64", "steps=20", "problem.n_train=40", "problem.n_val=9")
    configs = [
        compose(*words, "optimizer=momentum", f"optimizer.lr={lr}", f"optimizer.warmup={n}")
        for lr, n in ((0.1, 0), (0.2, 5), (0.3, 50))
    ]
    together = build(configs, torch.Size((3,)))
    *_, (end, _) = together.train(together.start(), steps=20, due=lambda t: False)
    for k, config in enumerate(configs):
        alone = build([config], ALONE)
        *_, (own, _) = alone.train(alone.start(), steps=20, due=lambda t: False)
        torch.testing.assert_close(end.params["w"][k], own.params["w"], rtol=1e-12, atol=1e-14)


def test_the_count_of_updates_is_exact_beyond_what_float32_can_count() -> None:
    rule = optimizers.Scheduled(optimizers.gd(), "inverse", torch.tensor(0.0), 2**26)
    params = {"w": torch.ones(2)}
    far = {"schedule": {"updates": torch.tensor(2**25)}}
    _, state = rule.update(params, params, torch.tensor(0.1), far)
    assert int(state["schedule"]["updates"]) == 2**25 + 1


def ended(words: list[str], resumed: State | None, stop_at: int) -> State:
    experiment = build([compose(*words)], ALONE)
    made = iter(range(10**6))
    run = experiment.train(
        resumed or experiment.start(),
        steps=40,
        due=lambda t: False,
        stop=lambda: next(made) >= stop_at,
    )
    *_, (state, _) = run
    return state


@pytest.mark.parametrize("optimizer", ["gd", "adam", "torch_sgd"])
@pytest.mark.parametrize("schedule", ["constant", "inverse", "inverse_sqrt", "cosine"])
@pytest.mark.parametrize("cut", [3, 17])
def test_a_run_cut_anywhere_goes_on_bit_for_bit(
    optimizer: str, schedule: str, cut: int, tmp_path: Path
) -> None:
    words = ["problem=composite", "steps=40", f"optimizer={optimizer}", "optimizer.warmup=7"]
    words += [f"optimizer.schedule={schedule}"]
    whole, half = ended(words, None, 10**6), ended(words, None, cut)
    assert (whole.updates, half.updates) == (40, cut)
    save_checkpoint(tmp_path / "checkpoint.pt", Checkpoint(half))
    saved = load_checkpoint(tmp_path / "checkpoint.pt", torch.device("cpu"))
    again = ended(words, saved.state, 10**6)
    assert all(torch.equal(again.params[name], p) for name, p in whole.params.items())


def test_the_end_of_a_cosine_may_not_move_and_the_others_have_none(
    cli: Cli, tmp_path: Path
) -> None:
    words = ("problem=polynomial", "figures=false", "steps=10")
    assert cli(*words, "optimizer.schedule=cosine", "hydra.run.dir=cosine").returncode == 0
    longer = cli("resume=cosine", "steps=20")
    assert longer.returncode == 2
    assert "follows a cosine that ends after 10 updates" in longer.stderr
    assert cli("resume=cosine").returncode == 0
    assert cli(*words, "optimizer.schedule=inverse", "hydra.run.dir=inverse").returncode == 0
    assert cli("resume=inverse", "steps=20").returncode == 0
    assert cli(*words[:2], "steps=20", "optimizer.schedule=inverse", "hydra.run.dir=whole")
    resumed, whole = (read_rows(tmp_path / name) for name in ("inverse", "whole"))
    assert [row["x"] for row in resumed] == [row["x"] for row in whole]


def test_the_console_names_the_schedule_and_a_misspelling_its_neighbour(cli: Cli) -> None:
    words = ("problem=polynomial", "figures=false", "steps=4")
    done = cli(*words, "optimizer.schedule=inverse_sqrt", "optimizer.warmup=2")
    assert "gd lr=0.1 inverse_sqrt, warm-up 2 · 4 steps" in done.stdout
    wrong = cli(*words, "optimizer.schedule=cosin")
    assert wrong.returncode == 2
    assert "did you mean cosine?" in wrong.stderr
    other = cli(*words, "warmup_steps=3")
    assert "optimizer.schedule=cosine optimizer.warmup=" in other.stderr


def test_a_changing_step_size_is_logged_as_the_next_update_takes_it() -> None:
    words = ("problem=polynomial", "dtype=float64", "steps=6", "optimizer.lr=0.1")
    configs = [compose(*words, f"optimizer.warmup={n}") for n in (2, 4)]
    together = build(configs, torch.Size((2,)))
    assert together.columns[-1].name == "lr"
    records = list(together.train(together.start(), steps=6, due=lambda t: True))
    for (now, record), (then, _) in itertools.pairwise(records):
        size = record.values["lr"]
        assert size.tolist() == pytest.approx([0.1 * min(1, (now.updates + 1) / n) for n in (2, 4)])
        x = now.params["x"]
        torch.testing.assert_close(then.params["x"], x - size * (3 * x**2 - 3))
    constant = build([compose(*words)], ALONE)
    assert "lr" not in [metric.name for metric in constant.columns]
    named = build(
        [compose("problem=formula", "problem.f=lr**2", "problem.start.lr=3", "optimizer.warmup=2")],
        ALONE,
    )
    assert [metric.name for metric in named.columns].count("lr") == 1


def test_a_sweep_has_a_batch_with_warm_up_and_one_without() -> None:
    words = ["problem=polynomial", "optimizer.warmup=[0,3,5]"]
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        jobs = make_jobs([Stem(words, plain(compose_hydra("config", words)))])
    assert [[job.number for job in members] for members in group(jobs)] == [[0], [1, 2]]


def test_theory_and_the_lecture_speak_of_constant_step_sizes_only() -> None:
    constant = compose("problem=least_squares")
    changing = compose("problem=least_squares", "optimizer.warmup=5")
    target = build([constant], ALONE).objective
    assert forecast(target, constant.optimizer)["step_limit"] is not None
    assert forecast(target, changing.optimizer)["step_limit"] is None
    lecture = compose("problem=mnist", "optimizer.schedule=cosine")
    assert departures(lecture) == ["optimizer.schedule=cosine"]
