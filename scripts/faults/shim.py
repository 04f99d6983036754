"""The library that makes calls on files fail: compiled when it is needed, told what to do."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
MODES = {"nothing": 0, "fail": 1, "kill": 2, "short": 3}


def compile_shim(directory: Path) -> Path | None:
    """The library, made in `directory`; None where there is no C compiler, or no Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    library = directory / "shim.so"
    if compiler is None or not Path("/proc/self/fd").exists():
        return None
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-w",
        "-o",
        str(library),
        str(SOURCE),
        "-ldl",
        "-lpthread",
    ]
    done = subprocess.run(command, capture_output=True)
    return library if done.returncode == 0 else None


def arm(below: str, mode: str, number: int, k: int, record: str) -> None:
    """Have the k-th call of this process on a file below a directory go wrong.

    Args:
        mode: of `MODES`.
        number: errno of a call that fails.
        record: file that every such call is recorded in; "" for none.
    """
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.faults_begin.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_char_p,
    ]
    library.faults_begin(os.fsencode(below), MODES[mode], number, k, os.fsencode(record))
