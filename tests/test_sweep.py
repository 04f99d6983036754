"""Sweeps: jobs from lists and overrides, batches, sweep.csv, failures, resuming."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import PYTHONPATH, Cli
from hydra import compose, initialize_config_dir

from stat4830_grad.app import register_resolvers
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import NAME_LENGTH, Job, Stem, directory_name, group, make_jobs
from stat4830_grad.config.lists import LIST_KEYS, assignments, linspace, logspace, swept_lists
from stat4830_grad.config.load import plain
from stat4830_grad.config.schema import Sweep
from stat4830_grad.config.values import written
from stat4830_grad.console.terminal import make_console
from stat4830_grad.problems import metric_named
from stat4830_grad.sweep.batches import run_jobs
from stat4830_grad.sweep.cells import cells_of, row_of
from stat4830_grad.sweep.context import SweepContext
from stat4830_grad.sweep.memory import NEAR, runs_that_fit, usable_bytes
from stat4830_grad.sweep.report import describe
from stat4830_grad.sweep.run import run_sweep
from stat4830_grad.sweep.table import SweepTable, merged
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks import train as train_task
from stat4830_grad.training import loop as training
from stat4830_grad.training.execution import Interrupt
from stat4830_grad.training.experiment import build
from stat4830_grad.training.inputs import record_inputs
from stat4830_grad.training.rows import read_rows
from stat4830_grad.training.setup import prepare
from stat4830_grad.training.sweep_row import SweepRow

POLYNOMIAL = ("problem=polynomial", "figures=false", "device=cpu")
DIGITS = ("problem=digits", "steps=12", "figures=false", "device=cpu")
SILENT = Sweep(job_figures=0)


@pytest.fixture(scope="module", autouse=True)
def hydra_is_ready() -> Iterator[None]:
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        yield


def jobs_of(*overrides: str) -> list[Job]:
    return make_jobs([Stem(overrides, plain(compose("config", list(overrides))))])


def sweep(directory: Path, *overrides: str, options: Sweep = SILENT) -> int:
    return run_sweep(jobs_of(*overrides), directory, options, {})


def table_of(directory: Path) -> list[dict[str, str]]:
    with (directory / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(directory: Path) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table_of(directory)]


def single(directory: Path, job: Job) -> None:
    train_task.run(job.config(), directory, job.command)


def values_of(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


# Lists -----------------------------------------------------------------------------------------


def test_several_lists_are_a_grid_whose_last_list_runs_fastest() -> None:
    lists: dict[str, list[Any]] = {"a": [1, 2], "b": [3, 4]}
    found = [tuple(one.values()) for one in assignments(lists, paired=False)]
    assert found == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_zip_pairs_lists_and_refuses_lists_of_different_lengths() -> None:
    assert assignments({"a": [1, 2], "b": [3, 4]}, paired=True) == [
        {"a": 1, "b": 3},
        {"a": 2, "b": 4},
    ]
    with pytest.raises(ConfigError, match="a has 2, b has 3"):
        assignments({"a": [1, 2], "b": [3, 4, 5]}, paired=True)


def test_keys_whose_value_is_a_list_are_swept_by_lists_of_lists_only() -> None:
    raw = {"problem": {"w0": [1.0, 2.0]}, "model": {"hidden": [[8], [16, 16]]}}
    assert swept_lists(raw) == {"model.hidden": [[8], [16, 16]]}


def test_list_keys_are_those_of_the_schema() -> None:
    """A list-valued key added to the schema must be named in LIST_KEYS, or it would be swept."""
    import msgspec

    from stat4830_grad.config.schema import Config

    def listed(kind: Any, prefix: str) -> Iterator[str]:
        match kind:
            case msgspec.inspect.ListType():
                yield prefix
            case msgspec.inspect.UnionType(types):
                for one in types:
                    yield from listed(one, prefix)
            case msgspec.inspect.StructType(fields=fields):
                for field in fields:
                    yield from listed(field.type, f"{prefix}.{field.name}".lstrip("."))
            case msgspec.inspect.Metadata(type=inner):
                yield from listed(inner, prefix)

    parts = ("problem.", "model.", "optimizer.", "log.")
    found = {key for key in listed(msgspec.inspect.type_info(Config), "") if key.startswith(parts)}
    of_torch = {key for key in LIST_KEYS if key.startswith("optimizer.options.")}
    assert found == LIST_KEYS - of_torch
    assert "optimizer.options.betas" in of_torch


def test_logspace_and_linspace_have_exact_ends() -> None:
    assert logspace(-4, 0, 5) == [10**e for e in (-4.0, -3.0, -2.0, -1.0, 0.0)]
    assert linspace(-2, 2, 5) == [-2.0, -1.0, 0.0, 1.0, 2.0]
    with pytest.raises(ConfigError, match="number of points"):
        linspace(0, 1, 0)


# Jobs ------------------------------------------------------------------------------------------


def test_the_command_of_a_job_composes_to_the_job() -> None:
    jobs = jobs_of(
        *POLYNOMIAL, "optimizer.lr=${logspace:-4,-1,7}", "problem.x0=[-1,0.3]", "sweep.zip=false"
    )
    assert len(jobs) == 14
    for job in jobs:
        again = plain(compose("config", list(job.overrides)))
        again.pop("sweep")
        assert again == job.raw
        assert job.command.startswith("python -m stat4830_grad problem=polynomial")


def test_values_are_written_so_that_hydra_reads_them_back() -> None:
    values = [0.1, 1e-05, 10**-3.7, 3, True, None, "cpu", [1.0, -0.5], "a b,c='d'", "1e3"]
    for value in values:
        assert compose("config", [f"+extra={written(value)}", "problem=polynomial"]).extra == value


def test_names_sort_by_number_and_suit_any_file_system() -> None:
    names = [directory_name(n, 4, {"optimizer.lr": 10.0**-n}) for n in (2, 10, 100)]
    assert names == sorted(names)
    odd = directory_name(7, 3, {"model.init_from": "../ä b:c*?" + "x" * 300})
    assert len(odd) <= NAME_LENGTH
    assert not set(odd) & set("/:*? '\"")


def test_jobs_that_differ_in_carried_keys_form_one_batch_and_others_their_own() -> None:
    stems = []
    for model in ("logistic", "mlp"):
        for lr in ("0.1", "0.2"):
            overrides = (
                "problem=digits",
                f"model={model}",
                f"optimizer.lr={lr}",
                "model.init_seed=[null,3]",
            )
            stems.append(Stem(overrides, plain(compose("config", list(overrides)))))
    jobs = make_jobs(stems)
    assert [len(members) for members in group(jobs)] == [4, 4]
    assert jobs[1].swept == {"model": "logistic", "optimizer.lr": 0.1, "model.init_seed": 3}


# Batches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gd", "adam", "torch_sgd"])
def test_every_job_leaves_what_its_own_single_run_leaves(tmp_path: Path, optimizer: str) -> None:
    overrides = [*DIGITS, f"optimizer={optimizer}", "optimizer.lr=[0.001,0.1]"]
    overrides += ["model.init_seed=[null,5]"]
    assert sweep(tmp_path / "sweep", *overrides) == 0
    for job in jobs_of(*overrides):
        alone, together = tmp_path / "alone" / job.name, tmp_path / "sweep" / job.name
        single(alone, job)
        assert {f.name for f in together.iterdir()} - {".hydra"} == {
            f.name for f in alone.iterdir()
        }
        assert (alone / "config.yaml").read_text() == (together / "config.yaml").read_text()
        for a, b in zip(read_rows(alone), read_rows(together), strict=True):
            assert a["step"] == b["step"]
            assert a["val_accuracy"] == b["val_accuracy"]
            assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-5)
        weights = [torch.load(d / "initial_weights.pt") for d in (alone, together)]
        assert all(torch.equal(weights[0][n], weights[1][n]) for n in weights[0])
        states = [torch.load(d / "checkpoint.pt")["params"] for d in (alone, together)]
        assert all(
            torch.allclose(states[0][n], states[1][n], rtol=1e-4, atol=1e-6) for n in states[0]
        )
        told = [json.loads((d / "summary.json").read_text()) for d in (alone, together)]
        for key in ("status", "steps", "command", "dataset", "dtype", "seed", "best_step"):
            assert told[0][key] == told[1][key]
        assert told[1]["batch"] == 4


def test_diverging_and_failing_jobs_are_rows_and_leave_the_others_unchanged(
    tmp_path: Path,
) -> None:
    good, bad = "0.01,0.05,0.1", "0.01,5,0.05,-1,7,0.1"
    assert sweep(tmp_path / "good", *POLYNOMIAL, f"optimizer.lr=[{good}]") == 0
    assert sweep(tmp_path / "bad", *POLYNOMIAL, f"optimizer.lr=[{bad}]") == 1
    rows = table_of(tmp_path / "bad")
    assert [row["status"] for row in rows] == [
        *("completed", "diverged", "completed", "failed", "diverged", "completed")
    ]
    assert "optimizer.lr=-1: must be a number > 0" in rows[3]["error"]
    kept = ("optimizer.lr", "final_loss", "final_x", "best_loss", "steps")
    completed = [[row[k] for k in kept] for row in rows if row["status"] == "completed"]
    assert completed == [[row[k] for k in kept] for row in table_of(tmp_path / "good")]
    diverged = tmp_path / "bad" / rows[1]["directory"]
    assert json.loads((diverged / "summary.json").read_text())["status"] == "diverged"
    assert read_rows(diverged)[-1]["step"] == int(rows[1]["steps"])


def test_a_sweep_of_nothing_but_bad_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"optimizer.lr=-1: must be a number > 0"):
        sweep(tmp_path, *POLYNOMIAL, "optimizer.lr=[-1,-2]")
    assert not (tmp_path / "sweep.csv").exists()


def test_of_a_batch_that_breaks_only_the_job_at_fault_fails(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    torch.save({"w": torch.zeros(784)}, weights)
    files = f"model.init_from=[{weights},{tmp_path / 'missing.pt'},null]"
    assert sweep(tmp_path / "sweep", *DIGITS, files) == 1
    rows = table_of(tmp_path / "sweep")
    assert [row["status"] for row in rows] == ["completed", "failed", "completed"]
    assert "missing.pt" in rows[1]["error"]


def test_a_batch_is_cut_into_equal_parts_and_results_stay(tmp_path: Path) -> None:
    overrides = (*POLYNOMIAL, "optimizer.lr=${linspace:0.01,0.1,7}")
    sweep(tmp_path / "whole", *overrides)
    sweep(tmp_path / "cut", *overrides, options=Sweep(batch=3, job_figures=0))
    kept = ("optimizer.lr", "final_x", "status", "directory")
    assert [[r[k] for k in kept] for r in table_of(tmp_path / "whole")] == [
        [r[k] for k in kept] for r in table_of(tmp_path / "cut")
    ]
    batches = [
        json.loads((tmp_path / "cut" / row["directory"] / "summary.json").read_text())["batch"]
        for row in table_of(tmp_path / "cut")
    ]
    assert batches == [3, 3, 3, 3, 3, 3, 1]


def test_one_run_is_no_batch() -> None:
    (job,) = jobs_of(*POLYNOMIAL)
    said = {runs: describe(job.config(), "cpu", runs, 1) for runs in (1, 2)}
    assert said[1].endswith("cpu float32: a run alone")
    assert said[2].endswith("cpu float32: 2 runs in one batch")


def test_at_least_one_run_is_tried_however_little_memory_there_is() -> None:
    assert runs_that_fit(10, 95.0) == 9
    assert runs_that_fit(10, 3.0) == 1


def test_a_batch_stays_near_the_cpu_unless_asked_otherwise() -> None:
    cpu = torch.device("cpu")
    assert usable_bytes(cpu, asked=None) == NEAR
    assert usable_bytes(cpu, asked=2.0) == 2 * 2**30


@pytest.mark.mnist
def test_accuracies_of_64_step_sizes_on_mnist_are_those_of_single_runs(
    tmp_path: Path, mnist_dir: Path
) -> None:
    words = ("problem=mnist", f"data_dir={mnist_dir}", "steps=21", "device=cpu", "dtype=float64")
    overrides = (*words, "figures=false", "optimizer.lr=${logspace:-4,0,64}")
    assert sweep(tmp_path, *overrides) == 0
    jobs = jobs_of(*overrides)
    setup = prepare(jobs[0].config())
    for job in jobs:
        config = job.config()
        alone = build([config], torch.Size(()), setup)
        runs = alone.train(alone.start(), steps=config.steps, due=config.log.due)
        for (_, record), row in zip(runs, read_rows(tmp_path / job.name), strict=True):
            for name in ("train_accuracy", "val_accuracy"):
                assert float(record.values[name]) == row[name]


# The table -------------------------------------------------------------------------------------


def test_new_columns_go_after_the_one_they_follow() -> None:
    assert merged(["job", "a", "status"], ["job", "a", "b", "status", "c"]) == [
        *("job", "a", "b", "status", "c")
    ]


def test_a_row_cut_by_a_kill_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    table = SweepTable(tmp_path)
    row = SweepRow(0, "completed", "000", error='a, "b"\nc')
    table.append(row)
    with table.path.open("a") as file:
        file.write("1,comple")
    table.append(replace(row, job=2))
    rows = SweepTable(tmp_path).rows()
    assert [r.job for r in rows] == [r.job for r in table.rows()] == [0, 2]
    assert rows[0].error == 'a, "b" c'


def test_a_row_is_written_again_as_it_was_read() -> None:
    cells = {
        **{"job": "3", "optimizer.lr": "1e-05", "model.hidden": "[8,4]", "problem.file": "1_000"},
        **{"problem.noise": "0.10", "seed": "7", "status": "diverged", "steps": "40"},
        **{"final_val_accuracy": "0.5", "final_w1": "-inf", "best_val_accuracy": "0.75"},
        **{"predicted_rate": "0.25", "seconds": "0.125", "directory": "003_x", "error": ""},
    }
    row = row_of(cells, Path())
    assert row.swept["optimizer.lr"] == 1e-5
    assert row.swept["problem.noise"] == "0.10"
    assert row.final[metric_named("w1")] == -math.inf
    assert cells_of(row) == cells


def test_a_sweep_over_problems_that_share_no_metric_is_drawn(cli: Cli, tmp_path: Path) -> None:
    done = cli("-m", "problem=digits,polynomial", "steps=3", "device=cpu", "hydra.sweep.dir=here")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "results.png").exists()
    assert not (tmp_path / "here" / "curves.png").exists()


def test_several_processes_append_whole_rows(tmp_path: Path) -> None:
    def append(n: int) -> None:
        tables = [SweepTable(tmp_path) for _ in range(2)]
        for i in range(40):
            row = SweepRow(100 * n + i, "completed", "d", {f"x{n}": "v" * 50})
            tables[i % 2].append(row)

    watcher = SweepTable(tmp_path)
    watcher.append(SweepRow(-1, "completed", "before"))
    started = [get_context("fork").Process(target=append, args=(n,)) for n in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert watcher.rows() == SweepTable(tmp_path).rows()
    assert watcher.statuses() == {"before": "completed", "d": "completed"}
    rows = [row for row in watcher.rows() if row.job >= 0]
    assert sorted(row.job for row in rows) == sorted(
        100 * n + i for n in range(3) for i in range(40)
    )
    assert all(row.swept == {f"x{row.job // 100}": "v" * 50} for row in rows)


# Resuming --------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.mark.parametrize("after", [0, 3, 9, 12])
def test_a_killed_sweep_resumes_to_the_table_of_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    overrides = [*DIGITS, "optimizer=momentum", "optimizer.lr=[0.01,0.1,1e30]"]
    overrides += ["log.every=2", "checkpoint.seconds=0", "dtype=float32"]
    sweep(tmp_path / "whole", *overrides)

    true_train = training.train

    def killed(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for state, record in true_train(*args, **kwargs):
            if record.updates > after:
                raise Killed
            yield state, record

    monkeypatch.setattr("stat4830_grad.training.experiment.train", killed)
    if after < 12:
        with pytest.raises(Killed):
            sweep(tmp_path / "cut", *overrides)
    else:
        sweep(tmp_path / "cut", *overrides)
    monkeypatch.undo()
    resumed = Sweep(resume=str(tmp_path / "cut"), job_figures=0)
    assert sweep(tmp_path / "cut", *overrides, options=resumed) == 0
    assert without_seconds(tmp_path / "cut") == without_seconds(tmp_path / "whole")
    for row in table_of(tmp_path / "cut"):
        both = [read_rows(tmp_path / name / row["directory"]) for name in ("cut", "whole")]
        assert values_of(both[0]) == values_of(both[1])


def test_a_requeued_task_refuses_a_table_that_has_changed_meanwhile(tmp_path: Path) -> None:
    """What a task of a Slurm array calls, before the table changes and after."""
    file = tmp_path / "t.csv"
    file.write_text("x,y\n1,2\n2,3\n")
    words = ("problem=least_squares", f"problem.file={file}", "figures=false", "steps=3")
    jobs = jobs_of(*words, "optimizer.lr=[0.01,0.02]")
    (tmp_path / ".sweep").mkdir()
    record_inputs(tmp_path / ".sweep", [job.config() for job in jobs])
    context = SweepContext(tmp_path, SILENT, {}, make_console(), Interrupt())
    run_jobs(jobs[:1], context)
    file.write_text("x,y\n1,2\n2,9\n")
    run_jobs(jobs[1:], context)
    first, second = table_of(tmp_path)
    assert (first["status"], second["status"]) == ("completed", "failed")
    assert second["error"].startswith(f"problem.file={file} is not the file it was")


def test_resuming_with_another_command_is_refused(tmp_path: Path) -> None:
    sweep(tmp_path, *POLYNOMIAL, "optimizer.lr=[0.01,0.1]")
    resumed = Sweep(resume=str(tmp_path))
    with pytest.raises(ConfigError, match="2 jobs, this command has 3"):
        sweep(tmp_path, *POLYNOMIAL, "optimizer.lr=[0.01,0.1,0.2]", options=resumed)
    with pytest.raises(ConfigError, match=r"its job 1 is .*optimizer.lr=0.1"):
        sweep(tmp_path, *POLYNOMIAL, "optimizer.lr=[0.01,0.3]", options=resumed)
    with pytest.raises(ConfigError, match="holds a sweep already"):
        sweep(tmp_path, *POLYNOMIAL, "optimizer.lr=[0.01,0.1]")


def test_resuming_runs_a_failed_job_again(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    overrides = (*DIGITS, f"model.init_from=[null,{weights}]")
    assert sweep(tmp_path / "sweep", *overrides) == 1
    torch.save({"w": torch.zeros(784)}, weights)
    resumed = Sweep(resume=str(tmp_path / "sweep"), job_figures=0)
    assert sweep(tmp_path / "sweep", *overrides, options=resumed) == 0
    assert [row["status"] for row in table_of(tmp_path / "sweep")] == ["completed"] * 2


# The command line ------------------------------------------------------------------------------


def test_multirun_and_lists_leave_the_same_table(cli: Cli, tmp_path: Path) -> None:
    listed = cli(*POLYNOMIAL, "optimizer.lr=[0.01,5]", "hydra.run.dir=listed")
    assert listed.returncode == 0, listed.stderr
    multirun = cli("-m", *POLYNOMIAL, "optimizer.lr=0.01,5", "hydra.sweep.dir=multi")
    assert multirun.returncode == 0, multirun.stderr
    assert without_seconds(tmp_path / "listed") == without_seconds(tmp_path / "multi")
    last_lines = listed.stdout.splitlines()
    assert "1 completed, 1 diverged of 2 jobs" in listed.stdout
    command = (
        "python -m stat4830_grad problem=polynomial figures=false device=cpu optimizer.lr=0.01"
    )
    assert any(line.strip() == command for line in last_lines)


def test_ctrl_c_keeps_what_is_finished_and_resume_completes_it(tmp_path: Path) -> None:
    words = ["problem=polynomial", "device=cpu", "figures=false", "steps=100000000"]
    words += ["log.every=100000", "optimizer.lr=[0.01,5]", "hydra.run.dir=sweep"]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    process = subprocess.Popen(
        [sys.executable, "-m", "stat4830_grad", *words], cwd=tmp_path, env=environment
    )
    until = time.monotonic() + 120
    while not (tmp_path / "sweep" / "sweep.csv").exists() and time.monotonic() < until:
        time.sleep(0.05)  # the diverged job is a row at once
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    rows = {row["directory"]: row["status"] for row in table_of(tmp_path / "sweep")}
    assert rows == {"000_lr_0.01": "interrupted", "001_lr_5": "diverged"}


# Least squares on fewer rows -------------------------------------------------------------------


def test_least_squares_on_fewer_rows_is_the_same_function(tmp_path: Path) -> None:
    words = ("problem=least_squares", "problem.n=1500", "problem.p=6", "problem.w_star=null")
    overrides = [*words, "problem.noise=0.3", "dtype=float64", "figures=false", "device=cpu"]
    overrides += ["optimizer.lr=[1e-4,6e-4]"]
    sweep(tmp_path / "sweep", *overrides)
    for job in jobs_of(*overrides):
        single(tmp_path / job.name, job)
        pairs = zip(
            read_rows(tmp_path / job.name), read_rows(tmp_path / "sweep" / job.name), strict=True
        )
        for alone, together in pairs:
            for name in ("loss", "grad_norm", "distance"):
                assert together[name] == pytest.approx(alone[name], rel=1e-9, abs=1e-9)
