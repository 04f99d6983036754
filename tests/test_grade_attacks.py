"""Submissions that are to cost others their grades, and honest ones that look alike."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Cli
from test_grade import GOOD, MEAN, configured, rows

import stat4830_grad as sg
from stat4830_grad.sandbox.notebook import code_of
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks import grade
from stat4830_grad.tasks.grade.submissions import names, submissions


def notebook(*sources: str, **more: object) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": source, **more} for source in sources]}
    )


def graded(place: Path, out: Path, files: dict[bytes, str]) -> dict[str, dict[str, str]]:
    """The gradebook of these submissions, by name."""
    for name, source in files.items():
        path = os.path.join(os.fsencode(place), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
    assert grade.run(configured(place), out, "") == 0
    return {row["name"]: row for row in rows(out)}


def test_no_name_of_a_file_costs_anybody_a_grade(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        b"a\xff.py": GOOD,
        b"b\x1b[2J\n.py": GOOD,
        b"c" * 252 + b".py": GOOD,
        b'd" onmouseover="alert(1)".py': GOOD,
        b"e/\xff.py": GOOD,
        b"f/\x1b[2J.py": GOOD,
        b"f/\xff.py": MEAN,
        b"good.py": GOOD,
    }
    found = graded(tmp_path / "class", tmp_path / "out", files)
    assert [row["score"] for row in found.values()].count("100") == 6
    assert found["good"]["score"] == "100"
    assert found["f"]["diagnosis"].startswith("several files define gradient")
    written = [path.name for path in (tmp_path / "out" / "feedback").iterdir()]
    assert len(written) == 7
    assert all(name.isprintable() for name in [*written, *found])
    assert "\x1b" not in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 'onmouseover="' not in page


def test_no_two_submissions_have_one_name() -> None:
    """`ana.py.py` took the place of `ana.py`, where there was an `ana.ipynb` besides."""
    files = ["ana.py", "ana.ipynb", "ana.py.py", "b\x01.py", "b\x02.py", "c.py"]
    found = dict(zip(files, names([Path(name) for name in files]), strict=True))
    assert found["c.py"] == "c"
    assert found["ana.py"] == "ana.py"
    again = [*found, f"{found[files[3]]}.py"]  # as if somebody had chosen what b\x01 gets
    assert len(set(names([Path(name) for name in again]))) == len(again)


def test_files_that_programs_keep_in_a_folder_are_nobodys_submission(tmp_path: Path) -> None:
    files = {
        b"ana/.ipynb_checkpoints/mine-checkpoint.ipynb": notebook(MEAN),
        b"ana/mine.ipynb": notebook(GOOD),
        b"ben/__MACOSX/._mine.py": MEAN,
        b"ben/mine.py": GOOD,
        b"ben/.venv/lib/other.py": MEAN,
    }
    found = graded(tmp_path / "class", tmp_path / "out", files)
    assert [row["score"] for row in found.values()] == ["100", "100"]


def test_a_notebook_may_have_large_pictures(tmp_path: Path) -> None:
    pictures = notebook(GOOD, outputs=[{"data": {"image/png": "x" * 2**21}}])
    found = graded(tmp_path / "class", tmp_path / "out", {b"ana.ipynb": pictures})
    assert found["ana"]["score"] == "100"


def test_a_notebook_takes_no_time_and_no_memory_of_the_class() -> None:
    """Lines without end took a square of their number: a minute for 60,000."""
    path = Path("mine.ipynb")
    code = code_of(notebook("\n" * 900_000 + "%x\n  !ls\ny = 1").encode(), path, "mine")
    assert code.endswith(b"\npass\n  pass\ny = 1")
    for source, said in (
        ('{"cells": [{"cell_type": "code", "source": "\\ud800"}]}', "no notebook"),
        ('{"cells": [{"cell_type": "code", "source": 5}]}', "no notebook"),
        ('{"cells": ' + "9" * 10**5 + "}", "no notebook"),
        ("[" * 10**5, "no notebook"),
        (notebook("x", outputs="[" * 10**5).replace('"[[', "[[").replace('[["', "[["), "no"),
        (notebook("x = 1\n" * 200_000), "its code has 2 MiB"),
    ):
        with pytest.raises(ConfigError, match=said):
            code_of(source.encode(), path, "mine")


def test_answers_without_entries_are_wrong_and_nothing_worse(tmp_path: Path) -> None:
    counted = "n = 0\ndef gradient(w, X, y):\n    global n; n += 1\n    g = X.T @ (X @ w - y)\n"
    files = {
        b"a.py": "def gradient(X): return X.new_zeros(0)\n",
        b"b.py": "def gradient(X): return X.new_zeros(0, 3)\n",
        b"c.py": f"{counted}    return g if n < 2 else g[:0]\n",
        b"d.py": f"{counted}    return g if n < 2 else None\n",
        b"e.py": f"{counted}    return g[None].expand(3, -1)\n",
        b"f.py": f"{counted}    return g * float('inf')\n",
        b"g.py": f"{counted}    return g.to(int)\n",
    }
    found = graded(tmp_path / "class", tmp_path / "out", files)
    assert {row["status"] for row in found.values()} == {"wrong"}


def test_answers_to_a_function_of_numbers_have_one_number_at_every_point(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    for name, answer in (
        ("two", "torch.ones(2)"),
        ("none", "torch.ones(0)"),
        ("at_times", "{} if x > 2 else {'x': x}"),
        ("large", "x * 1e308 * 1e308"),
    ):
        source = f"import torch\n\n\ndef gradient(x):\n    return {answer}\n"
        (tmp_path / "class" / f"{name}.py").write_text(source, "utf-8")
    words = ("task=grade", "problem=polynomial", f"submissions={tmp_path / 'class'}")
    assert grade.run(sg.compose(*words), tmp_path / "out", "") == 0
    assert [row["status"] for row in rows(tmp_path / "out")] == ["wrong"] * 4


def test_no_answer_learned_by_heart_serves_another_file(tmp_path: Path) -> None:
    """Data are drawn by what is in the file, too: what one file saw, the next does not."""
    shown = "def gradient(w, X, y):\n    print(X[0, 0].item())\n    return w\n"
    files = {b"a.py": shown, b"b.py": shown + "# the same\n"}
    graded(tmp_path / "class", tmp_path / "first", files)
    graded(tmp_path / "class", tmp_path / "again", {b"a.py": shown + "# changed\n"})
    printed = {
        str(path.relative_to(tmp_path)): json.loads(path.read_text("utf-8"))["printed"]
        for path in tmp_path.glob("*/kept/*.json")
    }
    assert len(printed) == 4
    assert printed["first/kept/b.json"] == printed["again/kept/b.json"]
    assert printed["first/kept/a.json"] != printed["again/kept/a.json"]


def test_a_class_is_not_graded_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "class" / "ana").mkdir(parents=True)
    (tmp_path / "class" / "ana" / "mine.py").write_text(GOOD, "utf-8")
    for inside in ("class", "class/ana"):
        monkeypatch.chdir(tmp_path / inside)
        with pytest.raises(ConfigError, match="from outside the submissions"):
            grade.run(configured(tmp_path / "class"), tmp_path / "out", "")
    assert not (tmp_path / "out").exists()


def test_no_file_beside_is_taken_for_a_module_but_by_a_file_of_the_users(
    fresh_cli: Cli, tmp_path: Path
) -> None:
    for name in ("torch", "signal", "yaml", "rich", "hydra", "hydra_plugins/evil", "msgspec"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} ran')\n", "utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "helper.py").write_text("square = lambda x: x**2\n", "utf-8")
    (tmp_path / "other.py").write_text("half = 0.5\n", "utf-8")
    source = "from helper import square\nfrom other import half\nstart = {'x': 1.0}\n"
    (tmp_path / "mine" / "f.py").write_text(f"{source}def loss(x): return half * square(x)\n")
    words = ("problem=file", "problem.path=mine/f.py", "steps=1", "figures=false")
    done = fresh_cli(*words)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pipe_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    os.mkfifo(tmp_path / "ana" / "pipe.py")
    (tmp_path / "ana" / "mine.py").write_text(GOOD, "utf-8")
    (one,) = submissions(tmp_path)
    assert one.file == tmp_path / "ana" / "mine.py"
