"""Pictures of several runs: scales, floors, legends, colour bars, marks and theory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pictures import points

from stat4830_grad.figures.compare import comparison
from stat4830_grad.figures.legend import tell_apart
from stat4830_grad.figures.style import log_spaced, scale_of, updates_axis
from stat4830_grad.figures.sweep import results
from stat4830_grad.figures.sweep_curves import curves_of_all
from stat4830_grad.metrics import LOSS, Metric
from stat4830_grad.training.finished import FinishedRun
from stat4830_grad.training.rows import Row, columns_of
from stat4830_grad.training.sweep_row import Cell, SweepRow

L, MU = 120.0, 100.0


def rate(_: SweepRow, etas: Sequence[float]) -> list[float]:
    return [max(abs(1 - eta * MU), abs(1 - eta * L)) for eta in etas]


def job(loss: float, status: str = "completed", **swept: Any) -> SweepRow:
    values = {key.replace("__", "."): value for key, value in swept.items()}
    return SweepRow(0, status, "", values, start={"loss": 50.0}, final={LOSS: loss})


def curve(*losses: float) -> list[Row]:
    return [{"step": float(t), "seconds": 0.0, "loss": loss} for t, loss in enumerate(losses)]


def legend_of(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def lr_sweep() -> list[SweepRow]:
    rows = [job(loss, optimizer__lr=lr) for lr, loss in ((1e-4, 3.0), (1e-3, 1e-9), (1e-2, 0.0))]
    rows.append(job(math.inf, "diverged", optimizer__lr=0.1))
    return [replace(row, theory={"predicted_rate": 0.5, "measured_rate": None}) for row in rows]


def test_results_of_step_sizes_show_exact_zeros_at_a_floor_that_says_zero() -> None:
    figure = results(lr_sweep(), ["optimizer.lr"], {}, rate, "a title")
    FigureCanvasAgg(figure).draw()
    panel = figure.axes[0]
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    assert points(panel.lines[0])[1] == [3.0, 1e-9, 1e-10]
    ticks = dict(zip(panel.get_yticks(), (t.get_text() for t in panel.get_yticklabels())))  # noqa: B905
    assert ticks[1e-10] == "0"
    assert figure.get_suptitle() == "a title"
    assert "diverged" in legend_of(figure)


def test_the_predicted_rate_has_its_minimum_at_two_by_l_plus_mu() -> None:
    best = 2 / (L + MU)
    known = {"step_sizes": {"1/L": 1 / L, "2/(L+mu)": best, "2/L": 2 / L}, "step_limit": 2 / L}
    figure = results(lr_sweep(), ["optimizer.lr"], known, rate, "")
    predicted = next(line for line in figure.axes[1].lines if line.get_label() == "predicted")
    etas, rates = points(predicted)
    assert etas[np.argmin(rates)] == best
    assert min(rates) == pytest.approx((L - MU) / (L + MU))
    assert "2/L, the limit of convergence = 0.0167" in legend_of(figure)


def test_limits_of_gradient_descent_are_called_so_where_other_optimizers_ran() -> None:
    sizes = {"step_sizes": {"2/L": 2 / L}}
    figure = results(lr_sweep(), ["optimizer.lr"], sizes, rate, "")
    assert "2/L, gradient descent's limit = 0.0167" in legend_of(figure)
    figure = results(lr_sweep(), ["optimizer.lr"], {**sizes, "step_limit": None}, rate, "")
    assert not any("2/L" in text for text in legend_of(figure))


def test_results_of_choices_stand_side_by_side() -> None:
    rows = [job(1.0, optimizer="gd"), job(1e-3, optimizer="adam")]
    panel = results(rows, ["optimizer"], {}, rate, "").axes[0]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["gd", "adam"]


def test_a_job_without_a_metric_has_no_mark_in_its_panel() -> None:
    distance = Metric("distance", "distance")
    other = replace(job(0.5, optimizer="adam"), final={distance: 0.5}, start={"distance": 1.0})
    figure = results([job(1.0, optimizer="gd"), other], ["optimizer"], {}, rate, "")
    for panel, place in zip(figure.axes, (0, 1), strict=True):
        assert [points(line)[0] for line in panel.lines if len(points(line)[0])] == [[place]]


def test_curves_of_a_sweep_are_logarithmic_with_zeros_and_overflow() -> None:
    runs = [
        (job(0.0, optimizer__lr=0.01), curve(50.0, 1e-6, 0.0, 0.0)),
        (job(math.inf, "diverged", optimizer__lr=1.0), curve(50.0, 4e4, 1e200, math.inf)),
    ]
    figure = curves_of_all(runs, [LOSS], ["optimizer.lr"], "a title")
    panel = figure.axes[0]
    assert panel.get_yscale() == "log"
    assert points(panel.lines[0])[1] == [50.0, 1e-6, 1e-7, 1e-7]
    assert panel.get_ylim()[1] < 1e6
    assert [line.get_marker() for line in panel.lines].count("x") == 1
    assert legend_of(figure) == ["lr=0.01", "lr=1", "diverged"]


@pytest.mark.parametrize(
    ("values", "norm"),
    [(np.geomspace(1e-4, 1, 13), LogNorm), (np.linspace(0.1, 0.9, 13), Normalize)],
)
def test_many_numbers_have_a_colour_bar_as_they_are_spaced(
    values: NDArray[np.float64], norm: type
) -> None:
    runs = [{"optimizer.beta": float(v), "model": m} for v in values for m in ("a", "b")]
    legend = tell_apart(runs, ["optimizer.beta", "model"])
    assert legend.bar is not None
    assert type(legend.bar.norm) is norm
    assert list(legend.entries) == ["a", "b"]  # told by their lines
    assert len({(look.color, look.line) for look in legend.looks}) == len(runs)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"optimizer": ["gd", "momentum", "adam"]}, ["gd", "momentum", "adam"]),
        ({"model": ["logistic", "mlp"], "optimizer.lr": [0.1, 1.0]},
         ["logistic, lr=0.1", "logistic, lr=1", "mlp, lr=0.1", "mlp, lr=1"]),
        ({"seed": [0, 1, 2]}, ["seed=0", "seed=1", "seed=2"]),
    ],
)  # fmt: skip
def test_few_runs_are_named_and_look_different(
    keys: dict[str, list[Cell]], names: list[str]
) -> None:
    runs: list[dict[str, Cell]] = [{}]
    for key, values in keys.items():
        runs = [{**run, key: value} for run in runs for value in values]
    legend = tell_apart(runs, list(keys))
    assert list(legend.entries) == names
    assert len({(look.color, look.line) for look in legend.looks}) == len(runs)


def finished(i: int, config: dict[str, Any]) -> FinishedRun:
    rows = curve(3.0, 1.0, 0.1 / (i + 1))
    return FinishedRun(
        Path(str(i)), f"dir{i}", config, rows, columns_of(rows), {"status": "completed"}
    )


def test_twenty_runs_of_a_comparison_are_all_named() -> None:
    same = [finished(i, {"problem.name": "composite"}) for i in range(20)]
    figure = comparison(same, 0.0)
    assert legend_of(figure) == [f"dir{i}" for i in range(20)]
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 20
    assert figure.get_suptitle() == "composite · 20 runs"


def test_runs_of_a_comparison_are_named_by_what_differs() -> None:
    configs = [{"optimizer.name": name, "optimizer.lr": 0.1} for name in ("gd", "adam")]
    figure = comparison([finished(i, one) for i, one in enumerate(configs)], 0.0)
    assert legend_of(figure) == ["gd", "adam"]


@pytest.mark.parametrize(("last", "greatest"), [(100, 100), (991, 991), (7, 7), (100_000, 100_000)])
def test_ticks_end_where_the_run_ends(last: int, greatest: int) -> None:
    axes = Figure().subplots()
    updates_axis(axes, last)
    assert max(axes.get_xticks()) == greatest
    assert axes.get_xlim()[1] < 1.05 * last


def test_scales_follow_the_values() -> None:
    assert scale_of([1.0, 0.0, 1e-5, math.inf]).floor == 1e-6
    assert not scale_of([1.0, 2.0, 0.0]).logarithmic
    assert not scale_of([-1.0, 1e5]).logarithmic
    assert log_spaced([1e-3, 1e-2, 1e-1])
    assert not log_spaced([0.1, 0.2, 0.3])
