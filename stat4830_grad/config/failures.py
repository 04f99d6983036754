"""From an exception to one message and an exit code; what is taken back. Imports no torch."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import traceback
from pathlib import Path

from hydra.errors import HydraException
from yaml import MarkedYAMLError

from ..system import exit_codes
from ..system.errors import ConfigError, MachineError, UserError, is_memory
from ..system.lock import LOCK
from .messages import explain

BEGUN = ("metrics.csv", "config.yaml", ".sweep", LOCK)
"""What is in the directory of a run, another task or a sweep that has begun or is beginning."""

MISNAMED = (
    *(FileNotFoundError, FileExistsError, PermissionError),
    *(NotADirectoryError, IsADirectoryError),
)
"""Errors of a file that the configuration should name otherwise."""


def report(error: Exception) -> int:
    """Print one message for what a user or the machine causes, a traceback for a defect of ours."""
    cause = known(error)
    if cause is None or debugging():
        traceback.print_exception(error)
    if cause is None:
        return exit_codes.DEFECT
    print(f"error: {cause}", file=sys.stderr)
    return cause.exit_code


def debugging() -> bool:
    """Whether the command line asks for tracebacks: errors come before it can be composed."""
    return any(re.fullmatch(r"\+*debug=(true|yes|on|1)", word, re.I) for word in sys.argv)


def known(error: BaseException) -> UserError | None:
    """What the user or the machine caused, in plain words; None for a defect of this program."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        return of_files(error)
    text = str(error)
    if is_memory(error):
        return MachineError(f"memory is short{asked_for(text)}")
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return ConfigError(f"{mark.name}: line {mark.line + 1} is not YAML: {error.problem}")
    if isinstance(error, UnicodeEncodeError):
        return ConfigError(
            f"{error.object!r} is not in {error.encoding}: name files in UTF-8, in a locale "
            "that has it (LC_ALL=C.UTF-8)"
        )
    if isinstance(error, Exception) and (found := explain(error, overrides())):
        return found
    if isinstance(error, ValueError | RecursionError | RuntimeError) and from_hydra(error):
        return ConfigError(text.partition("\n")[0])  # about its own options
    return None


def overrides() -> list[str]:
    """The words of the command line that set a key or choose an option."""
    return [word for word in sys.argv[1:] if "=" in word and not word.startswith("-")]


def of_files(error: OSError) -> UserError | None:
    """A file that cannot be used, or a disk that is full."""
    if error.errno is None:
        return None
    if error.filename is None and isinstance(error, FileNotFoundError):
        return ConfigError("the directory this was started in is gone: cd to one that is there")
    if error.filename is None:
        return MachineError(error.strerror or str(error))
    kind = ConfigError if isinstance(error, MISNAMED) else MachineError
    return kind(f"cannot use {os.fsdecode(error.filename)}: {error.strerror}")


def asked_for(text: str) -> str:
    """How much memory could not be had, where the message says it."""
    if found := re.search(r"allocate (\d+) bytes", text):
        gib = int(found[1]) / 2**30
        return f": {gib:{',.0f' if gib >= 10 else '.2g'}} GiB more were needed"
    if found := re.search(r"allocate ([\d.]+ [KMGTPE]iB)", text):
        return f": {found[1]} more were needed"
    return ""


def from_hydra(error: BaseException) -> bool:
    """Whether it was raised in Hydra's own code."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("hydra.")


def discard(directory: Path) -> None:
    """Take back what was made for a run that did not begin; files of others stay."""
    if not any((directory / name).exists() for name in BEGUN):
        (directory / "multirun.yaml").unlink(missing_ok=True)
        shutil.rmtree(directory / ".hydra", ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty: somebody else's
            directory.rmdir()


def discard_empty(directory: Path) -> None:
    """Take back the directory of a task that leaves nothing, and those above that it alone made."""
    discard(directory)
    for above in (directory.parent, directory.parent.parent):
        with contextlib.suppress(OSError):  # not empty
            if above != Path.cwd():
                above.rmdir()


def discard_on_signal(directory: Path) -> None:
    """What a signal that ends the process leaves out: half a file, a run that has not begun."""
    for inside in ("", "*/"):
        for partial in directory.glob(f"{inside}.*.{os.getpid()}.partial"):
            partial.unlink(missing_ok=True)
    discard(directory)
