"""A student's file that changes large data in training, where they are not copied for each call."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stat4830_grad.sandbox.conversation import NoAnswerError
from stat4830_grad.sandbox.limits import Limits
from stat4830_grad.sandbox.student import Answer, Student


def student(place: Path, source: str) -> Student:
    (place / "mine.py").write_text(source, "utf-8")
    return Student(place / "mine.py", Limits(seconds=20, memory=1, threads=1))


CHANGES = {
    "by PyTorch": "y.mul_(0.9)",
    "by NumPy": "import numpy; numpy.multiply(y.numpy(), 0.9, out=y.numpy())",
    "by .data": "y.data *= 0.9",
    "by other data": "y.data = y * 0.9",
    "in its shape": "X.t_()",
    "by a view": "X[:, 0].zero_()",
    "by its address": "import ctypes; ctypes.memset(X.data_ptr(), 1, 8)",
}


@pytest.mark.parametrize("name", CHANGES)
def test_large_data_that_are_changed_at_any_call_are_noticed_at_that_call(
    name: str, tmp_path: Path
) -> None:
    """The third of many calls, between those at which they were compared."""
    source = (
        "calls = 0\ndef gradient(w, X, y):\n    global calls\n    calls += 1\n    g = w * 0\n"
        f"    if calls >= 3 or w[0] > 2: {CHANGES[name]}\n    return g\n"
    )
    data = {"X": torch.ones(70_000, 2), "y": torch.ones(70_000)}
    kept = {k: v.clone() for k, v in data.items()}
    answers: list[Answer] = []
    with student(tmp_path, source) as one:
        for k in range(4):
            answers.append(one.ask(data, {"w": torch.full((2,), float(k + 1))}, often=True))
            if answers[-1].changed:
                break
    changed = "X" if "X" in CHANGES[name] else "y"
    assert [answer.changed for answer in answers] == [(), (), (changed,)]
    assert all(torch.equal(data[k], kept[k]) for k in data)


def test_a_process_that_ends_without_a_change_is_told_so_of_large_data(tmp_path: Path) -> None:
    source = "import ctypes\ndef gradient(w, X): ctypes.string_at(0)\n"
    with student(tmp_path, source) as one, pytest.raises(NoAnswerError, match="SIGSEGV"):
        one.ask({"X": torch.ones(70_000, 2)}, {"w": torch.ones(2)}, often=True)
