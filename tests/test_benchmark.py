"""scripts/benchmark: its statistics, its turns, and one short measurement as a user makes it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from benchmarks import peers  # noqa: E402
from benchmarks.cases import Case, experiments  # noqa: E402
from benchmarks.goals import GOALS  # noqa: E402
from benchmarks.measurement import (  # noqa: E402
    Outcome,
    Setting,
    Spread,
    alternate,
    compare,
    ratio,
    spread,
    updates_for,
)
from benchmarks.suite import CASES, choose, measurements  # noqa: E402
from benchmarks.updates import check_agreement  # noqa: E402


def test_spread_is_median_and_quartiles() -> None:
    assert spread([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_ratio_is_formed_turn_by_turn() -> None:
    """A machine that slows down tenfold in the third turn leaves the ratio alone."""
    assert ratio([1.0, 1.0, 10.0], [2.0, 2.0, 20.0]) == Spread(0.5, 0.5, 0.5)


def test_samples_take_turns_after_one_unrecorded_call_each() -> None:
    calls: list[str] = []

    def sample(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    values = alternate({"a": lambda: sample("a"), "b": lambda: sample("b")}, rounds=2)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert values == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_updates_are_so_many_that_a_sample_lasts_long_enough() -> None:
    def run(updates: int) -> Outcome:
        return Outcome(seconds=1e-4 * updates, loss=0.0)

    assert run(updates_for(run, shortest=0.15)).seconds == pytest.approx(0.15, rel=0.3)
    assert updates_for(run, shortest=1e-5) == 1


def test_a_case_of_another_width_is_made_and_named_so(tmp_path: Path) -> None:
    setting = Setting("cpu", 1, True, tmp_path, tmp_path)
    wide, many = Case("mlp", 50, hidden=128), Case("least squares", 50, columns=7)
    assert (wide.name, many.name) == (
        "mlp n=50 with 128 hidden",
        "least squares n=50 with 7 columns",
    )
    built = [experiments(case, setting, ("manual",))["manual"] for case in (wide, many)]
    assert built[0].params["b1"].shape == (128,)
    assert built[1].params["w"].shape == (7,)
    assert not wide.usual
    assert Case("mlp", 50).usual


def test_a_goal_is_met_up_to_the_ratio_it_names() -> None:
    def line(ours: float, goal: float | None) -> bool | None:
        return compare("group", ("ours", "theirs"), ([ours], [2.0]), goal=goal).met

    assert line(1.0, 0.5) is True
    assert line(1.1, 0.5) is False
    assert line(1.0, None) is None


def test_a_contender_that_computes_something_else_is_found_out() -> None:
    right, wrong = Outcome(1.0, 0.3), Outcome(1.0, 0.31)
    check_agreement(CASES[0], {"lecture's loop": lambda m: right, "manual": lambda m: right})
    with pytest.raises(RuntimeError, match=r"manual has loss 0\.31"):
        check_agreement(CASES[0], {"lecture's loop": lambda m: right, "manual": lambda m: wrong})


def test_scipy_minimises_our_loss_and_ends_where_ours_is() -> None:
    case = Case("least squares", 300)
    setting = Setting("cpu", 1, quick=True, data_dir=Path(), scratch=Path())
    built = experiments(case, setting, ("manual",))["manual"]
    w = torch.linspace(-1, 1, 100, dtype=torch.float64)
    loss, slope = peers.functions(built)["least squares"](w.numpy())
    ours, grads = built.gradient(built.objective, {"w": w.float()})
    assert loss == pytest.approx(float(ours), rel=1e-4)
    torch.testing.assert_close(torch.tensor(slope).float(), grads["w"], rtol=1e-3, atol=1e-2)
    (line,) = peers.to_a_loss(case, setting).lines
    assert (line.ours, line.theirs) == ("20 updates, manual", "SciPy's L-BFGS")


def test_a_plain_loop_by_minibatches_computes_what_ours_does(tmp_path: Path) -> None:
    """On images of our own; the two shuffle in orders of their own."""
    result = peers.minibatches("logistic", Setting("cpu", 1, True, tmp_path, tmp_path))
    measured = {line.theirs: line for line in result.lines}
    assert measured[peers.LOADER].ratio is not None
    runs = {"manual": lambda updates: Outcome(1.0, 0.7), "other": lambda updates: Outcome(1.0, 0.6)}
    with pytest.raises(RuntimeError, match=r"'other': 0\.6"):
        peers.agree("group", runs, {"other": 0.05})


def test_every_goal_belongs_to_a_group_and_only_chooses_among_them() -> None:
    cases = {group.removeprefix("growth: ") for group in measurements()}
    for goals in GOALS.values():
        assert {case for case, _ in goals} <= cases
    assert list(choose("^polynomial")) == ["polynomial", "polynomial × 1,024"]
    assert choose("no such group") == {}


def test_a_quick_benchmark_of_the_polynomial_prints_a_table_and_leaves_json(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "benchmarks", "--quick", "--only", "^polynomial"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
    done = subprocess.run(
        [*words, "--device", "cpu", "--threads", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    (directory,) = (tmp_path / "outputs" / "benchmark").iterdir()
    content = json.loads((directory / "benchmark.json").read_text("utf-8"))
    lines = {(line["group"], line["ours"], line["theirs"]): line for line in content["lines"]}
    table = (directory / "table.md").read_text("utf-8").splitlines()
    assert len(table) == 2 + len(content["lines"])
    assert {row.count("|") for row in table} == {9}
    for group in ("polynomial", "polynomial × 1,024"):
        for method in ("manual", "backward", "autograd_grad"):
            line = lines[group, method, "lecture's loop"]
            assert line["ratio"]["low"] <= line["ratio"]["median"] <= line["ratio"]["high"]
    together = lines["polynomial × 1,024", "manual", "lecture's loop"]
    assert together["ratio"]["median"] < 0.1  # 1,024 runs at once, whatever the machine does
    if importlib.util.find_spec("jax") is None:
        reason = "not measured: pip install -e .[jax]"
        assert reason in done.stdout
        assert lines["polynomial", "best", "JAX"]["missing"] in reason
