"""Files that are whole or not there, whenever a program is killed. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


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
    """Give `write` a file that takes the place of `path` once it is complete and on disk."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming(path), partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        with naming(path):
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """`content`, atomically."""
    write_atomically(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """`text` in UTF-8, atomically."""
    write_bytes(path, text.encode())


def append(path: Path, text: str) -> None:
    """Add `text`, whole lines, at the end of the file `path`: all of it or, where that fails, none.

    Raises:
        OSError: there is no room, or no such file; it names the file.
    """
    left = memoryview(text.encode())
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        before = os.fstat(file).st_size
        try:
            while left:
                left = left[os.write(file, left) :]  # near the end of a disk it writes a part
        except BaseException:
            os.ftruncate(file, before)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.close(file)
