"""Many starts at the same instant: each has a directory of its own, and a whole one."""

from __future__ import annotations

from pathlib import Path

from .commands import Commands
from .left import broken, wrong_result
from .left import result as result_of
from .tally import Tally

WORDS = ("problem=polynomial", "steps=3", "figures=false")


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """64 at once; quickly 4."""
    tally, count = Tally(), 4 if quick else 64
    begun = [commands.start(place, *WORDS, direct=False) for _ in range(count)]
    ended = [commands.wait(child) for child in begun]
    directories = sorted((place / "outputs" / "polynomial").iterdir())
    wanted = result_of(directories[0])
    for k in range(count):
        wrong: str | None = f"exit code {ended[k].code}: {ended[k].err}" if ended[k].code else None
        if k >= len(directories):
            wrong = wrong or "no directory of its own"
        else:
            at = directories[k]
            wrong = wrong or broken(at) or wrong_result(at, wanted)
        tally.count(f"start {k}", wrong)
    return tally
