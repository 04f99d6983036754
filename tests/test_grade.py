"""A class is graded: every submission by itself, the same grades from the same seed."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import hostile_files as hostile
import pytest
from conftest import PYTHONPATH
from msgspec.structs import replace
from rich.console import Console

import stat4830_grad as sg
from stat4830_grad.config.help import help_text
from stat4830_grad.config.schema import Config
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks import grade
from stat4830_grad.tasks.check.diagnosis import Diagnosis, diagnose
from stat4830_grad.tasks.grade import grading
from stat4830_grad.tasks.grade.gradebook import harmless
from stat4830_grad.tasks.grade.report import show
from stat4830_grad.tasks.grade.submissions import submissions

GOOD = "def gradient(w, X, y):\n    return X.T @ (X @ w - y)\n"
MEAN = "def gradient(w, X, y):\n    return X.T @ (X @ w - y) / len(y)\n"
LOUD = "print('<script>alert(1)</script>')\nimport os\nos._exit(0)\n"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": "# Mine"},
            {"cell_type": "code", "source": ["%matplotlib inline\n", "!ls\n", "import math"]},
            {"cell_type": "code", "source": GOOD},
        ]
    }
)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Right, wrong, hostile, a notebook, folders, a file that is no Python."""
    place = tmp_path_factory.mktemp("class")
    files = {
        "ana.py": GOOD,
        "ben.py": MEAN,
        "chi.py": MEAN,
        "dora.ipynb": NOTEBOOK,
        "emil.py": LOUD,
        "finn/helper.py": "x = 1\n",
        "finn/mine.py": GOOD,
        "gus/notes.txt": "none",
        "hana.py": "def gradient(w:\n",
        "ivo.py": hostile.DECIDES["torch.equal"],
        "june.py": GOOD.replace("    return", "    w -= 0.1\n    return"),
        "lena.py": hostile.NOT_BY_HAND["backward"],
        "kofi.py": "n = 0\n" + GOOD.replace("return", "global n; n += 1; return n *"),
    }
    for name, source in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(source, "utf-8")
    return place


