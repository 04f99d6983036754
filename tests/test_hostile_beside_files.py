"""A hostile gradient beside a problem or a model that is a file too, which runs in our process."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import stat4830_grad as sg
from stat4830_grad.sandbox.conversation import NoAnswerError
from stat4830_grad.tasks import check, grade

LOSS = "start = {'w': [1.0, -2.0, 0.5]}\n\n\ndef loss(w):\n    return (w**4).sum() / 4\n"
NET = """
from torch import nn


def model(features, outputs):
    return nn.Linear(features, outputs)
"""
TABLE = "a,b,kind\n1,2,x\n2,1,y\n3,5,x\n4,4,y\n5,1,x\n6,7,y\n7,7,x\n8,3,y\n9,1,x\n3,1,y\n"

RIGHT = "def gradient(w):\n    return w**3\n"
WRONG = {
    "its own copy of the problem": (
        "import runpy, sys\nfrom pathlib import Path\n"
        "for path in Path().rglob('theirs/*.py'):\n    theirs = runpy.run_path(str(path))\n"
        "    theirs['loss'] = lambda w: 0 * w.sum()\n"
        "def gradient(params): return {k: 0 * p for k, p in params.items()}\n"
    ),
    "the module of the problem": (
        "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if name.startswith('file:'): module.loss = module.model = lambda *a: a[0].sum() * 0\n"
        "def gradient(params): return {k: 0 * p for k, p in params.items()}\n"
    ),
    "our classes": (
        "import gc, torch\n"
        "torch.equal = torch.allclose = torch.Tensor.__eq__ = lambda *a, **k: True\n"
        "for o in gc.get_objects():\n    if isinstance(o, type) and hasattr(o, 'loss'):\n"
        "        try: o.loss = lambda self, params: 0\n        except Exception: pass\n"
        "def gradient(params): return {k: 0 * p for k, p in params.items()}\n"
    ),
    "the end of the process": "import os\ndef gradient(): os._exit(0)\n",
    "the problem's own name": (
        "start = {'w': [0.0]}\ndef loss(w): return 0\ndef model(a, b): return None\n"
        "def gradient(params): return {k: 0 * p for k, p in params.items()}\n"
    ),
}
"""Gradients of another function, from files that reach for the one they are compared with."""

CHOICES = {
    "problem": ("problem=file", "problem.path=theirs/loss.py"),
    "model": (
        *("problem=table", "problem.file=theirs/table.csv", "problem.target=kind"),
        *("model=file", "model.path=theirs/net.py"),
    ),
}


@pytest.fixture(autouse=True)
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("theirs").mkdir()
    Path("out").mkdir()
    Path("theirs/loss.py").write_text(LOSS, "utf-8")
    Path("theirs/net.py").write_text(NET, "utf-8")
    Path("theirs/table.csv").write_text(TABLE, "utf-8")


def checked(source: str, choice: str) -> tuple[int | str, bool]:
    """The exit code, or the message, and whether check.json says that the file is right."""
    Path("mine.py").write_text(source, "utf-8")
    words = ("task=check", *CHOICES[choice], "gradient=file", "gradient.path=mine.py")
    try:
        code = check.run(sg.compose(*words), Path("out"), "")
    except NoAnswerError as error:
        return str(error), False
    return code, json.loads(Path("out/check.json").read_text("utf-8"))["student"]["accepted"]


def test_a_right_gradient_beside_a_file_is_right() -> None:
    assert checked(RIGHT, "problem") == (0, True)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", WRONG)
def test_a_gradient_does_not_reach_the_file_it_is_compared_with(name: str, choice: str) -> None:
    code, accepted = checked(WRONG[name], choice)
    assert not accepted
    assert code == 5 or "ended the process with exit code 0" in str(code)


def test_a_class_is_graded_against_a_problem_of_the_teachers_file() -> None:
    Path("class").mkdir()
    for k, source in enumerate((RIGHT, *WRONG.values())):
        Path(f"class/{k}.py").write_text(source, "utf-8")
    words = ("task=grade", *CHOICES["problem"], "submissions=class")
    assert grade.run(sg.compose(*words), Path("out"), "") == 0
    with Path("out/gradebook.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["name"]: row["score"] for row in csv.DictReader(file)}
    assert scores == {"0": "100", **{str(k): "0" for k in range(1, 1 + len(WRONG))}}
