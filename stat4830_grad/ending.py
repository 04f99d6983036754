"""How a process ends."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process without taking its modules apart, which for torch lasts most of a second."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # nobody reads on: `… | head`
        code = 120  # as the interpreter has it
    os._exit(code)
