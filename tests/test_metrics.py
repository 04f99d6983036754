"""A metric says itself how it is written, ranked and drawn, whatever its name."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import NAMES, objective, start
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from pictures import points
from torch import Tensor

from stat4830_grad import compose
from stat4830_grad.core import Params
from stat4830_grad.figures.curves import curves
from stat4830_grad.figures.style import BLUE, VERMILION
from stat4830_grad.figures.sweep import on_scale, results
from stat4830_grad.metrics import GRAD_NORM, LOSS, Metric, apart
from stat4830_grad.problems import Polynomial, metric_named
from stat4830_grad.sweep.cells import row_of
from stat4830_grad.sweep.report import ranked, table
from stat4830_grad.system.errors import DataError
from stat4830_grad.tasks.train.one_run import train_one
from stat4830_grad.training.execution import execute
from stat4830_grad.training.experiment import build
from stat4830_grad.training.finished import common_columns, find_runs
from stat4830_grad.training.outcome import summarise
from stat4830_grad.training.past_runs import past_runs
from stat4830_grad.training.report import table as final_and_best
from stat4830_grad.training.rows import meanings
from stat4830_grad.training.run_directory import RunDirectory
from stat4830_grad.training.sweep_row import SweepRow

REGRET = Metric(
    *("regret", "regret of the bets"),
    better="higher",
    percent=True,
    panel="bets",
    line="mine",
    priority=1,
)
"""A name that nobody knows, of something that is the better the higher it is."""
ODD = Metric("odd_accuracy", "odds", panel="bets", line="theirs", shown=())
"""A name that says what is not so: it is no share, and better the lower it is."""
COLUMNS = (LOSS, REGRET, ODD, GRAD_NORM)


class Betting(Polynomial):
    """A polynomial that logs two metrics of its own."""

    def metrics(self, params: Params) -> dict[str, Tensor]:
        x = params["x"]
        return {"loss": self.loss(params), "regret": x / 8, "odd_accuracy": 5 + x}


@pytest.fixture
def run(tmp_path: Path) -> tuple[RunDirectory, dict[str, Any]]:
    """The files and the summary of a run from x = 2 down to 1, along which both metrics fall."""
    config = compose("problem=polynomial", "problem.x0=2", "optimizer.lr=0.05", "steps=30")
    objective = Betting((1.0, 0.0, -3.0, 0.0), 2.0, COLUMNS)
    experiment = dataclasses.replace(build([config], torch.Size(())), objective=objective)
    made = RunDirectory(tmp_path, experiment.columns, [])
    state = experiment.start()
    state = execute(experiment, state, config, [made], [], lambda state: None, lambda: False)
    at = int(state.diverged_at)
    return made, summarise(made, experiment, config, updates=30, diverged_at=at, command="")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_problem_logs_is_known_by_name_when_its_files_are_read(name: str) -> None:
    target = objective(name)
    assert [metric_named(metric.name) for metric in target.columns] == list(target.columns)
    values = target.metrics(start(target, seed=0))
    assert {*values, GRAD_NORM.name} == {metric.name for metric in target.columns}


def test_a_metric_is_written_as_it_says() -> None:
    assert REGRET.text(0.25) == "25.00 %"
    assert ODD.text(0.25) == "0.25"
    assert apart(REGRET, 0.25, 0.250001) == ("25.0000 %", "25.0001 %")


def test_the_best_of_a_run_is_where_its_metrics_say(
    run: tuple[RunDirectory, dict[str, Any]],
) -> None:
    files, summary = run
    assert summary["best_step"]["regret"] == 0
    assert summary["best_step"]["odd_accuracy"] == 30
    shown = {row[0]: row[1:] for row in final_and_best(summary, files.columns).rows}
    assert shown["regret"] == ("12.50 %", "25.00 %", "0")
    assert shown["odd accuracy"] == ("6", "6", "30")


def test_it_is_drawn_in_the_panel_it_names(run: tuple[RunDirectory, dict[str, Any]]) -> None:
    files, _ = run
    figure = curves(files.rows, files.columns, "")
    FigureCanvasAgg(figure).draw()
    (panel,) = (axes for axes in figure.axes if axes.get_ylabel() == "bets")
    assert [line.get_label() for line in panel.lines] == ["mine", "theirs"]
    colours = [to_rgb(line.get_color()) for line in panel.lines]
    assert colours == [to_rgb(BLUE), to_rgb(VERMILION)]


def job(number: int, regret: float) -> SweepRow:
    return SweepRow(
        *(number, "completed", f"{number:03}", {"optimizer.lr": 0.1 * (number + 1)}),
        start={"loss": 2.0, "regret": 0.1, "odd_accuracy": 7.0},
        final={LOSS: float(number), REGRET: regret, ODD: 8.0},
    )


def test_jobs_are_ranked_and_drawn_by_it() -> None:
    rows = [job(0, 0.2), job(1, 0.5), job(2, 0.3)]
    assert [row.job for row in ranked(rows)] == [1, 2, 0]
    titles = [column.title for column in table(rows, ["optimizer.lr"]).columns]
    assert titles == ["job", "lr", "loss", "regret", "status"]
    figure = results(rows, ["optimizer.lr"], {}, lambda row, etas: [], "")
    FigureCanvasAgg(figure).draw()
    panel = figure.axes[1]
    assert panel.get_ylabel() == "final regret of the bets"
    assert points(panel.lines[0])[1] == [0.2, 0.5, 0.3]
    assert all(text.get_text().endswith(" %") for text in panel.get_yticklabels())
    assert on_scale(rows[0], REGRET)
    assert not on_scale(rows[0], ODD), "it has risen, and less is better"


OWN = """
start = {"a": 1.0, "b_2": 2.0}


