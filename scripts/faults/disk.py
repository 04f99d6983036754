"""What may be on a disk after a loss of power: every legal state, from a record of calls.

The model is that of POSIX, with nothing added that a kind file system does. Of a file, what fsync
put on disk is there, and any first part of what was written since. Of a directory, each name stands
for what it stood for when the directory was last put on disk, or for anything since.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DIRECTORY = -1
"""What a name stands for that is a directory's."""

State = dict[str, bytes | None]
"""Path -> content of what is on the disk; None for a directory."""


@dataclass
class File:
    """The contents that a file may have on disk; the last one is what the process sees."""

    versions: list[bytes] = field(default_factory=lambda: [b""])

    def write(self, more: bytes) -> None:
        """Add `more`: half of it may be there, or zeros in its place."""
        now = self.versions[-1]
        half = now + more[: len(more) // 2]
        self.versions += [half, now + bytes(len(more)), now + more]

    def truncate(self, length: int) -> None:
        """Cut to `length`."""
        self.versions.append(self.versions[-1][:length])

    def sync(self) -> None:
        """What the process sees is on disk."""
        del self.versions[:-1]


@dataclass(frozen=True)
class Call:
    """A line of the record."""

    kind: str
    first: str
    second: str
    content: bytes


def calls_in(record: Path) -> Iterator[Call]:
    """The lines of a record."""
    with record.open("rb") as file:
        while line := file.readline():
            kind, first, second, length = line.rstrip(b"\n").split(b"\t")
            content = file.read(int(length))
            yield Call(kind.decode(), os.fsdecode(first), os.fsdecode(second), content)


class Disk:
    """A disk below one directory; what is in that directory at the beginning is on disk."""

    def __init__(self, below: Path) -> None:
        self.below = str(below)
        self.files: list[File] = []
        self.names: dict[str, list[int | None]] = {}  # path -> what it may stand for; None: nothing
        for path in sorted(below.rglob("*")):
            if path.is_dir():
                self.names[str(path)] = [DIRECTORY]
            else:
                self.names[str(path)] = [len(self.files)]
                self.files.append(File([path.read_bytes()]))

    def take(self, call: Call) -> None:
        """Follow a call of the process."""
        match call.kind:
            case "create":
                self.files.append(File())
                self.point(call.first, len(self.files) - 1)
            case "write":
                if (number := self.now(call.first)) is not None:
                    self.files[number].write(call.content)
            case "truncate":
                if (number := self.now(call.first)) is not None:
                    self.files[number].truncate(int(call.second))
            case "fsync":
                self.sync(call.first)
            case "rename":
                number = self.now(call.first)
                self.point(call.second, number)
                self.point(call.first, None)
            case "unlink":
                self.point(call.first, None)
            case "mkdir":
                self.point(call.first, DIRECTORY)

    def point(self, path: str, target: int | None) -> None:
        """Have a name stand for something else."""
        self.names.setdefault(path, [None]).append(target)

    def now(self, path: str) -> int | None:
        """The file that a path names for the process."""
        targets = self.names.get(path)
        return targets[-1] if targets else None

    def sync(self, path: str) -> None:
        """Put a file on disk, or the names in a directory."""
        number = self.now(path)
        if number is not None and number != DIRECTORY:
            self.files[number].sync()
            return
        for name, targets in self.names.items():
            if os.path.dirname(name) == path:
                del targets[:-1]

    def states(self) -> Iterator[State]:
        """Every state in which the disk may be now; of what nobody reads only the last, empty."""
        names = sorted(self.names)
        maybe = [
            self.names[n][-1:] if passing(n) else [*dict.fromkeys(self.names[n])] for n in names
        ]
        for targets in itertools.product(*maybe):
            standing = {n: t for n, t in zip(names, targets, strict=True) if t is not None}
            there = {n: t for n, t in standing.items() if self.reachable(n, standing)}
            matter = [t for n, t in there.items() if t != DIRECTORY and not passing(n)]
            contents = [dict.fromkeys(self.files[t].versions) for t in matter]
            for chosen in itertools.product(*contents):
                content = dict(zip(matter, chosen, strict=True))
                yield {n: None if t == DIRECTORY else content.get(t, b"") for n, t in there.items()}

    def reachable(self, name: str, standing: dict[str, int]) -> bool:
        """Whether the directories above a name are there."""
        parent = os.path.dirname(name)
        return parent == self.below or (
            standing.get(parent) == DIRECTORY and self.reachable(parent, standing)
        )


def passing(name: str) -> bool:
    """Whether nobody reads a file of this name: a lock, what is being written, Hydra's record."""
    base = os.path.basename(name)
    return base in (".lock", "lock") or base.endswith(".partial") or "/.hydra" in name


def put(state: State, below: Path, place: Path) -> None:
    """Make the files of a state at `place` instead of `below`."""
    for name in sorted(state, key=lambda name: name.count("/")):
        path, content = place / Path(name).relative_to(below), state[name]
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
