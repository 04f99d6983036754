"""What a user can cause. Each kind has an exit code; the message says what to do."""

import re

from . import exit_codes


class UserError(Exception):
    """Reported as one message without a traceback (`debug=true` shows it)."""

    exit_code = exit_codes.DEFECT


class ConfigError(UserError):
    """The configuration asks for something that cannot be run."""

    exit_code = exit_codes.CONFIGURATION


class DataError(UserError):
    """A file the run needs is missing, damaged or cannot be had."""

    exit_code = exit_codes.DATA


class MachineError(UserError):
    """The machine cannot: its disk is full, its memory short, a file cannot be used."""

    exit_code = exit_codes.MACHINE


class StoppedError(Exception):
    """A signal came that ends this program while it waited for a file's answer."""


NO_MEMORY = re.compile(
    r"can't allocate|cannot allocate|unable to allocate|not enough memory|out of memory|bad_?alloc"
    r"|failed to map segment|Storage size calculation overflowed|can't start new thread",
    re.IGNORECASE,
)
"""How Python, torch, NumPy and the dynamic linker say that memory is short."""


def is_memory(error: BaseException) -> bool:
    """Whether memory is short."""
    return isinstance(error, MemoryError) or NO_MEMORY.search(str(error)) is not None
