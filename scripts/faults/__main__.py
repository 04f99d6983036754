"""`python -m faults`, which scripts/torture runs: try every fault, and print a line for each."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import tempfile
import time
from pathlib import Path

from stat4830_grad.console.tables import Column, FittedTable, show
from stat4830_grad.console.terminal import make_console, say_whole

from .commands import in_memory, serving
from .tally import Tally

LINES = {
    "calls": "the k-th call on a file fails, or the process is killed there",
    "power": "loss of power: every legal state of the disk after every call",
    "kills": "kill -9 at a random moment, again and again; two that go on at once",
    "signals": "SIGINT, SIGTERM, SIGHUP, also twice, at any time",
    "space": "a disk full at a random byte; directories that cannot be used",
    "foreign": "pickles, archives that grow, foreign checkpoints, weights, splits and tables",
    "stored": "files and caches of data, damaged",
    "divergence": "overflow, NaN in data, infinite weights, alone and in one row of a batch",
    "memory": "too little memory",
    "starts": "starts at the same instant",
    "versions": "directories of earlier versions",
    "seeded": "mistakes put into our own code; survived: the tests go red",
    "configurations": "random command lines",
}
"""Module -> what befalls the program."""


def main() -> int:
    """Run what is asked for; 1 if anything was lost."""
    options = parse()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also under nohup, as commands get it
    console, found = make_console(), {}
    with (
        serving() as commands,
        tempfile.TemporaryDirectory(prefix="stat4830_torture_", dir=in_memory()) as name,
    ):
        for line in options.only or LINES:
            began = time.monotonic()
            place = Path(name) / line
            place.mkdir()
            module = importlib.import_module(f"{__package__}.{line}")
            tally: Tally = module.run(commands, place, options.quick)
            found[line] = tally
            kept = tally.tried - len(tally.lost)
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{line}: {tally.tried} tried, {kept} survived, {took}", file=sys.stderr)
            for text in (*tally.lost[:20], *tally.notes):
                print(f"  {text}", file=sys.stderr)
    rows = [
        (LINES[line], *(f"{n:,}" for n in (t.tried, t.tried - len(t.lost), len(t.lost))))
        for line, t in found.items()
    ]
    columns = [Column("fault", left=True), *map(Column, ("tried", "survived", "lost"))]
    show(console, FittedTable(columns, rows))
    for line, tally in found.items():
        for note in tally.notes:
            say_whole(console, f"{line}: {note}")
    return int(any(tally.lost for tally in found.values()))


def parse() -> argparse.Namespace:
    """The options; a wrong one ends the process with 2."""
    parser = argparse.ArgumentParser(
        prog="scripts/torture",
        description="Lets faults befall the program for real, and prints what survived.",
    )
    parser.add_argument("--quick", action="store_true", help="few of each kind, under a minute")
    parser.add_argument("--only", action="append", choices=LINES, help="one kind; may be repeated")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
