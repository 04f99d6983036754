"""One writer for a directory. Imports no torch.

The locks are the system's (flock): they end with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from .errors import ConfigError
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = locked(path)
    except BlockingIOError:
        raise ConfigError(
            f"{directory} is in use: {holder(path)} is writing there; wait until it has ended"
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot use {error.filename or path}: {error.strerror}") from None
    held = True

    def release() -> None:
        nonlocal held
        if held:
            held = False
            path.unlink(missing_ok=True)
            os.close(file)

    before_leaving(release)
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
        take(file, fcntl.LOCK_SH)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def locked(path: Path) -> int:
    """A descriptor of the file at `path` that holds its lock.

    Raises:
        BlockingIOError: another process holds it.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            take(file, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                break  # else its last holder has just removed it
        except BaseException:
            os.close(file)
            raise
        os.close(file)
    os.ftruncate(file, 0)
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        os.write(file, f"{os.getpid()} {socket.gethostname()}".encode())
    return file


def take(file: int, kind: int) -> None:
    """Lock `file` without waiting, where the file system has locks at all.

    Raises:
        BlockingIOError: another process holds a lock that excludes this one.
    """
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems have none
        pass


def holder(path: Path) -> str:
    """Who holds the lock at `path`, in words."""
    try:
        number, host = path.read_text("utf-8").split()
    except (OSError, ValueError):
        return "another process"
    return f"process {number}" + ("" if host == socket.gethostname() else f" on {host}")
