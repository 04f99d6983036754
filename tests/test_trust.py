"""To go on with a run trusts nothing that is found: damaged and foreign files are refused."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import stat4830_grad as sg
from stat4830_grad.config.load import parse, resumed
from stat4830_grad.core import NEVER
from stat4830_grad.data.weights import load
from stat4830_grad.system.errors import DataError
from stat4830_grad.tasks.train.one_run import train_one
from stat4830_grad.training.rows import read_rows

WORDS = ("problem=least_squares", "optimizer=momentum", "steps=40", "log.every=10", "figures=false")


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file()
    }


def go_on(directory: Path, steps: int = 80) -> int:
    """What `resume=DIR steps=N` does once the command line is read."""
    raw = {"steps": steps, "resume": str(directory)}
    return train_one(parse(resumed(directory, raw, [f"steps={steps}"])), directory, "", None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 updates with rows 0, 1, 11, 21, 31 and 40."""
    directory = tmp_path_factory.mktemp("runs") / "run"
    assert train_one(sg.compose(*WORDS), directory, "", None) == 0
    return directory


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


def refused(directory: Path, file: str, steps: int = 80) -> str:
    """The message that refuses the run in `directory` for one of its files; nothing is written."""
    before = contents(directory)
    with pytest.raises(DataError) as caught:
        go_on(directory, steps)
    assert contents(directory) == before
    assert str(directory / file) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def saved_with(directory: Path, **changes: Any) -> None:
    """Change the checkpoint; what it belongs to stays out of it, as in earlier versions."""
    path = directory / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    del content["config"], content["rows"]
    torch.save({**content, **changes}, path)


def test_a_sound_run_goes_on_also_with_the_checkpoint_of_an_earlier_version(run: Path) -> None:
    saved_with(run)
    assert go_on(run) == 0
    assert [row["step"] for row in read_rows(run)] == [0, *range(1, 81, 10), 80]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"params": {"w": torch.zeros(3)}},
            "w is float32 of shape (3,), not float32 of shape (2,)",
        ),
        ({"params": {"w": torch.zeros(2).double()}}, "w is float64 of shape (2,)"),
        ({"params": {"v": torch.zeros(2)}}, "it lacks w"),
        ({"params": {}}, "not a checkpoint"),
        ({"optimizer": {}}, "it lacks velocity w"),
        ({"optimizer": {"velocity": {"w": torch.zeros(1)}}}, "velocity w is float32 of shape (1,)"),
        ({"optimizer": {"m": {"w": torch.zeros(2)}}}, "it lacks velocity w"),
        ({"optimizer": [1]}, "not a checkpoint"),
        ({"diverged_at": torch.tensor([NEVER, NEVER])}, "it is of 2 runs, not of 1"),
        ({"diverged_at": torch.tensor(41)}, "not a checkpoint"),
        ({"updates": -5}, "not a checkpoint"),
        ({"updates": True}, "not a checkpoint"),
        ({"updates": 1.5}, "not a checkpoint"),
        ({"updates": 10**9}, "they are not of one run"),
        ({"updates": 10**30}, "not a checkpoint"),
        ({"updates": 60}, "they are not of one run"),
        ({"seconds": float("nan")}, "not a checkpoint"),
        ({"more": 1}, "not a checkpoint"),
    ],
    ids=str,
)
def test_a_checkpoint_that_is_not_of_this_run_is_refused(
    run: Path, changes: dict[str, Any], said: str
) -> None:
    saved_with(run, **changes)
    assert said in refused(run, "checkpoint.pt", steps=2 * 10**9)


