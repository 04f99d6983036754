"""The files a user names as inputs of a run, and whether they are still what they were."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..config.schema import Config
from ..system.errors import ConfigError, DataError
from ..system.files import write_bytes
from ..system.reading import LARGEST, unreadable

KEYS = (
    *("problem.file", "problem.path", "problem.indices"),
    *("gradient.path", "optimizer.path", "model.path", "model.init_from"),
)
"""Keys that name an input file."""

FILE = "inputs.json"
"""What a run or a sweep records of its input files at its start, in its directory."""


class Input(Struct, frozen=True):
    """An input file as it was at some time."""

    key: str  # by which the configuration names it
    path: str
    sha256: str | None  # hexadecimal; None: it was not there, or not a regular file


def with_absolute_paths(config: Config) -> dict[str, Any]:
    """`config` as plain values whose paths do not depend on the working directory."""
    tree: dict[str, Any] = msgspec.to_builtins(config)
    for key in (*KEYS, "data_dir"):
        group, _, name = key.rpartition(".")
        part = (tree.get(group) or {}) if group else tree
        if part.get(name) is not None:
            part[name] = str(Path(part[name]).expanduser().absolute())
    return tree


def fingerprints(configs: Sequence[Config]) -> list[Input]:
    """The input files of some runs as they are now, each once."""
    found: dict[tuple[str, str], Input] = {}
    for tree in map(with_absolute_paths, configs):
        for key in KEYS:
            group, _, name = key.partition(".")
            path = (tree.get(group) or {}).get(name)
            if path is not None and (key, path) not in found:
                found[key, path] = Input(key, path, sha256(Path(path)))
    return list(found.values())


def sha256(path: Path) -> str | None:
    """Of a file's content; None if there is no regular file that can be read."""
    if unreadable(path, LARGEST):
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # whoever reads it for the run says why
        return None


def record_inputs(directory: Path, configs: Sequence[Config]) -> None:
    """Leave inputs.json in a directory that has none, if there are input files."""
    path = directory / FILE
    if not path.exists() and (found := fingerprints(configs)):
        write_bytes(path, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def recorded_inputs(directory: Path) -> list[Input]:
    """What inputs.json says; nothing where it is not there: no inputs, or an older version's run.

    Raises:
        DataError: it is damaged.
    """
    path = directory / FILE
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Input])
    except msgspec.DecodeError:
        raise DataError(f"{path} is damaged") from None


def refuse_changed_inputs(directory: Path, configs: Sequence[Config]) -> None:
    """See that the input files of `configs` are those recorded in `directory`.

    Raises:
        ConfigError: one has another content than when the run or sweep began.
        DataError: inputs.json is damaged.
    """
    recorded = recorded_inputs(directory)
    for now in fingerprints(configs) if recorded else ():
        of_key = [one for one in recorded if one.key == now.key]
        before = [one for one in of_key if one.path == now.path] or of_key
        known = [one.sha256 for one in before]
        if now.sha256 and known and None not in known and now.sha256 not in known:
            raise ConfigError(
                f"{now.key}={now.path} is not the file it was when this began: its SHA-256 was "
                f"{str(known[0])[:12]}…, it is {now.sha256[:12]}…; put the old one back, or begin "
                "a new run"
            )
