"""Too little memory: a sweep takes smaller batches, a run says so in one message."""

from __future__ import annotations

import csv
from pathlib import Path

from .commands import Commands
from .left import rude
from .tally import Tally

SWEEP = ("problem=digits", "model=mlp", "model.init_seed=[0,1,2,3,4,5,6,7]", "steps=2")
SIZES = (0.002, 0.005, 0.01, 0.02, 0.04)
"""GiB that a batch may take."""
MIB = (20, 60, 120, 200, 300)
"""What a process may take beyond what it has when it begins."""


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Five sizes of batches, five limits on a process; quickly one of each."""
    tally = Tally()
    count = 1 if quick else 5
    for size in SIZES[:count]:
        ended = commands(
            place, *SWEEP, f"sweep.memory={size}", "figures=false", f"hydra.run.dir=batches_{size}"
        )
        wrong = rude(ended)
        if wrong is None and not all_completed(place / f"batches_{size}", 8):
            wrong = f"exit code {ended.code}, not all completed"
        if wrong is None and size < 0.01 and "in one batch" in ended.out:
            wrong = "one batch for all"
        tally.count(f"sweep.memory={size}", wrong)
    words = ("problem=digits", "model=mlp", "model.hidden=[60000]", "steps=2", "figures=false")
    for mib in MIB[:count]:
        most = commands.virtual() + mib * 2**20
        where = f"hydra.run.dir=limit_{mib}"
        ended = commands(place, *words, where, limits={"RLIMIT_AS": most}, direct=False)
        wrong = rude(ended)
        if wrong is None and ended.code not in (0, 6):
            wrong = f"exit code {ended.code}: {ended.err.strip()[-300:]}"
        tally.count(f"{mib} MiB more", wrong)
    return tally


def all_completed(directory: Path, count: int) -> bool:
    """Whether a sweep's table says so of so many jobs."""
    with (directory / "sweep.csv").open(newline="", encoding="utf-8") as file:
        statuses = [row["status"] for row in csv.DictReader(file)]
    return statuses == ["completed"] * count
