"""`python -m repeated.child`: run the commands that standard input lists, in this one process."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from typing import Any

CUTS = (7, 20_501)
"""Updates after which a run is interrupted, where one is, if it has a row there."""


def main() -> int:
    """1 if a command does not end with the code that is asked for."""
    asked = json.load(sys.stdin)
    for module in asked["imported"]:
        __import__(module)
    from stat4830_grad.system.process import begin, no_garbage

    begin()
    with no_garbage():
        from stat4830_grad.app import start
        from stat4830_grad.training.run_directory import RunDirectory
    if asked["code"] == 128 + signal.SIGTERM:
        interrupt_at_cut(RunDirectory)
    for words in asked["commands"]:
        sys.argv[1:] = words
        if (code := start()) != asked["code"]:
            print(f"exit code {code} of {' '.join(words)}", file=sys.stderr)
            return 1
    return 0


def interrupt_at_cut(run_directory: Any) -> None:
    """Have this process get SIGTERM as a run, or the first one of a batch, logs a row of CUTS."""
    log: Callable[[Any, dict[str, float]], None] = run_directory.log
    due = True

    def log_and_interrupt(self: Any, row: dict[str, float]) -> None:
        nonlocal due
        log(self, row)
        if due and row["step"] in CUTS:
            signal.raise_signal(signal.SIGTERM)
        due = row["step"] not in CUTS

    run_directory.log = log_and_interrupt


if __name__ == "__main__":
    sys.exit(main())
