"""A disk that is full at a random byte; directories that are files, links to nothing, read-only.

The disk is a small file system in memory where one can be mounted, else a limit on a file's size.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .commands import Commands
from .left import broken, rude, wrong_result
from .scenarios import Scenario, reference, scenarios
from .tally import Tally

WHERE = {"output": "hydra.run.dir", "data": "data_dir", "cache": "STAT4830_CACHE_DIR"}
STATES = ("a file", "a broken link", "below a file", "read-only")


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """90 full disks, then directories in every bad state; quickly 4 and some."""
    tally, chance = Tally(), random.Random(4830)
    can_mount = mounts(place)
    if not can_mount:
        tally.notes.append("no file system can be mounted here: a file's size is limited instead")
    kinds = [scenarios()[i] for i in ((0,) if quick else (0, 1, 2))]
    whole = {s.name: reference(s, commands, place / s.name) for s in kinds}
    for k in range(4 if quick else 90):
        scenario = kinds[k % len(kinds)]
        at = place / f"full_{k}"
        at.mkdir()
        if can_mount and k % 2:
            wrong = full(scenario, commands, at, chance)
        else:
            wrong = limited(scenario, commands, at / "left", chance)
        what = f"{scenario.name}, full disk {k}"
        tally.count(what, wrong or after(scenario, commands, at / "left", whole[scenario.name]))
        shutil.rmtree(at, ignore_errors=True)
    for what, key in WHERE.items():
        for state in STATES[:1] if quick else STATES:
            if state == "read-only" and not can_mount:
                continue
            at = place / f"{what}_{state.replace(' ', '_')}"
            at.mkdir()
            tally.count(f"{what} is {state}", bad_directory(commands, at, key, state))
    ended = commands(place, *KEPT, "hydra.run.dir=homeless", environment={"HOME": None})
    tally.count("no HOME", rude(ended) or (f"exit code {ended.code}" if ended.code else None))
    return tally


KEPT = ("problem=digits", "model=logistic", "steps=2", "figures=false")


def full(scenario: Scenario, commands: Commands, at: Path, chance: random.Random) -> str | None:
    """A command on a disk that becomes full; None if it was told well and all files are whole."""
    with mounted(at / "disk", chance.randrange(8, 48) * 4) as disk:
        scenario.prepare(commands, at / "before")
        try:
            shutil.copytree(at / "before", disk, dirs_exist_ok=True)
        except shutil.Error:  # not even what is there before has room
            return None
        ended = commands(disk, *scenario.words)
        wrong = rude(ended) or broken(disk / "run")
        shutil.copytree(disk, at / "left", dirs_exist_ok=True)
    return wrong


def limited(scenario: Scenario, commands: Commands, at: Path, chance: random.Random) -> str | None:
    """The same where no file may be longer than a random number of bytes."""
    scenario.prepare(commands, at)
    ended = commands(at, *scenario.words, limits={"RLIMIT_FSIZE": chance.randrange(20, 4_000)})
    return rude(ended) or broken(at / "run")


def after(scenario: Scenario, commands: Commands, left: Path, wanted: dict[str, Any]) -> str | None:
    """Go on where there is room again."""
    if not left.exists():
        return None
    done = scenario.recover(commands, left)
    if done.code:
        return f"cannot go on: {(done.err or done.out).strip()[-300:]}"
    return wrong_result(left / "run", wanted)


def bad_directory(commands: Commands, at: Path, key: str, state: str) -> str | None:
    """A run whose output, data or cache is to be where no directory can be."""
    there = at / "there"
    if state == "a file":
        there.write_text("no directory")
    elif state == "a broken link":
        there.symlink_to(at / "nowhere" / "at" / "all")
    elif state == "below a file":
        (at / "file").write_text("no directory")
        there = at / "file" / "there"
    if state == "read-only":
        with mounted(there, 64, "ro"):
            return told(commands, at, key, there)
    return told(commands, at, key, there)


def told(commands: Commands, at: Path, key: str, there: Path) -> str | None:
    """What is wrong with what a run says of such a directory."""
    words = [*KEPT, *([] if key == "hydra.run.dir" else ["hydra.run.dir=run"])]
    if key.isupper():  # a cache only saves time
        ended = commands(at, *words, environment={key: str(there)})
        return rude(ended) or (f"exit code {ended.code}" if ended.code else None)
    ended = commands(at, *words, f"{key}={there}", direct=False)
    expected = (0,) if key == "data_dir" else (2, 6)  # digits need no data
    return rude(ended) or (f"exit code {ended.code}" if ended.code not in expected else None)


@contextmanager
def mounted(at: Path, kib: int, mode: str = "rw") -> Iterator[Path]:
    """A small file system."""
    at.mkdir()
    options = f"size={kib}k,{mode}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def mounts(place: Path) -> bool:
    """Whether a file system can be mounted here."""
    if os.geteuid() != 0:
        return False
    try:
        with mounted(place / "try", 4):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
