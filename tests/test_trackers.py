"""log.to and task=export: each tracker's own reader finds what metrics.csv has, once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import lacking
from PIL import Image
from test_config import config, message
from trackers_read import Table, of_mlflow, of_tensorboard, of_trackio, of_wandb

from stat4830_grad.config.schema import TrackerName
from stat4830_grad.config.trackers import LIBRARIES
from stat4830_grad.tasks.train.one_run import train_one
from stat4830_grad.trackers.logging_runs import Live, log_run, log_runs
from stat4830_grad.trackers.notes import Notes
from stat4830_grad.training.rows import read_rows

NAMES: tuple[TrackerName, ...] = ("tensorboard", "mlflow", "wandb", "trackio")
CHOICES = ("problem=composite", "problem.init_seed=1", "dtype=float64", "log.every=3")


@pytest.fixture(scope="module", autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every tracker keeps its runs in a directory of this module's, and none has an account."""
    before, place = Path.cwd(), tmp_path_factory.mktemp("trackers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKIO_DIR", str(place / "trackio"))
        patch.setenv("WANDB_MODE", "offline")
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_PROJECT"):
            patch.delenv(name, raising=False)
        os.chdir(place)
        yield place
        os.chdir(before)


@pytest.fixture(params=NAMES)
def tracker(request: pytest.FixtureRequest) -> TrackerName:
    """Each tracker whose library is installed."""
    name: TrackerName = request.param
    if not all(map(find_spec, LIBRARIES[name])):
        lacking("trackers", f"{name} is not installed")
    return name


def trained(directory: Path, *choices: str) -> Path:
    """A run in a directory, or what was left to do of one."""
    assert train_one(config(*choices), directory, "the command", None) == 0
    return directory


def note(run: Path, name: str) -> dict[str, object]:
    """What trackers.json has for a tracker."""
    known: dict[str, dict[str, object]] = json.loads((run / "trackers.json").read_text())[
        "trackers"
    ]
    return next(value for key, value in known.items() if key.split()[0] == name)


def read(run: Path, name: TrackerName) -> Table:
    """The scalars that a tracker has of a run, without those of its end."""
    if name == "tensorboard":
        found = of_tensorboard(run)[0]
    elif name == "mlflow":
        from mlflow import MlflowClient

        found = of_mlflow(MlflowClient(), str(note(run, name)["run"]))
    elif name == "wandb":
        parts = note(run, name)["parts"]
        assert isinstance(parts, list)
        found = {}
        for part in parts:
            for step, row in of_wandb(Path(part))[0].items():
                assert not found.get(step, {}).keys() & row.keys(), "logged twice"
                found.setdefault(step, {}).update(row)
    else:
        found = of_trackio("stat4830_grad", f"{run.name} {Notes(run).id[:6]}")
    columns = read_rows(run)[0].keys()
    kept = {step: {k: v for k, v in row.items() if k in columns} for step, row in found.items()}
    return {step: row for step, row in kept.items() if row}


def expected(run: Path) -> Table:
    """The scalars of metrics.csv."""
    return {
        int(row["step"]): {k: v for k, v in row.items() if k not in ("step", "seconds")}
        for row in read_rows(run)
    }


def test_a_run_is_logged_live_and_when_it_is_resumed_and_never_twice(
    tracker: TrackerName, tmp_path: Path
) -> None:
    run = trained(tmp_path / "run", *CHOICES, "steps=19", f"log.to={tracker}")
    assert len(expected(run)) == 8
    assert read(run, tracker) == expected(run)
    assert not log_run(run, tracker)  # it has everything
    trained(run, f"resume={run}", "steps=30", f"log.to={tracker}")
    assert read(run, tracker) == expected(run)
    assert max(expected(run)) == 30
    if tracker == "mlflow":  # its parameters never change
        from mlflow import MlflowClient

        data = MlflowClient().get_run(str(note(run, tracker)["run"])).data
        assert (data.params["steps"], data.tags["steps"]) == ("19", "30")
    assert not log_run(run, tracker)


def test_a_run_that_was_killed_while_it_was_logged_is_logged_to_its_end(
    tracker: TrackerName, tmp_path: Path
) -> None:
    run = trained(tmp_path / "run", *CHOICES, "steps=20", "log.to=[]")
    assert log_run(run, tracker)
    notes = json.loads((run / "trackers.json").read_text())
    for one in notes["trackers"].values():
        one.update(last=None, status=None)  # as it stands until the end was logged
    (run / "trackers.json").write_text(json.dumps(notes))
    assert log_run(run, tracker)
    assert read(run, tracker) == expected(run)


def test_the_store_of_mlflow_goes_on_where_a_killed_run_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not all(map(find_spec, LIBRARIES["mlflow"])):
        lacking("trackers", "mlflow is not installed")
    monkeypatch.setattr("stat4830_grad.trackers.mlflow.SECONDS", -1.0)  # each row is sent at once
    run, said = trained(tmp_path / "run", *CHOICES, "steps=20"), list[str]()
    live = Live(["mlflow"], run, said.append)
    for row in read_rows(run)[:4]:
        live.log_row(row)
    assert log_run(run, "mlflow")
    assert (read(run, "mlflow"), said) == (expected(run), [])


