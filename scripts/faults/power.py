"""The power is lost after each call of a run and a sweep: each state of the disk is gone on with.

What the program said was saved has to be there: a checkpoint of so many updates, a row of a sweep,
and, once it names the directory of its files, the whole result.
"""

from __future__ import annotations

import functools
import io
import random
import shutil
from pathlib import Path
from typing import Any

import torch

from .commands import Commands, Fault
from .disk import Call, Disk, State, calls_in, passing, put
from .left import wrong_result
from .scenarios import Scenario, reference, scenarios
from .tally import Tally

FEW = 12
"""States that are gone on with quickly; what was promised is looked for in all."""


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """A run, and a sweep unless it is to be quick."""
    tally = Tally()
    if commands.shim is None:
        tally.notes.append("no C compiler here, or no Linux: no calls can be recorded")
        return tally
    first, resumed, sweep = scenarios()
    for scenario in (first,) if quick else (first, resumed, sweep):
        lose_power(scenario, commands, place / scenario.name, tally, FEW if quick else None)
    return tally


def lose_power(
    scenario: Scenario, commands: Commands, place: Path, tally: Tally, most: int | None
) -> None:
    """Every state of one command's files; `most`: so many of them, drawn at random, are opened."""
    wanted = reference(scenario, commands, place / "whole")
    at, now = place / "recorded", place / "now"
    scenario.prepare(commands, at)
    disk = Disk(at)
    fault = Fault(at, record=place / "record")
    done = commands(at, *scenario.words, fault=fault, hook="promises")
    assert done.code == 0, done.err
    found: dict[tuple[tuple[str, bytes | None], ...], State] = {}
    said = Promises(at, now, wanted)
    for call in calls_in(place / "record"):
        changed = said.take(call)
        disk.take(call)
        for state in disk.states():
            key = tuple(sorted(state.items()))
            if changed or key not in found:
                found[key] = state
                tally.count(f"{scenario.name}, {call.kind} {call.first}", said.broken(state))
    opened = list(found.values())
    if most is not None:
        opened = random.Random(4830).sample(opened, min(most, len(opened)))
    for state in opened:
        make(state, at, now)
        again = scenario.recover(commands, now)
        wrong = again.err or again.out if again.code else wrong_result(now / "run", wanted)
        if wrong:
            names = sorted(str(Path(name).relative_to(at)) for name in state if not passing(name))
            tally.lost.append(f"{scenario.name}, {names}: {wrong.strip()[-300:]}")


def make(state: State, at: Path, now: Path) -> None:
    """Make the files of a state of `at` in the directory `now`, which has no others then."""
    shutil.rmtree(now, ignore_errors=True)
    now.mkdir()
    put(state, at, now)


class Promises:
    """What the program has said or returned so far that it has saved."""

    def __init__(self, at: Path, now: Path, wanted: dict[str, Any]) -> None:
        self.at, self.now, self.wanted = at, now, wanted
        self.updates: dict[str, int] = {}  # path of a checkpoint -> updates
        self.rows: set[str] = set()  # directories of jobs in sweep.csv
        self.ended = False

    def take(self, call: Call) -> bool:
        """Follow a call; whether it promises more."""
        match call.kind:
            case "saved":
                path, _, updates = call.first.rpartition("=")
                self.updates[path] = int(updates)
            case "row":
                self.rows.add(call.first)
            case "unlink":
                self.updates.pop(call.first, None)
            case "say" if b"files: " in call.content:
                self.ended = True
            case _:
                return False
        return True

    def broken(self, state: State) -> str | None:
        """The first promise that a state of the disk does not keep."""
        for path, updates in self.updates.items():
            content = state.get(path)
            if content is None or updates_in(content) < updates:
                return f"{Path(path).name} of {updates} updates is lost"
        table = state.get(str(self.at / "run" / "sweep.csv")) or b""
        if lost := sorted(row for row in self.rows if row.encode() not in table):
            return f"the row of {lost[0]} is lost"
        if self.ended:
            make(state, self.at, self.now)
            return wrong_result(self.now / "run", self.wanted)
        return None


@functools.lru_cache(100)
def updates_in(checkpoint: bytes) -> int:
    """The number of updates that a checkpoint is of; -1 if it is damaged."""
    try:
        return int(torch.load(io.BytesIO(checkpoint), weights_only=True)["updates"])
    except Exception:  # torch.load fails in many ways
        return -1
