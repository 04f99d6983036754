"""Directories that earlier versions left, as the tests keep them: compared, and gone on with."""

from __future__ import annotations

import shutil
from pathlib import Path

from .commands import Commands
from .left import broken, rude
from .tally import Tally

KEPT = Path(__file__).resolve().parents[2] / "tests" / "versions"
SWEEP = ("problem=polynomial", "problem.x0=[0.5,1.5]", "steps=20", "log.every=10", "figures=false")


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Every run and every sweep there is."""
    tally = Tally()
    for kept in sorted(KEPT.glob("*/*")):
        what = f"{kept.name} of {kept.parent.name}"
        at = place / kept.parent.name / kept.name
        shutil.copytree(kept, at)
        if kept.name == "sweep":
            ended = commands(place, *SWEEP, f"sweep.resume={at}", direct=False)
            refused = "holds another sweep" in ended.err  # its jobs' words were written otherwise
        else:
            ended, refused = commands(place, f"resume={at}", "steps=50"), False
        wrong = rude(ended) or broken(at) or (ended.err if ended.code and not refused else None)
        tally.count(f"{what}, gone on with or refused", wrong)
    runs = ",".join(str(path) for path in sorted(place.glob("*/run")))
    words = ("task=compare", f"runs=[{runs}]", "figures=false", "hydra.run.dir=compared")
    ended = commands(place, *words, direct=False)
    tally.count("compared", rude(ended) or (ended.err if ended.code else None))
    return tally