def test_a_class_of_torchs_does_not_go_on_from_what_another_remembers(tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = [WORDS[0], "optimizer=torch", "optimizer.name=AdamW", *WORDS[2:]]
    assert train_one(sg.compose(*words), run, "", None) == 0
    sound = shutil.copytree(run, tmp_path / "sound")
    assert go_on(sound) == 0
    saved_with(run, optimizer={"exp_avg": {"w": torch.zeros(3)}})
    assert "cannot go on from what it holds" in refused(run, "checkpoint.pt")


def test_no_flipped_bit_of_a_checkpoint_goes_unnoticed(run: Path) -> None:
    path, chance = run / "checkpoint.pt", random.Random(4830)
    sound = path.read_bytes()
    whole = load(path, torch.device("cpu"))
    refusals = 0
    for place in chance.sample(range(len(sound)), 300):
        bit = 1 << chance.randrange(8)
        path.write_bytes(sound[:place] + bytes([sound[place] ^ bit]) + sound[place + 1 :])
        try:
            found = load(path, torch.device("cpu"))
        except DataError:
            refusals += 1
        else:  # in what is no content: padding, times
            assert torch.equal(found["params"]["w"], whole["params"]["w"])
            assert repr(found) == repr(whole)
    assert refusals > 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "\x00\x01{[junk", "is damaged"),
        (lambda text: "- a\n- b\n", "is damaged"),
        (lambda text: "7\n", "is damaged"),
        (lambda text: "", "is empty"),
        (lambda text: f"seed: 1\n{text}", "is damaged"),
        (lambda text: text.replace("problem:", "problem: 3\nother:"), "is damaged"),
        (lambda text: text.replace("steps: 40", "steps: ${seed}0000000000000000000"), "is damaged"),
        (lambda text: text.replace("beta: 0.9", "beta: 9"), "optimizer.beta=9"),
        (lambda text: text.replace("beta: 0.9", "beta: 0.8"), "optimizer.beta=0.8, and checkpoint"),
        (lambda text: text.replace("momentum", "nesterov"), "says optimizer.name=nesterov"),
        (lambda text: text.replace("float32", "float64"), "says dtype=float64"),
        (lambda text: text.replace("task: train", "task: check"), "it is of task=check"),
    ],
)
def test_a_damaged_configuration_is_refused(
    run: Path, change: Callable[[str], str], said: str
) -> None:
    path = run / "config.yaml"
    path.write_text(change(path.read_text()))
    assert said in refused(run, "config.yaml")


def test_a_configuration_in_another_encoding_is_refused(run: Path) -> None:
    text = (run / "config.yaml").read_text()
    for content in (text.encode("utf-16"), b"\xff\xfe\x00", text.encode()[:200] + b"\x80"):
        (run / "config.yaml").write_bytes(content)
        refused(run, "config.yaml")


SAID_BY_ROWS: list[tuple[Callable[[list[str]], list[str]], bool]] = [
    (lambda lines: lines[:3] + lines[4:], False),
    (lambda lines: [*lines[:3], lines[3], *lines[3:]], True),
    (lambda lines: [*lines[:3], lines[3].replace("11,", "12,", 1), *lines[4:]], False),
    (lambda lines: [*lines[:3], lines[3].replace(".", ".1", 1), *lines[4:]], False),
    (lambda lines: lines[:2], True),
    (lambda lines: [lines[0]], False),
    (lambda lines: [], True),
    (lambda lines: ["\x00\x01\x80"] * 9, True),
    (lambda lines: [lines[0].replace("loss", "step"), *lines[1:]], True),
    (lambda lines: [lines[0], *lines[2:], lines[1]], True),
]
"""What happens to a metrics.csv, and whether its rows alone show it: a checkpoint of an earlier
version does not say which they were."""


@pytest.mark.parametrize("change", [change for change, _ in SAID_BY_ROWS])
def test_rows_that_are_not_those_that_were_written_are_refused(
    run: Path, change: Callable[[list[str]], list[str]]
) -> None:
    write_rows(run, change)
    assert "or remove" in refused(run, "metrics.csv")
    (run / "metrics.csv").unlink()  # as it says
    assert go_on(run) == 0
    assert [row["step"] for row in read_rows(run)] == [41, 51, 61, 71, 80]


@pytest.mark.parametrize("change", [change for change, seen in SAID_BY_ROWS if seen])
def test_rows_of_an_earlier_version_are_in_order_or_refused(
    run: Path, change: Callable[[list[str]], list[str]]
) -> None:
    write_rows(run, change)
    saved_with(run)
    assert "or remove" in refused(run, "metrics.csv")


def write_rows(run: Path, change: Callable[[list[str]], list[str]]) -> None:
    path = run / "metrics.csv"
    lines = change(path.read_text().splitlines())
    path.write_text("".join(f"{line}\n" for line in lines), "latin-1")


def test_rows_beyond_the_checkpoint_do_not_matter(run: Path) -> None:
    with (run / "metrics.csv").open("ab") as file:
        file.write(b"41,0.1,\x00\x00\x80\n41,9\n9")
    assert go_on(run) == 0
    assert [row["step"] for row in read_rows(run)] == [0, *range(1, 81, 10), 80]


def test_another_grid_of_the_log_keeps_the_rows_there_are(run: Path) -> None:
    raw = {"steps": 100, "log": {"every": 50}}
    config = parse(resumed(run, raw, ["steps=100", "log.every=50"]))
    assert train_one(config, run, "", None) == 0
    assert [row["step"] for row in read_rows(run)] == [0, 1, 11, 21, 31, 51, 100]
    assert go_on(run, 120) == 0
