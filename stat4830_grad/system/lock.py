"""One writer for a directory. Imports no torch.

The locks are the system's (flock): they end with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from .errors import ConfigError
from .files import held, make_directory, sync_directory, take
from .process import before_leaving

LOCK = ".lock"
"""File in a run's or a sweep's directory that is locked while a process writes there."""


@contextlib.contextmanager
def sole_writer(directory: Path) -> Iterator[None]:
    """Hold `directory`, made if it is not there, against every other process.

    Raises:
        ConfigError: another process holds it, or it cannot be made.
    """
    path = directory.absolute() / LOCK
    file: int | None = None

    def release() -> None:
        nonlocal file
        if file is not None:
            path.unlink(missing_ok=True)
            os.close(file)
            file = None

    before_leaving(release)
    try:
        make_directory(path.parent)
        for parent in path.parent.parents:  # Hydra may have made them
            sync_directory(parent)
        file = locked(path)
    except BlockingIOError:
        raise ConfigError(
            f"{directory} is in use: {holder(path)} is writing there; wait until it has ended"
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot use {error.filename or path}: {error.strerror}") from None
    try:
        yield
    finally:
        release()


def in_use(directory: Path) -> bool:
    """Whether a process holds `directory`; a lock file that a killed one left behind does not."""
    try:
        file = os.open(directory / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        take(file, shared=True)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def locked(path: Path) -> int:
    """A descriptor of the file at `path` that holds its lock, and tells whose it is.

    Raises:
        BlockingIOError: another process holds it.
    """
    file = held(path)
    os.ftruncate(file, 0)
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        os.write(file, f"{os.getpid()} {socket.gethostname()}".encode())
    return file


def holder(path: Path) -> str:
    """Who holds the lock at `path`, in words."""
    try:
        number, host = path.read_text("utf-8").split()
    except (OSError, ValueError):
        return "another process"
    return f"process {number}" + ("" if host == socket.gethostname() else f" on {host}")
