"""Files that are whole or not there, whenever a program is killed. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


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


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
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
