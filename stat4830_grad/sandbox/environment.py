"""What a process inherits from the program that began it, and a submission is not to know.

Whoever grades may have keys and passwords in the environment, and what a submission prints is shown
to whoever wrote it. Imports no torch.
"""

from __future__ import annotations

import ctypes
import os
import sys

KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR")
FAMILIES = ("LC_", "OMP_", "GOMP_", "MKL_", "OPENBLAS_", "NUMBA_", "PYTHON")
"""Names, and beginnings of names, of variables that libraries look at."""

BEGIN, END = (45, 47), (46, 48)
"""Where /proc/self/stat has the addresses of the command line and of the environment: the numbers
of the fields after the name of the program, their first byte and the byte after their last."""


def forget() -> None:
    """Forget the command line and all variables but `KEPT`, in /proc/self too."""
    kept = {name: value for name, value in os.environ.items() if is_kept(name)}
    os.environ.clear()
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        fields = []
    for begin, end in zip(BEGIN, END, strict=True):
        if len(fields) > end and int(fields[begin]):
            ctypes.memset(int(fields[begin]), 0, int(fields[end]) - int(fields[begin]))
    os.environ.update(kept)
    sys.argv[:] = [""]
    sys.orig_argv[:] = [""]


def is_kept(name: str) -> bool:
    """Whether libraries look at a variable of this name."""
    return name in KEPT or name.startswith(FAMILIES)
