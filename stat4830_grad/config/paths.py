"""Paths on the command line: `~` is the home directory, and special characters need no quotes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec.inspect import LiteralType, NoneType, StrType

from .values import list_keys, of_type, written

PATHS = (
    *("problem.file", "problem.path", "problem.indices", "gradient.path", "optimizer.path"),
    *(
        "model.path",
        "model.init_from",
        "data_dir",
        "resume",
        "sweep.resume",
        "runs",
        "list.directory",
    ),
    *("hydra.run.dir", "hydra.sweep.dir"),
)
"""Keys whose values are paths."""

HOME = re.compile(r"(^|[\[,\s'\"])(~[\w.-]*)(?=$|[/\],'\"])")


def expanded(word: str) -> str:
    """An override with `~` written out, and quoted if it names a file that is there."""
    key, _, value = word.partition("=")
    if key.lstrip("+") not in PATHS:
        return word
    value = HOME.sub(lambda found: found[1] + os.path.expanduser(found[2]), value)
    word = f"{key}={value}"
    return quoted(word) if re.search(r"[^\w./-]", value) and exists(value) else word


def exists(path: str) -> bool:
    """Whether something has this name; a name that cannot be one has nothing."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def misread(key: str, value: object) -> bool:
    """Whether Hydra reads a value as a number, or as nothing, where it can only be text."""
    if key not in of_type(StrType) or key in list_keys():
        return False
    return isinstance(value, int | float) or (value is None and key not in of_type(NoneType))


def quoted(word: str) -> str:
    """An override whose value is quoted, if it is text and nothing else; else as it is."""
    key, _, value = word.partition("=")
    texts = {*PATHS, *of_type(StrType), *of_type(LiteralType)}
    if key.lstrip("+") not in texts or re.match(r"[\[{'\"$]", value):
        return word
    return f"{key}={written(value)}"
