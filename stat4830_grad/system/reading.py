"""Reading the files that a user names: regular ones of a sensible size; one message if it fails.

Imports no torch.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from .errors import DataError, MachineError, UserError, is_memory
from .wording import shown

MIB = 2**20

LARGEST = 2048 * MIB
"""Most bytes that are read of one file, unpacked ones too."""


@contextmanager
def reading(
    path: Path,
    wanted: str,
    *,
    called: str | None = None,
    most: int = LARGEST,
    kind: type[UserError] = DataError,
) -> Iterator[None]:
    """See that `path` can be read, then turn whatever goes wrong inside `with` into one message.

    Args:
        wanted: what the file should be, such as "a CSV file".
        called: what the message calls the file, such as key=path; by default its path.
        most: bytes that it may have.
        kind: of the error that is raised.

    Raises:
        UserError: the file is missing, no regular file, empty, too large or damaged, as `kind`;
            or what is raised inside.
        MachineError: memory is short.
    """
    name = called or str(path)
    if reason := unreadable(path, most):
        raise kind(f"{name}{reason}; {wanted} is needed")
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # libraries fail on damaged files in more ways than they list
        if is_memory(error):
            raise MachineError(f"{name} cannot be read: memory is short") from error
        if isinstance(error, OSError) and error.strerror:
            raise kind(f"{name} cannot be read: {error.strerror}") from error
        why = f": {shown(str(error))}" if isinstance(error, OSError | ValueError) else ""
        raise kind(f"{name} is damaged, or not {wanted}{why}") from error


def unreadable(path: Path, most: int) -> str | None:
    """Why `path` is not to be opened: a device may have no end, and a pipe may never begin."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # a name may hold a NUL
        return f": {getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(found.st_mode):
        return " is a directory"
    if not stat.S_ISREG(found.st_mode):
        return " is a device, a pipe or a socket"
    if found.st_size > most:
        return f" has {-(-found.st_size // MIB):,} MiB, more than {most // MIB:,} MiB"
    return None if found.st_size else " is empty"


def read_json(path: Path) -> Any:
    """What a JSON file of a run or a sweep holds.

    Raises:
        DataError: it is missing or damaged.
    """
    with reading(path, "JSON"):
        return json.loads(path.read_text("utf-8"))


def read_config(path: Path) -> dict[str, Any]:
    """The tree of keys in a run's config.yaml.

    Raises:
        DataError: it is missing or damaged.
    """
    with reading(path, "a configuration in YAML"):
        tree = OmegaConf.to_container(OmegaConf.load(path))
        if not isinstance(tree, dict):
            raise ValueError("it holds no keys")
    return {str(key): value for key, value in tree.items()}
