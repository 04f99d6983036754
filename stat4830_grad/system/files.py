"""Files that are whole or not there, whenever a program is killed or a machine loses its power.

A file is written under another name, put on disk, and renamed; then its directory is put on disk.
Imports no torch.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARTIAL = ".partial"
"""How the name of a file ends that is being written. Its writer holds its lock."""

NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)
"""Errors by which a file system says that its directories cannot be put on disk."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give an error of the file system the name of the file, which not all errors have.

    Raises:
        OSError: with `path` as its file name.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch.save raises the second while the first is up
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError):
            raise OSError(cause.errno, cause.strerror, str(path)) from error
        raise


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Give `write` a file that takes the place of `path` once it is complete and on disk.

    On return it is there after a loss of power, too. What dead writers left in the directory goes.

    Raises:
        OSError: it could not be written; what was there before still is. It names the file.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    with naming(path):
        remove_leftovers(path.parent)
        number = held(partial, wait=True)
        try:
            with os.fdopen(number, "wb") as file:
                write(file)
                file.flush()
                os.fsync(number)
                os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        sync_directory(path.parent)


def remove_leftovers(directory: Path) -> None:
    """Remove what killed writers left in `directory`: a live one holds the lock of its file."""
    for path in directory.glob(f".*{PARTIAL}"):
        with contextlib.suppress(OSError):  # a live one's, or gone in the meantime
            file = os.open(path, os.O_RDWR)
            try:
                if take(file) and is_at(file, path):
                    path.unlink()
            finally:
                os.close(file)


def held(path: Path, *, wait: bool = False) -> int:
    """A descriptor of the file at `path`, made if it is not there, that holds its lock.

    Args:
        wait: for another process that holds it.

    Raises:
        BlockingIOError: another process holds it, and `wait` is false.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            take(file, wait=wait)
            if is_at(file, path):
                return file  # else its last holder has just removed it
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def is_at(file: int, path: Path) -> bool:
    """Whether `path` still names the file with this descriptor."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def take(file: int, *, wait: bool = False, shared: bool = False) -> bool:
    """Lock `file`; False where the file system has no locks.

    Args:
        shared: with others that ask for no more.

    Raises:
        BlockingIOError: another process has locked it, and `wait` is false.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems have none
        return False
    return True


def make_directory(path: Path) -> None:
    """Make a directory, and its parents, where they are missing, and put their names on disk."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Put on disk which files a directory holds, where it may be read and its file system can.

    Raises:
        OSError: the disk fails.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(file)


def write_bytes(path: Path, content: bytes) -> None:
    """`content`, atomically."""
    write_atomically(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """`text` in UTF-8, atomically."""
    write_bytes(path, text.encode())


def append(path: Path, text: str, *, sync: bool = False) -> None:
    """Add `text`, whole lines, at the end of the file `path`: all of it or, where that fails, none.

    Args:
        sync: put the whole file on disk, whatever was added to it when.

    Raises:
        OSError: there is no room, or no such file; it names the file.
    """
    left = memoryview(text.encode())
    with naming(path):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            before = os.fstat(file).st_size
            try:
                while left:
                    left = left[os.write(file, left) :]  # near the end of a disk it writes a part
                if sync:
                    os.fsync(file)
            except BaseException:
                os.ftruncate(file, before)
                raise
        finally:
            os.close(file)