def configured(place: Path, *words: str) -> Config:
    return sg.compose("task=grade", "problem=least_squares", f"submissions={place}", *words)


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(classroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("graded")
    assert grade.run(configured(classroom), directory, "") == 0
    return directory


def test_every_submission_has_its_row_and_no_hostile_one_a_point(graded: Path) -> None:
    found = {row["name"]: row for row in rows(graded)}
    assert {name: (row["status"], row["score"], row["w"]) for name, row in found.items()} == {
        "ana": ("right", "100", "1"),
        "ben": ("wrong", "0", "0"),
        "chi": ("wrong", "0", "0"),
        "dora": ("right", "100", "1"),
        "emil": ("exited", "0", "0"),
        "finn": ("right", "100", "1"),
        "gus": ("cannot be used", "0", ""),
        "hana": ("raised", "0", "0"),
        "ivo": ("wrong", "0", "0"),
        "june": ("wrong", "0", "0"),
        "kofi": ("wrong", "0", "0"),
        "lena": ("not by hand", "0", "0"),
    }
    assert "1/n" in found["ben"]["diagnosis"]
    assert "line 1 is not Python" in found["hana"]["diagnosis"]
    assert found["gus"]["diagnosis"] == "no file defines gradient"


def test_no_pipe_is_waited_for_and_no_link_brings_the_grade_of_another(tmp_path: Path) -> None:
    place = tmp_path / "class"
    (place / "dora").mkdir(parents=True)
    (place / "ana.py").symlink_to("ben.py")
    (place / "ben.py").write_text(GOOD, "utf-8")
    os.mkfifo(place / "chi.py")
    (place / "dora" / "mine.py").symlink_to("../ben.py")
    (place / "emil").symlink_to(".")
    (place / "finn.py").symlink_to("/dev/zero")
    assert grade.run(configured(place), tmp_path / "out", "") == 0
    found = {row["name"]: row for row in rows(tmp_path / "out")}
    assert {name for name, row in found.items() if row["score"] != "0"} == {"ben"}
    assert set(found) == {"ana", "ben", "chi", "dora", "emil", "finn"}
    for name in ("ana", "dora", "emil", "finn"):
        assert "is a link that leads out" in found[name]["diagnosis"]
    assert "a pipe" in found["chi"]["diagnosis"]


def test_a_file_that_changes_while_it_is_graded_is_graded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "class" / "ana.py"
    path.parent.mkdir()
    path.write_text(MEAN, "utf-8")
    (submission,) = submissions(path.parent)
    asked = diagnose

    def changed_meanwhile(*arguments: Any) -> Diagnosis:
        found = asked(*arguments)
        path.write_text(GOOD, "utf-8")
        return found

    monkeypatch.setattr(f"{grading.__name__}.diagnose", changed_meanwhile)
    config = configured(path.parent)
    assert config.grade
    result = grading.graded(submission, config, config.grade)
    assert result.status == "wrong"
    assert result.fingerprint != submission.fingerprint()


def test_results_are_what_gradescope_reads(graded: Path) -> None:
    right = json.loads((graded / "results" / "ana.json").read_text("utf-8"))
    assert right["score"] == 100
    assert right["execution_time"] > 0
    (test,) = right["tests"]
    assert (test["score"], test["max_score"], test["status"]) == (100, 100, "passed")
    assert test["visibility"] == "visible"
    wrong = json.loads((graded / "results" / "ben.json").read_text("utf-8"))
    assert wrong["score"] == 0
    assert "1/n" in wrong["tests"][0]["output"]


def test_texts_of_students_are_text_on_every_page(graded: Path) -> None:
    page = (graded / "feedback" / "emil.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "default-src 'none'" in page
    report = (graded / "report.html").read_text("utf-8")
    for name in ("ana", "dora", "hana"):
        assert f'<a href="feedback/{name}.html">' in report


def test_the_same_seed_gives_the_same_grades(graded: Path, classroom: Path, tmp_path: Path) -> None:
    grade.run(configured(classroom, "grade.jobs=3"), tmp_path, "")
    assert (tmp_path / "gradebook.csv").read_bytes() == (graded / "gradebook.csv").read_bytes()


def test_a_class_is_told_of_its_mistakes(
    graded: Path, classroom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grade.run(configured(classroom, f"grade.resume={graded}"), graded, "")
    said = " ".join(capsys.readouterr().out.split())
    assert "12 graded before" in said
    assert "2 ████████████ is 1/n times the right gradient" in said
    assert re.search(r"\b3 █+ right", said)


def test_what_is_missing_or_changed_is_graded_and_nothing_else(
    classroom: Path, tmp_path: Path
) -> None:
    place, directory = tmp_path / "class", tmp_path / "graded"
    place.mkdir()
    for name in ("ana", "ben", "chi"):
        (place / f"{name}.py").write_text(GOOD if name == "ana" else MEAN, "utf-8")
    grade.run(configured(place), directory, "")
    kept = directory / "kept"
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    (kept / "ana.json").write_bytes(b"{")  # as a damaged file system leaves it
    (place / "ben.py").write_text(GOOD, "utf-8")
    config = configured(place, f"grade.resume={directory}")
    grade.run(config, directory, "")
    after = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"ana.json", "ben.json"}
    assert [row["score"] for row in rows(directory)] == ["100", "100", "0"]
    with pytest.raises(ConfigError, match="seed was another"):
        grade.run(replace(config, seed=1), directory, "")
    once = configured(place, f"grade.resume={directory}", "grade.only=chi")
    grade.run(once, directory, "")
    last = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert {name for name in last if last[name] != after[name]} == {"chi.json"}
    with pytest.raises(ConfigError, match="did you mean chi"):
        grade.run(configured(place, "grade.only=chii"), tmp_path / "new", "")


def test_a_directory_without_submissions_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        submissions(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"no \.py"):
        submissions(tmp_path)


def test_files_of_one_name_are_told_apart_and_two_gradients_in_a_folder_named(
    tmp_path: Path,
) -> None:
    for name in ("a.py", "a.ipynb", "b/x.py", "b/y.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD, "utf-8")
    found = {one.name: one.problem for one in submissions(tmp_path)}
    assert found == {
        "a.py": "",
        "a.ipynb": "",
        "b": "several files define gradient: x.py, y.py",
    }


def test_the_help_has_our_keys_and_not_hydras() -> None:
    said = help_text(["task=grade"])
    assert "resume: null # directory of a grading" in said
    assert "run_dir" not in said


def test_no_cell_of_the_gradebook_is_a_formula() -> None:
    assert harmless("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert harmless("w: is right") == "w: is right"


def test_a_grading_that_was_killed_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "class"
    place.mkdir()
    for name in ("a", "b", "c"):
        (place / f"{name}.py").write_text(GOOD, "utf-8")
    (place / "d.py").write_text(hostile.HANGS["sleep"], "utf-8")
    words = [sys.executable, "-m", "stat4830_grad", "task=grade", "problem=least_squares"]
    words += ["submissions=class", "hydra.run.dir=graded", "grade.jobs=2"]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    run = subprocess.Popen(
        [*words, "grade.seconds=600"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    kept = tmp_path / "graded" / "kept"
    deadline = time.monotonic() + 60
    while not kept.exists() or len(list(kept.glob("[!.]*.json"))) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    again = subprocess.run(
        [*words[:-2], "grade.seconds=0.5", "grade.resume=graded"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (again.returncode, again.stderr) == (0, "")
    assert "3 graded before" in again.stdout
    assert [row["status"] for row in rows(tmp_path / "graded")] == ["right"] * 3 + ["timeout"]


def test_the_tables_fit_40_columns(graded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(Console(width=40), list(grade.kept(graded).values()))
    bars = [line for line in capsys.readouterr().out.splitlines() if "█" in line]
    assert len(bars) >= 8
    assert max(map(len, bars)) <= 40
