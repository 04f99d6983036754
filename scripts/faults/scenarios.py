"""Commands that faults befall, and how a user goes on after one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .commands import Commands, Outcome
from .left import result

RUN = ("problem=least_squares", "optimizer=momentum", "steps=6", "log.every=2")
SWEEP = ("problem=polynomial", "problem.x0=[0.5,1.5]", "steps=4", "log.every=2")
COMPARE = ("task=compare", "runs=[one,other]")
GRADE = ("task=grade", "problem=least_squares", "submissions=class", "seed=7", "grade.jobs=1")
CLASS = {
    "class/ana.py": "def gradient(w, X, y):\n    return X.T @ (X @ w - y)\n",
    "class/ben.py": "def gradient(w, X, y):\n    return X.T @ (X @ w - y) / len(y)\n",
}
"""What two students handed in, the second without its right answer."""
SAVING = ("checkpoint.seconds=0", "figures=false")
"""A checkpoint at each row."""


@dataclass(frozen=True)
class Scenario:
    """A command that leaves its files in one directory, which it finds as another command left it.

    `words` ask for it, and `again` for the same where a directory of its files is there already.
    """

    name: str
    words: tuple[str, ...]
    again: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()  # commands
    resumes: str = "checkpoint.pt"  # the file by which one sees that it can go on
    files: Mapping[str, str] = field(default_factory=dict)  # that are there before: path, text

    def prepare(self, commands: Commands, place: Path) -> None:
        """Make the directory `place` with what is there before the command."""
        place.mkdir(parents=True)
        for name, text in self.files.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text, "utf-8")
        for words in self.before:
            done = commands(place, *words)
            assert done.code == 0, done.err

    def recover(self, commands: Commands, place: Path, **how: Any) -> Outcome:
        """Go on as the program tells a user to, or start again where nothing has begun."""
        there = (place / "run" / self.resumes).is_file()
        there = there and (self.resumes != "checkpoint.pt" or (place / "run/config.yaml").is_file())
        return commands(place, *(self.again if there else self.words), **how)


def scenarios() -> tuple[Scenario, ...]:
    """A run, a resume and a sweep: what trains."""
    at = "hydra.run.dir=run"
    longer = (*SWEEP, *SAVING, "sweep.resume=run")
    return (
        Scenario("run", (*RUN, *SAVING, at), ("resume=run",)),
        Scenario(
            "resume", ("resume=run", "steps=10"), ("resume=run", "steps=10"), ((*RUN, *SAVING, at),)
        ),
        Scenario("sweep", (*SWEEP, *SAVING, at), longer, resumes=".sweep/jobs-0.json"),
    )


def others() -> tuple[Scenario, ...]:
    """A comparison, which is made again, and a grading, which goes on."""
    at, runs = (
        "hydra.run.dir=run",
        [(*RUN, *SAVING, f"hydra.run.dir={n}") for n in ("one", "other")],
    )
    return (
        Scenario("compare", (*COMPARE, at), (*COMPARE, at), tuple(runs), "comparison.json"),
        Scenario("grade", (*GRADE, at), (*GRADE, "grade.resume=run"), (), "grading.json", CLASS),
    )


def reference(scenario: Scenario, commands: Commands, place: Path) -> dict[str, Any]:
    """What the command leaves undisturbed."""
    scenario.prepare(commands, place)
    done = commands(place, *scenario.words)
    assert done.code == 0, done.err
    return result(place / "run")


def fresh(template: Path, place: Path) -> Path:
    """A copy of a prepared directory."""
    shutil.rmtree(place, ignore_errors=True)
    return shutil.copytree(template, place)
