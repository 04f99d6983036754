"""kill -9: while a run starts; at random moments until it, or a sweep, is done; two that go on."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from .commands import Commands, Fault
from .left import result, rude, wrong_result
from .scenarios import SAVING, Scenario
from .tally import Tally

AT = "hydra.run.dir=run"
RUN = ("problem=least_squares", "optimizer=adam", "steps=150", "log.every=5", *SAVING)
SHORT = ("problem=least_squares", "steps=3", "figures=false")
JOBS = f"problem.x0=[{','.join(str(0.5 + k / 40) for k in range(32))}]"
SWEEP = ("problem=polynomial", JOBS, "optimizer=momentum", "steps=30", "log.every=3", *SAVING)
MOST = 200
"""Kills in one go; each lets a run come further, as it saves at every row."""


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """A start at each call, 100 runs, 20 sweeps of 32 jobs, 20 pairs; quickly: 2, 2, 1 and 1."""
    tally, chance = Tally(), random.Random(4830)
    if commands.shim is not None:
        kill_starts(commands, place / "starts", tally, (3, 9) if quick else itertools.count(1))
    alone = Scenario("run", (*RUN, AT), ("resume=run",))
    swept = Scenario("sweep", (*SWEEP, AT), (*SWEEP, "sweep.resume=run"), (), ".sweep/jobs-0.json")
    for scenario, count in ((alone, 2 if quick else 100), (swept, 1 if quick else 20)):
        whole = place / scenario.name
        whole.mkdir()
        began = time.monotonic()
        assert commands(whole, *scenario.words).code == 0
        took, wanted = time.monotonic() - began, result(whole / "run")
        for k in range(count):
            at = place / f"{scenario.name}_{k}"
            at.mkdir()
            what, wrong = killed_until_done(scenario, commands, at, took, chance)
            tally.count(what, wrong or wrong_result(at / "run", wanted) or leftovers(at))
            shutil.rmtree(at)
    for k in range(1 if quick else 20):
        tally.count(f"pair {k}", two_at_once(commands, place / "run", place / f"pair_{k}"))
    return tally


def kill_starts(commands: Commands, place: Path, tally: Tally, moments: Iterable[int]) -> None:
    """Kill a run, Hydra's part of it too, at its k-th call on a file, for each k until it begins.

    Whoever reads the directory then says what is there, and the same command starts in it anew.
    """
    words = (*SHORT, AT)
    whole = place / "whole"
    whole.mkdir(parents=True)
    assert commands(whole, *words).code == 0
    wanted = result(whole / "run")
    for k in moments:
        at = place / str(k)
        at.mkdir()
        fault = Fault(at / "run", "kill", 0, k, at / "record")
        code = commands(at, *words, fault=fault, direct=False).code
        if code != -signal.SIGKILL or (at / "run" / "config.yaml").exists():
            return
        wrong = misread(commands, at)
        if wrong is None:
            done = commands(at, *words)
            wrong = done.err or None if done.code else wrong_result(at / "run", wanted)
        tally.count(f"start, call {k}", wrong)


def misread(commands: Commands, at: Path) -> str | None:
    """Which command takes what a start has left for something else; None if none does."""
    begun = (at / "run").is_dir() and any((at / "run").iterdir())
    listing = commands(at, "task=list", "list.directory=.", "hydra.run.dir=listing")
    if listing.code != 0 or ("not begun" in listing.out) != begun:
        return f"task=list: {(listing.out + listing.err).strip()[-300:]}"
    again: list[tuple[tuple[str, ...], bool]] = [
        (("resume=run",), True),
        (("task=compare", "runs=[run,run]", "hydra.run.dir=compared"), True),
        ((*SWEEP, "sweep.resume=run"), False),
    ]
    for words, direct in again:
        refused = commands(at, *words, direct=direct)
        if refused.code != 2 or not refused.message:
            return f"{' '.join(words)}: {refused.code}, {refused.err.strip()[-300:]}"
        if begun and "ended before it began; start it anew" not in refused.err:
            return f"{' '.join(words)}: {refused.err.strip()}"
    return None


def killed_until_done(
    scenario: Scenario, commands: Commands, at: Path, took: float, chance: random.Random
) -> tuple[str, str | None]:
    """How often it was killed, in words, and what is wrong; None if it came to its end."""
    for kills in range(MOST):
        there = (at / "run" / scenario.resumes).is_file() and (
            scenario.name == "sweep" or (at / "run" / "config.yaml").is_file()
        )
        child = commands.start(at, *(scenario.again if there else scenario.words), direct=True)
        time.sleep(chance.uniform(0, 1.1 * took) if kills < MOST - 1 else 10 * took)
        os.kill(child.pid, signal.SIGKILL)
        ended = commands.wait(child)
        if ended.code == 0:
            return f"{scenario.name} after {kills} kills", None
        if ended.code != -signal.SIGKILL:
            said = (ended.err or ended.out).strip()[-300:]
            return f"{scenario.name} after {kills} kills", rude(ended) or f"refused: {said}"
    return scenario.name, f"not done after {MOST} kills"


def leftovers(at: Path) -> str | None:
    """Files of killed writers that are still there."""
    found = sorted(path.name for path in at.rglob("*.partial"))
    return f"left over: {', '.join(found)}" if found else None


def two_at_once(commands: Commands, whole: Path, at: Path) -> str | None:
    """Two processes go on with one run at once: one does, the other is refused or finds it done."""
    shutil.copytree(whole, at)
    begun = [commands.start(at, "resume=run", "steps=300", direct=True) for _ in range(2)]
    ended = [commands.wait(child) for child in begun]
    codes = sorted(one.code for one in ended)
    if codes not in ([0, 2], [0, 0]):
        return f"exit codes {codes}"
    refused = [one for one in ended if one.code == 2]
    if any("is writing there" not in one.err for one in refused):
        return f"refused otherwise: {refused[0].err}"
    complete = [one for one in ended if "this run is complete" in one.out]
    if not refused and len(complete) != 1:
        return "both went on"
    rows = result(at / "run")["rows"]
    steps = [row[0] for row in rows]
    return None if steps == [0, *range(1, 300, 5), 300] else f"other rows: {steps}"
