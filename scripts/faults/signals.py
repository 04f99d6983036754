"""SIGINT, SIGTERM and SIGHUP, also twice: in start-up, in training, while pictures are drawn."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .commands import Commands, slowness
from .left import broken, result, wrong_result
from .tally import Tally

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORDS = ("problem=polynomial", "optimizer.lr=0.001", "log.every=10", "hydra.run.dir=run")
STEPS = 2_000
SOON = 2.0
"""Seconds after which a run that got a signal is over, on a machine that has nothing else to do."""


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """80 forked commands, 20 processes from their first instruction on; quickly 4 forked ones."""
    tally, chance = Tally(), random.Random(4830)
    words = (*WORDS, f"steps={STEPS}")
    whole = place / "whole"
    whole.mkdir()
    began = time.monotonic()
    assert commands(whole, *words, direct=False).code == 0
    took, wanted = time.monotonic() - began, result(whole / "run")
    slowest = 0.0
    for k in range(4 if quick else 100):
        at = place / str(k)
        at.mkdir()
        number, twice = SIGNALS[k % 3], k % 4 == 3
        fresh = k % 5 == 4  # none of the first four
        delay = chance.uniform(0, 1.2 * took)
        code, seconds = (
            signalled(at, words, number, twice, delay)
            if fresh
            else signalled_child(commands, at, words, number, twice, delay)
        )
        slowest = max(slowest, seconds)
        what = f"{number.name}{' twice' if twice else ''} after {delay:.2f} s"
        wrong = wrong_end(at / "run", code, number, seconds)
        if wrong is None and code != 0 and (at / "run" / "config.yaml").exists():
            done = commands(at, "resume=run", "figures=false")
            wrong = done.err or None if done.code else wrong_result(at / "run", wanted)
        tally.count(what, wrong)
        shutil.rmtree(at)
    tally.notes.append(f"signals: at most {slowest:.1f} s from a signal to the end of a process")
    return tally


def signalled_child(
    commands: Commands,
    at: Path,
    words: tuple[str, ...],
    number: signal.Signals,
    twice: bool,
    delay: float,
) -> tuple[str | int, float]:
    """Exit code, or what is wrong with the last words, and the seconds from signal to end."""
    child = commands.start(at, *words, direct=False)
    time.sleep(delay)
    began = time.monotonic()
    for _ in range(1 + twice):
        os.kill(child.pid, number)
    ended = commands.wait(child)
    return ended.code if "Traceback" not in ended.err else ended.err, time.monotonic() - began


def signalled(
    at: Path, words: tuple[str, ...], number: signal.Signals, twice: bool, delay: float
) -> tuple[str | int, float]:
    """The same of a process that has imported nothing yet."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-m", "stat4830_grad", *words],
        cwd=at,
        env={**environment, "PYTHONPATH": root},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(0.15 + delay)  # Python itself has to be there
        began = time.monotonic()
        for _ in range(1 + twice):
            process.send_signal(number)
        _, errors = process.communicate()
    return process.returncode if "Traceback" not in errors else errors, time.monotonic() - began


def wrong_end(
    directory: Path, code: str | int, number: signal.Signals, seconds: float
) -> str | None:
    """What is wrong with what a command left that got a signal."""
    if code not in (0, 128 + number):
        return f"it ended with {code}"
    if seconds > SOON * slowness():
        return f"it went on for {seconds:.1f} s"
    if not directory.exists():
        return None
    if not (directory / "summary.json").exists():
        there = sorted(path.name for path in directory.iterdir())
        return None if (directory / "checkpoint.pt").exists() else f"half made: {there}"
    status = json.loads((directory / "summary.json").read_text("utf-8"))["status"]
    if code != 0 and status not in ("interrupted", "completed"):
        return f"status {status}"
    return broken(directory)
