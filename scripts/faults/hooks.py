"""What a child does before its command: have its record say what the program has promised."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def note(kind: str, what: str) -> None:
    """A line of the record, if calls are recorded."""
    faults_note = ctypes.CDLL(os.environ["LD_PRELOAD"]).faults_note
    faults_note.argtypes = [ctypes.c_char_p] * 4 + [ctypes.c_size_t]
    faults_note(kind.encode(), os.fsencode(what), b"", b"", 0)


def promises() -> None:
    """Note each checkpoint that is saved, and each row of a sweep, once the call returns."""
    from stat4830_grad.sweep import batches
    from stat4830_grad.sweep.table import SweepTable
    from stat4830_grad.tasks.train import one_run
    from stat4830_grad.training import checkpoint

    save: Callable[[Path, Any], None] = checkpoint.save_checkpoint

    def saved(path: Path, what: Any) -> None:
        save(path, what)
        note("saved", f"{path.absolute()}={what.state.updates}")

    for module in (one_run, batches):
        vars(module)["save_checkpoint"] = saved
    append: Callable[[Any, Any], None] = SweepTable.append

    def appended(self: Any, row: Any) -> None:
        append(self, row)
        note("row", row.directory)

    type.__setattr__(SweepTable, "append", appended)
