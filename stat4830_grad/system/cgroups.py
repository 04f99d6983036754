"""The control groups of Linux that bound a process. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Files of the limit and of what is in use, in version 2 and in version 1; and what in memory.stat
is part of that but is given back when it is needed: contents of files."""


def cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The directories of the groups by which `controller` bounds this process, and those above.

    Args:
        root: below which proc/self/cgroup and sys/fs/cgroup are.
        controller: cpu or memory.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        for mounted in (controllers, controller) if controllers else ("", "unified"):
            base = root / "sys/fs/cgroup" / mounted
            place = base / path.lstrip("/")
            yield from (place, *place.parents[: len(place.parts) - len(base.parts)])


def free_memory(root: Path) -> int | None:
    """Bytes that the groups of this process still grant it; None: no limit.

    Args:
        root: as for `cgroups`.
    """
    found = [free for place in cgroups(root, "memory") for free in free_in(place)]
    return max(0, min(found)) if found else None


def free_in(place: Path) -> Iterator[int]:
    """The bytes that one group still grants."""
    for limit, used, cached in MEMORY:
        try:
            most, now = (int((place / name).read_text("utf-8")) for name in (limit, used))
            lines = (place / "memory.stat").read_text("utf-8").splitlines()
            parts = dict(line.split() for line in lines)
            yield most - now + int(parts.get(cached, 0))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