def loss(a, b_2):
    return (a - b_2) ** 2


def metrics(a, b_2):
    return {"my_gap": abs(a - b_2), "score2": a, "distance": b_2}
"""


def test_what_a_file_logs_is_read_back_as_it_was_logged(tmp_path: Path) -> None:
    """An underscore is a space in a label, and score2 no entry of a vector."""
    (tmp_path / "mine.py").write_text(OWN, "utf-8")
    words = ["problem=file", f"problem.path={tmp_path / 'mine.py'}", "steps=2", "figures=false"]
    config = compose(*words)
    logged = build([config], torch.Size(())).columns
    for name in ("one", "other"):
        assert train_one(config, tmp_path / name, "", None) == 0
    runs = find_runs([str(tmp_path / "one"), str(tmp_path / "other")])
    assert [run.columns for run in runs] == [logged, logged]
    labels = {metric.name: (metric.label, metric.panel) for metric in runs[0].columns}
    assert labels["my_gap"] == ("my gap", "")
    assert labels["score2"] == ("score2", "")
    assert labels["distance"] == ("distance", "")
    (past, _) = past_runs(tmp_path)
    assert [past.metric(metric.name) for metric in logged] == list(logged)
    cells = {"job": "0", "status": "completed", "directory": "one", "final_score2": "1"}
    assert list(row_of(cells, tmp_path).final) == [past.metric("score2")]
    (tmp_path / "other" / "metrics.json").write_bytes(b"[{")
    with pytest.raises(DataError, match=r"metrics\.json is damaged"):
        find_runs([str(tmp_path / "one"), str(tmp_path / "other")])
    (tmp_path / "other" / "metrics.json").unlink()  # as a run of an earlier version
    names = [metric.name for metric in common_columns(find_runs([f"{tmp_path}/o*"]))]
    assert names == [metric.name for metric in logged]


def test_a_run_whose_columns_say_what_they_mean_leaves_no_file_about_them(
    run: tuple[RunDirectory, dict[str, Any]], tmp_path: Path
) -> None:
    files = RunDirectory(tmp_path / "plain", (LOSS, GRAD_NORM), [])
    assert not (files.path / "metrics.json").exists()
    assert {metric.name for metric in meanings(run[0].path).values()} == {"regret", "odd_accuracy"}


def test_the_files_of_a_run_go_to_another_process_to_be_drawn(tmp_path: Path) -> None:
    files = RunDirectory(tmp_path, (LOSS,), [])
    files.log({"step": 0, "seconds": 0.0, "loss": 3.0})
    files.log({"step": 1, "seconds": 0.1, "loss": 2.0})
    again = pickle.loads(pickle.dumps(files))
    assert (again.rows, again.best) == (files.rows, {"loss": (2.0, 1)})
