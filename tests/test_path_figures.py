"""Pictures of f with iterates on it: what is drawn is what was recorded, in a fitting window."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Cli
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pictures import points

from stat4830_grad.config.composing import compose
from stat4830_grad.figures.contours import in_digits
from stat4830_grad.figures.legend import tell_apart
from stat4830_grad.figures.path import path_picture, paths_picture
from stat4830_grad.problems import LeastSquares
from stat4830_grad.tasks.lecture.protocol import single
from stat4830_grad.training.coordinates import coordinates, located
from stat4830_grad.training.execution import rows_of
from stat4830_grad.training.experiment import Experiment
from stat4830_grad.training.landscape import Landscape, window
from stat4830_grad.training.rows import Row, read_rows
from stat4830_grad.training.sampling import landscape, landscape_of_files, path

LEAST_SQUARES = ("problem=least_squares", "dtype=float64")


def trained(*overrides: str) -> tuple[Experiment, list[Row]]:
    """An experiment and the rows that its run records."""
    config = compose(*overrides, "device=cpu")
    experiment = single(config)
    run = experiment.train(experiment.start(), steps=config.steps, due=config.log.due)
    return experiment, [row for _, record in run for row in rows_of(record)]


def landscape_of(*overrides: str) -> tuple[Landscape, list[Row], Experiment]:
    experiment, rows = trained(*overrides)
    found = landscape(experiment.objective, experiment.params, [rows])
    assert found is not None
    return found, rows, experiment


def dots(figure: Figure, panel: int = 0) -> list[Line2D]:
    """The iterates of each run."""
    return [line for line in figure.axes[panel].lines if line.get_marker() == "o"
            and line.get_linestyle() == "None" and line.get_fillstyle() == "full"]  # fmt: skip


def column(rows: list[Row], name: str) -> list[float]:
    return [row[name] for row in rows]


@pytest.mark.parametrize(("rows", "shape"), [((), ()), ((), (2,)), ((5,), (1,)), ((3, 4), (2,))])
def test_numbers_of_parameters_are_taken_apart_and_put_together(
    rows: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    params = {"w": torch.randn((*rows, *shape), dtype=torch.float64)}
    like = {"w": torch.zeros(shape, dtype=torch.float64)}
    numbers = coordinates(params, len(rows))
    assert list(numbers) == (["w1", "w2"] if shape == (2,) else ["w"])
    assert torch.equal(located(torch.stack([*numbers.values()], -1), like)["w"], params["w"])


def test_three_numbers_are_not_for_a_picture() -> None:
    assert coordinates({"a": torch.zeros(2), "b": torch.zeros(())}, 0) == {}
    assert list(coordinates({"a": torch.zeros(()), "b": torch.zeros(())}, 0)) == ["a", "b"]


def test_one_parameter_is_the_graph_of_the_loss_with_every_iterate_on_it() -> None:
    found, rows, experiment = landscape_of("problem=polynomial", "dtype=float64")
    figure = path_picture(found, "a title")
    graph, joined = figure.axes[0].lines[:2]
    x, f = graph.get_data()
    assert np.array_equal(f, experiment.objective.loss({"x": torch.from_numpy(x)}).numpy())
    for line in (joined, *dots(figure)):
        assert points(line) == (column(rows, "x"), column(rows, "loss"))
    assert len(dots(figure)) == 1
    assert figure.get_suptitle() == "a title"
    low, high = figure.axes[0].get_xlim()
    assert low < min(column(rows, "x")) < max(column(rows, "x")) < high


def test_two_parameters_are_contours_of_the_loss_with_every_iterate_and_the_minimiser() -> None:
    found, rows, experiment = landscape_of(*LEAST_SQUARES, "optimizer=momentum")
    objective = experiment.objective
    assert isinstance(objective, LeastSquares)
    for i, j in ((0, 0), (3, 50), (-1, 20)):
        w = torch.tensor([found.grid[0][i], found.grid[1][j]])
        assert found.values[i, j] == pytest.approx(float(objective.loss({"w": w})), rel=1e-12)
    figure = path_picture(found, "")
    (line,) = dots(figure)
    assert points(line) == (column(rows, "w1"), column(rows, "w2"))
    x, y = objective.minimiser.tolist()
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [points(star) for star in stars] == [([x], [y])]
    assert figure.axes[0].collections, "no contours"


def test_the_recorded_parameters_are_those_that_were_trained() -> None:
    config = compose(*LEAST_SQUARES, "optimizer=torch_sgd", "steps=5", "device=cpu")
    experiment = single(config)
    records, trail = [], []  # this optimizer changes parameters in place
    for state, record in experiment.train(experiment.start(), steps=5, due=lambda t: True):
        records.append(record)
        trail.append(state.params["w"].tolist())
    values = [[float(r.values["w1"]), float(r.values["w2"])] for r in records]
    assert values == trail
    assert [metric.name for metric in experiment.columns] == list(records[0].values)


@pytest.mark.parametrize(
    "overrides",
    [
        ("problem=polynomial", "problem.x0=2.5", "optimizer.lr=0.3"),
        (*LEAST_SQUARES, "problem.condition=4", "optimizer.lr=0.0205", "steps=3000"),
        (*LEAST_SQUARES, "optimizer.lr=1e6"),
    ],
)
def test_a_run_that_diverges_leaves_a_window_that_still_shows_its_start(
    overrides: tuple[str, ...],
) -> None:
    found, rows, _ = landscape_of(*overrides)
    assert max(abs(one) for one in found.paths[0].points.flat) > 1e3
    start = found.paths[0].points[0]
    assert (np.abs(found.window) <= 6 * max(1.0, float(np.abs(start).max()))).all()
    figure = path_picture(found, "")
    drawn = len(points(dots(figure)[0])[0])
    assert 1 <= drawn < len(rows)
    finite = len(found.paths[0].steps)
    said = figure.axes[0].get_title(loc="right")
    assert said == f"{finite - drawn:,} of {finite:,} iterates are not in the picture"
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [len(points(cross)[0]) for cross in crosses] == [1]


def test_a_run_that_stays_at_a_maximum_has_its_surroundings_shown() -> None:
    found, *_ = landscape_of("problem=polynomial", "problem.x0=-1")
    (low, high) = found.window[0]
    assert low < -1.4 < -0.6 < high
    assert float(np.ptp(found.values)) > 1


def test_parameters_of_different_sizes_each_have_their_own_scale() -> None:
    rows = [{"step": t, "loss": 4.0 - t, "w1": 1e4 * t, "w2": 0.01 * t} for t in range(3)]
    box = window([path(rows, "loss", ("w1", "w2"))], None)
    assert np.ptp(box[0]) == pytest.approx(2e4 * 1.24)
    assert np.ptp(box[1]) == pytest.approx(0.02 * 1.24)


def test_a_path_ends_before_the_first_number_that_is_not_finite() -> None:
    rows = [{"step": t, "loss": loss, "x": 1.0} for t, loss in enumerate((1.0, math.inf, 2.0))]
    found = path(rows, "loss", ("x",))
    assert found.diverged
    assert found.steps.tolist() == [0]


def test_a_million_iterates_are_few_dots_and_one_line() -> None:
    rows = [{"step": t, "seconds": 0.0, "loss": 2 + math.exp(-t / 1e4), "x": math.exp(-t / 2e4)}
            for t in range(100_000)]  # fmt: skip
    experiment, _ = trained("problem=polynomial", "problem.coefficients=[1,0,2]", "steps=1")
    found = landscape(experiment.objective, experiment.params, [rows])
    assert found is not None
    (line,) = dots(path_picture(found, ""))
    assert 100 < len(points(line)[0]) < 1000


def test_several_runs_are_drawn_in_their_colours_and_against_the_updates() -> None:
    lrs = [0.02, 0.1, 0.3]
    made = [trained("problem=polynomial", "dtype=float64", f"optimizer.lr={lr}") for lr in lrs]
    found = landscape(made[0][0].objective, made[0][0].params, [rows for _, rows in made])
    assert found is not None
    legend = tell_apart([{"optimizer.lr": lr} for lr in lrs], ["optimizer.lr"])
    figure = paths_picture(found, legend, "3 runs")
    assert [line.get_color() for line in dots(figure)] == [look.color for look in legend.looks]
    for line, (_, rows) in zip(dots(figure), made, strict=True):
        assert points(line)[0] == column(rows, "x")
    for line, (_, rows) in zip(figure.axes[1].lines, made, strict=True):
        assert points(line) == (column(rows, "x"), column(rows, "step"))
    down, up = figure.axes[1].get_ylim()
    assert down > up == 0
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["lr=0.02", "lr=0.1", "lr=0.3", "start", "end"]


def test_ticks_of_updates_are_whole_numbers() -> None:
    made = [trained("problem=polynomial", f"optimizer.lr={lr}", "steps=3") for lr in (0.1, 0.2)]
    found = landscape(made[0][0].objective, made[0][0].params, [rows for _, rows in made])
    assert found is not None
    legend = tell_apart([{"optimizer.lr": lr} for lr in ("0.1", "0.2")], ["optimizer.lr"])
    ticks = paths_picture(found, legend, "2 runs").axes[1].get_yticks()
    assert len(ticks) > 1
    assert all(float(tick).is_integer() for tick in ticks)


def test_the_picture_shows_the_whole_path_after_resume(cli: Cli, tmp_path: Path) -> None:
    started = cli("problem=least_squares", "steps=5", "hydra.run.dir=run", "optimizer.lr=0.001")
    assert started.returncode == 0, started.stderr
    assert cli("resume=run", "steps=12").returncode == 0
    rows = read_rows(tmp_path / "run")
    found = landscape_of_files(tmp_path / "run", [rows])
    assert found is not None
    assert found.paths[0].steps.tolist() == list(range(13))
    assert len(points(dots(path_picture(found, ""))[0])[0]) == 13
    before = (tmp_path / "run" / "path.png").read_bytes()
    assert cli("resume=run", "steps=40").returncode == 0
    assert (tmp_path / "run" / "path.png").read_bytes() != before


def test_a_run_of_an_older_version_goes_on_with_its_columns(cli: Cli, tmp_path: Path) -> None:
    assert cli("problem=least_squares", "steps=5", "hydra.run.dir=run").returncode == 0
    file = tmp_path / "run" / "metrics.csv"
    lines = [line.split(",") for line in file.read_text().splitlines()]
    assert lines[0] == ["step", "seconds", "loss", "w1", "w2", "grad_norm", "distance"]
    file.write_text("".join(",".join(x[:3] + x[5:]) + "\n" for x in lines))
    saved = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    older = {key: value for key, value in saved.items() if key not in ("config", "rows")}
    torch.save(older, tmp_path / "run" / "checkpoint.pt")
    (tmp_path / "run" / "path.png").unlink()
    done = cli("resume=run", "steps=9")
    assert done.returncode == 0, done.stderr
    rows = read_rows(tmp_path / "run")
    assert column(rows, "step") == list(range(10))
    assert list(rows[-1]) == ["step", "seconds", "loss", "grad_norm", "distance"]
    assert not (tmp_path / "run" / "path.png").exists()


@pytest.mark.parametrize(
    ("overrides", "drawn"),
    [
        (("problem=polynomial",), True),
        (("problem=least_squares",), True),
        (("problem=least_squares", "problem.p=1", "problem.w_star=null"), True),
        (("problem=least_squares", "problem.p=3", "problem.w_star=null"), False),
        (("problem=composite",), False),
        (("problem=digits", "problem.n_train=50", "problem.n_val=20"), False),
        (("problem=polynomial", "figures=false"), False),
    ],
)
def test_runs_of_one_and_two_parameters_leave_it(
    overrides: tuple[str, ...], drawn: bool, cli: Cli, tmp_path: Path
) -> None:
    done = cli(*overrides, "steps=3", "hydra.run.dir=run", "products=torch")
    assert done.returncode == 0, done.stderr
    found = {file.name for file in (tmp_path / "run").glob("path.*")}
    assert found == ({"path.png", "path.svg"} if drawn else set())


def test_sweeps_and_comparisons_leave_one_of_all_runs(cli: Cli, tmp_path: Path) -> None:
    sweep = ("-m", "optimizer=gd,momentum,adam", "steps=20", "hydra.sweep.dir=sweep")
    done = cli(*sweep, "sweep.job_figures=3", "problem=least_squares", "optimizer.lr=0.005")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sweep" / "paths.svg").stat().st_size > 5000
    jobs = sorted(path.parent for path in (tmp_path / "sweep").glob("*/metrics.csv"))
    assert all((job / "path.png").exists() for job in jobs)
    found = landscape_of_files(jobs[0], [read_rows(job) for job in jobs])
    assert found is not None
    assert len(found.paths) == 3
    done = cli("task=compare", "runs=[sweep]", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "paths.png").exists()


def test_runs_of_different_functions_leave_none(cli: Cli, tmp_path: Path) -> None:
    done = cli("problem=least_squares", "seed=[1,2]", "steps=3", "hydra.run.dir=sweep")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sweep" / "curves.png").exists()
    assert not (tmp_path / "sweep" / "paths.png").exists()
    runs = [path.parent for path in (tmp_path / "sweep").glob("*/metrics.csv")]
    rows = [read_rows(run) for run in runs]
    assert landscape_of_files(runs[0], rows) is None
    assert landscape_of_files(runs[0], rows[:1]) is not None


@pytest.mark.parametrize(
    ("level", "text"),
    [(52.51, "52.5"), (-2.0, "−2"), (73123.0, "7.31·10⁴"), (-1e-7, "−1·10⁻⁷"), (0.0, "0")],
)
def test_heights_of_contours_are_written_in_three_digits(level: float, text: str) -> None:
    assert in_digits(level) == text