def test_what_else_each_tracker_gets(tracker: TrackerName, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", *CHOICES, "steps=4")
    Image.new("RGB", (3, 2)).save(run / "curves.png")
    log_run(run, tracker)
    CHECKS[tracker](run)


def check_tensorboard(run: Path) -> None:
    _, reader = of_tensorboard(run)
    tags = reader.Tags()
    assert {"weights/b1", "weights/x"} <= set(tags["histograms"])
    assert [event.step for event in reader.Histograms("weights/b1")] == [0, 4]
    assert tags["images"] == ["curves"]
    text = reader.Tensors("configuration/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "name: composite" in text


def check_mlflow(run: Path) -> None:
    from mlflow import MlflowClient

    store, number = MlflowClient(), str(note(run, "mlflow")["run"])
    found = store.get_run(number)
    assert store.tracking_uri.startswith("sqlite:///")
    assert found.info.status == "FINISHED"
    assert (found.data.params["problem.name"], found.data.params["seed"]) == ("composite", "42")
    assert found.data.tags["command"] == "the command"
    files = {file.path for file in store.list_artifacts(number)}
    assert {"config.yaml", "metrics.csv", "summary.json", "figures", "histograms"} <= files


def check_wandb(run: Path) -> None:
    parts = note(run, "wandb")["parts"]
    assert isinstance(parts, list)
    _, records = of_wandb(Path(parts[0]))
    kinds = [record.WhichOneof("record_type") for record in records]
    opened = records[kinds.index("run")].run
    assert (opened.run_id, opened.display_name) == (Notes(run).id, "run")
    chosen = {item.key: json.loads(item.value_json) for item in opened.config.update}
    assert (chosen["problem"]["name"], chosen["seed"]) == ("composite", 42)
    assert records[kinds.index("exit")].exit.exit_code == 0
    logged = [r.history for r in records if r.WhichOneof("record_type") == "history"]
    types = {item.value_json for row in logged for item in row.item if item.nested_key[1:]}
    assert {'"histogram"', '"image-file"'} <= types


def check_trackio(run: Path) -> None:
    from trackio import Api
    from trackio.sqlite_storage import SQLiteStorage

    name = f"run {Notes(run).id[:6]}"
    found = next(one for one in Api().runs("stat4830_grad") if one.name == name)
    assert found.config is not None
    assert found.config["problem"]["name"] == "composite"
    kinds = {
        value["_type"]
        for entry in SQLiteStorage.get_logs("stat4830_grad", name)
        for value in entry.values()
        if isinstance(value, dict)
    }
    assert {"trackio.histogram", "trackio.image"} <= kinds


CHECKS: dict[TrackerName, Callable[[Path], None]] = {
    "tensorboard": check_tensorboard,
    "mlflow": check_mlflow,
    "wandb": check_wandb,
    "trackio": check_trackio,
}


def test_jobs_of_a_sweep_are_nested_or_a_group(tracker: TrackerName, tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    (sweep / ".sweep").mkdir(parents=True)
    (sweep / "sweep.csv").write_text("job,status\n")
    jobs = [trained(sweep / name, *CHOICES, "steps=3") for name in ("000", "001")]
    assert log_runs(jobs, tracker) == f"{tracker}: 2 runs logged"
    assert log_runs(jobs, tracker) == f"{tracker}: 0 runs logged, 2 already"
    assert [read(job, tracker) for job in jobs] == [expected(job) for job in jobs]
    if tracker == "mlflow":
        from mlflow import MlflowClient

        store = MlflowClient()
        parents = {
            store.get_run(str(note(job, tracker)["run"])).data.tags["mlflow.parentRunId"]
            for job in jobs
        }
        (parent,) = parents
        assert store.get_run(parent).info.run_name == "sweep"
        assert [file.path for file in store.list_artifacts(parent)] == ["sweep.csv"]
    elif tracker == "wandb":
        parts = note(jobs[0], tracker)["parts"]
        assert isinstance(parts, list)
        records = of_wandb(Path(parts[0]))[1]
        assert "sweep" in {r.run.run_group for r in records if r.HasField("run")}


def test_a_missing_library_is_one_sentence_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LIBRARIES, "wandb", ("no_such_library",))
    monkeypatch.setitem(LIBRARIES, "mlflow", ("sys", "nor_this"))
    monkeypatch.setitem(LIBRARIES, "tensorboard", ("sys",))
    assert message("log.to=[wandb,tensorboard,mlflow]") == (
        "log.to=wandb,mlflow: wandb and mlflow are not installed; "
        "pip install 'stat4830-grad[wandb,mlflow]'"
    )
    assert "write log.to=[mlflow,wandb]" in message("log.to=mlflow,wandb")
    assert "no such log.to" in message("log.to=comet")
    assert "write runs=[DIR,DIR] log.to=mlflow" in message("task=export", "runs=x")


def test_a_tracker_that_fails_is_given_up_and_the_run_goes_on(tmp_path: Path) -> None:
    if not find_spec("tensorboard"):
        lacking("trackers", "tensorboard is not installed")
    run, said = trained(tmp_path / "run", *CHOICES, "steps=3"), list[str]()
    (run / "trackers.json").mkdir()
    with pytest.raises(Exception, match="trackers"):
        log_run(run, "tensorboard")
    (run / "trackers.json").rmdir()
    live = Live(["tensorboard"], run, said.append)
    live.log_row({"step": 7.0, "loss": 1.0})  # a row without its time
    assert "tensorboard failed, KeyError: 'seconds'; the run goes on, and later: " in said[0]
    assert f"task=export runs={run} log.to=tensorboard" in said[0]
    live.close()
