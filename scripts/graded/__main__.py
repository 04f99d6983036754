"""`scripts/grading`: a class is made, graded twice, and compared."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from textwrap import dedent

import hostile_files as hostile
from student_files import SQUARES, WRONG

SECONDS = 2
"""Of one call: a file that does not end costs twice as long as this at most."""


def sources(count: int) -> list[tuple[str, str]]:
    """Kind and source of each submission: half honest, a fifth wrong, the rest hostile."""
    wrong = [dedent(w[1].replace(w[2], w[3])) for w in WRONG.values() if w[0] == "least_squares"]
    harmful = [entry[0] for entry in hostile.ENDS.values()]
    harmful += [*hostile.REACHES_OUT.values(), *hostile.HANGS.values(), *hostile.DECIDES.values()]
    kinds = (("honest", [SQUARES]), ("wrong", wrong), ("hostile", harmful))
    shares = (count // 2, count // 5, count - count // 2 - count // 5)
    return [
        (kind, source)
        for (kind, known), share in zip(kinds, shares, strict=True)
        for source in islice(cycle(known), share)
    ]


def graded(place: Path, directory: Path) -> float:
    """Seconds that grading a class takes, in a process of its own."""
    words = ["task=grade", "problem=least_squares", f"submissions={place}"]
    words += [f"grade.seconds={SECONDS}", f"hydra.run.dir={directory}"]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "stat4830_grad", *words],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def main() -> int:
    """Print the seconds of both gradings, what each kind got, and whether they are the same."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as temporary:
        place, once, twice = (Path(temporary, name) for name in ("class", "once", "twice"))
        place.mkdir()
        for number, (kind, source) in enumerate(sources(count)):
            (place / f"{kind}_{number:03}.py").write_text(source, "utf-8")
        seconds = graded(place, once), graded(place, twice)
        books = [(one / "gradebook.csv").read_bytes() for one in (once, twice)]
        with (once / "gradebook.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    full = Counter(row["name"].split("_")[0] for row in rows if row["score"] == row["points"])
    print(f"{len(rows)} submissions in {seconds[0]:.0f} s and {seconds[1]:.0f} s")
    print(f"full points: {full['honest']} honest, {full['wrong']} wrong, {full['hostile']} hostile")
    print(f"gradebooks: {'the same' if books[0] == books[1] else 'DIFFERENT'}")
    fair = full["honest"] == count // 2 and not full["wrong"] and not full["hostile"]
    return 0 if fair and books[0] == books[1] else 1


if __name__ == "__main__":
    sys.exit(main())
