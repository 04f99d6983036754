"""A cache of prepared tensors. It only ever saves time: any trouble with it means no cache.

A file is checked when it is read, but for the content of its large tensors, which is mapped and
checked by whoever reads some of it.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from ..system.files import write_atomically

LARGE = 2**20
"""Bytes of a tensor that is not read, and so not checked, as a whole."""


def folder() -> Path:
    """`$STAT4830_CACHE_DIR`, else `stat4830_grad` in `$XDG_CACHE_HOME`, else in `~/.cache`."""
    if own := os.environ.get("STAT4830_CACHE_DIR"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "stat4830_grad"


def fingerprint(paths: list[Path]) -> str:
    """Changes when a file is moved, replaced or edited: resolved paths, sizes, times in ns."""
    stats = [(os.fspath(path.resolve()), path.stat()) for path in paths]
    return repr([(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats])


def load(file_name: str, key: str) -> dict[str, Any] | None:
    """What `save` stored under this name, if it was stored with this key and can be read."""
    try:
        check_small_parts(folder() / file_name)
        # Mapped, so that a run that trains on 5,000 images reads no more than these.
        stored = torch.load(folder() / file_name, weights_only=True, mmap=True)
        return stored["values"] if stored["key"] == key else None
    except Exception:  # torch.load fails in many ways on a damaged file
        return None


def check_small_parts(path: Path) -> None:
    """See that all parts of an archive of torch's are what was saved, the large tensors left out.

    Raises:
        OSError, zipfile.BadZipFile: they are not.
    """
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if part.file_size <= LARGE:
                archive.read(part)  # which compares its checksum


def save(file_name: str, key: str, values: dict[str, Any]) -> None:
    """Store tensors and plain values; a reader sees the old whole file or the new whole file."""
    content = {"key": key, "values": values}
    with contextlib.suppress(OSError, RuntimeError):  # a full disk, say
        folder().mkdir(parents=True, exist_ok=True)
        write_atomically(folder() / file_name, lambda file: torch.save(content, file))
