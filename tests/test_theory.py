"""Rates and limits against matrices, against runs, and against the lecture's polynomial."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from stat4830_grad.app import register_resolvers
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import Stem, make_jobs
from stat4830_grad.config.load import plain
from stat4830_grad.config.optimizers import GD, Adam, Momentum, Nesterov
from stat4830_grad.config.schema import Sweep
from stat4830_grad.sweep.run import run_sweep
from stat4830_grad.training.rows import read_rows
from stat4830_grad.training.theory import (
    destination,
    extremes,
    landscape,
    measured_rate,
    rate,
    step_limit,
)

QUADRATIC = (
    *("problem=least_squares", "problem.n=400", "problem.p=8", "problem.w_star=null"),
    *("problem.condition=10", "dtype=float64", "device=cpu", "figures=false", "steps=200"),
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """64 step sizes around 2/L on least squares of condition 10."""
    register_resolvers()
    directory = tmp_path_factory.mktemp("sweep")
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        overrides = [*QUADRATIC, "optimizer.lr=${logspace:-4,-1.5,64}"]
        jobs = make_jobs([Stem(overrides, plain(compose("config", overrides)))])
    assert run_sweep(jobs, directory, Sweep(job_figures=0), {}) == 0
    with (directory / "sweep.csv").open(newline="") as file:
        yield directory, list(csv.DictReader(file))


def test_divergence_begins_within_one_grid_point_of_the_limit(
    swept: tuple[Path, list[dict[str, str]]],
) -> None:
    """A run does not converge if it diverged or ended farther from the minimiser than it began."""
    directory, rows = swept
    sizes = [float(row["optimizer.lr"]) for row in rows]
    fails = []
    for row in rows:
        distances = [one["distance"] for one in read_rows(directory / row["directory"])]
        fails.append(row["status"] == "diverged" or distances[-1] > distances[0])
    first = fails.index(True)
    assert all(fails[first:])
    known = json.loads((directory / "theory.json").read_text())[0]
    expected = next(i for i, size in enumerate(sizes) if size >= known["step_sizes"]["2/L"])
    assert abs(first - expected) <= 1


def test_measured_rates_are_those_predicted(swept: tuple[Path, list[dict[str, str]]]) -> None:
    measured = [row for row in swept[1] if row["measured_rate"]]
    assert len(measured) > 25
    for row in measured:
        assert float(row["measured_rate"]) == pytest.approx(float(row["predicted_rate"]), rel=0.05)


def test_extremes_are_the_squared_singular_values() -> None:
    X = torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = torch.linalg.svdvals(X) ** 2
    assert extremes(X) == pytest.approx((float(values[0]), float(values[-1])), rel=1e-12)


def test_directions_in_which_nothing_moves_do_not_count_for_mu() -> None:
    X = torch.diag(torch.tensor([3.0, 2.0, 0.0]))
    assert extremes(X) == pytest.approx((9.0, 4.0))


@pytest.mark.parametrize("z", [0.05, 0.7, 1.4, 2.3])
def test_spectral_radius_is_that_of_the_recursion(z: float) -> None:
    """Errors e₊ = e − η(λe + …) written as matrices on (e, v) with v the scaled velocity."""
    beta = 0.6
    heavy = np.array([[1 - z, -beta], [z, beta]])  # v₊ = βv + ze, e₊ = e − v₊
    nesterov = np.array([[1 - z - beta * z, -(beta**2)], [z, beta]])  # e₊ = e − (ze + βv₊)
    for optimizer, matrix in (
        (Momentum(lr=1.0, beta=beta), heavy),
        (Nesterov(lr=1.0, beta=beta), nesterov),
    ):
        radius = max(abs(np.linalg.eigvals(matrix)))
        assert rate(optimizer, [z]) == pytest.approx(radius, rel=1e-9)


@pytest.mark.parametrize(
    "optimizer", [GD(lr=1.0), Momentum(lr=1.0, beta=0.9), Nesterov(lr=1.0, beta=0.9)]
)
def test_the_rate_reaches_one_at_the_limit(optimizer: GD | Momentum | Nesterov) -> None:
    limit = step_limit(1.0, optimizer)
    assert limit is not None
    assert rate(optimizer, [limit]) == pytest.approx(1)
    within, beyond = rate(optimizer, [0.99 * limit]), rate(optimizer, [1.01 * limit])
    assert within is not None
    assert beyond is not None
    assert within < 1 < beyond


def test_theory_is_silent_about_adam() -> None:
    adam = Adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8)
    assert rate(adam, [1.0]) is None
    assert step_limit(1.0, adam) is None


def test_the_best_rate_is_at_two_over_l_plus_mu() -> None:
    L, mu = 9.0, 1.0
    best = rate(GD(lr=2 / (L + mu)), [mu, L])
    assert best == pytest.approx((L - mu) / (L + mu))


def test_the_lectures_polynomial_has_its_minimum_at_one_and_limit_one_third() -> None:
    known = landscape([1, 0, -3, 0], GD(lr=0.1))
    assert known["maximisers"] == pytest.approx([-1])
    (at,) = known["minimisers"]
    assert (at["x"], at["loss"], at["curvature"]) == pytest.approx((1, -2, 6))
    assert at["step_limit"] == pytest.approx(1 / 3)
    assert destination([at], 0.9) is None
    assert destination([at], 1.0005) is at


def test_a_double_well_has_two_minimisers() -> None:
    known = landscape([1, 0, -2, 0, 0], GD(lr=0.1))
    assert [at["x"] for at in known["minimisers"]] == pytest.approx([-1, 1])


def test_a_rate_is_measured_before_rounding_and_only_where_it_is_steady() -> None:
    falling = [{"step": float(t), "e": max(0.8**t, 1e-13)} for t in range(300)]
    assert measured_rate(falling, "e", 2.0**-52) == pytest.approx(0.8, rel=1e-6)
    growing = [{"step": float(t), "e": 1.2**t} for t in range(50)]
    assert measured_rate(growing, "e", 2.0**-52) == pytest.approx(1.2, rel=1e-6)
    bending = [{"step": float(t), "e": math.exp(-(float(t) ** 0.5))} for t in range(60)]
    assert measured_rate(bending, "e", 2.0**-52) is None
    assert measured_rate(falling[:4], "e", 2.0**-52) is None
