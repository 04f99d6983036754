"""`python -m repeated`, which scripts/determinism runs: repeat, and print two tables."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

from stat4830_grad.console.tables import Column, FittedTable, show
from stat4830_grad.console.terminal import make_console, say

from .conditions import CONDITIONS, DTYPES, QUICK, Setting, configurations, settings
from .numbers import Numbers, contrast, differing, read, size
from .runs import make


def main() -> int:
    """Run everything and print the tables; 1 if a number differs within a setting."""
    quick, console, began = parse().quick, make_console(), time.monotonic()
    conditions = [one for one in CONDITIONS if not quick or one.name in QUICK]
    chosen = settings(quick=quick)
    counts: dict[tuple[str, Setting], int] = {}
    first: dict[Setting, Numbers] = {}
    with tempfile.TemporaryDirectory(prefix="stat4830_determinism_") as scratch:
        for setting, condition in itertools.product(chosen, conditions):
            started = time.monotonic()
            numbers = read(make(setting, condition, Path(scratch)))
            count = differing(first.setdefault(setting, numbers), numbers)
            counts[condition.name, setting] = count
            took = f"{time.monotonic() - started:.0f} s"
            print(f"{setting.name}, {condition.name}: {count} differ, {took}", file=sys.stderr)
    say(
        console,
        f"{len(configurations())} configurations, {size(first[chosen[0]]):,} numbers; so many "
        "differ from those of the first condition:",
    )
    rows = [(c.name, *(f"{counts[c.name, s]:,}" for s in chosen)) for c in conditions]
    columns = [Column("condition", left=True), *(Column(setting.name) for setting in chosen)]
    show(console, FittedTable(columns, rows))
    say(console, "Between settings, where numbers may differ:")
    show(console, contrasts(first))
    say(console, f"{time.monotonic() - began:.0f} s")
    return int(any(counts.values()))


def parse() -> argparse.Namespace:
    """The options; a wrong one ends the process with 2."""
    parser = argparse.ArgumentParser(
        prog="scripts/determinism",
        description="Runs the same commands under conditions that must not matter, and prints how "
        "many numbers differ.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer settings and conditions")
    return parser.parse_args()


def contrasts(first: dict[Setting, Numbers]) -> FittedTable:
    """What differs between settings of which one thing is not the same."""
    rows = []
    for one, other in itertools.combinations(first, 2):
        if (one.threads == other.threads) != (one.capability == other.capability):
            found = contrast(first[one], first[other])
            kinds = sorted({name.split("_float")[0] for name in found.configurations})
            print(f"{one.name}, {other.name}: {', '.join(kinds)}", file=sys.stderr)
            largest = (f"{found.largest[dtype]:.1g}" for dtype in DTYPES)
            count = f"{len(found.configurations)} of {len(first[one])}"
            rows.append((f"{one.name}, {other.name}", count, *largest))
    columns = [Column("settings", left=True), Column("configurations that differ")]
    return FittedTable([*columns, *(Column(f"metrics, {dtype}") for dtype in DTYPES)], rows)


if __name__ == "__main__":
    sys.exit(main())
