"""What a student's file may take, and how its process is held to that. Imports no torch."""

from __future__ import annotations

import ctypes
import resource
import sys

from msgspec import Struct

GIB = 2**30
FILES = 256  # open at once
PRINTED = 4096  # characters of its output that are kept

CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3


class Limits(Struct, frozen=True):
    """Of one student's file."""

    seconds: float  # that one call may last
    memory: float  # GiB beyond what PyTorch itself takes
    threads: int  # of the CPU
    reads: list[str] | None = None  # files and folders that it may read, and no variable; None: all
    by_hand: bool = False  # whether neither autograd nor this package may compute the answer


def lower(limits: Limits) -> None:
    """Lower what this process may take, for good."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_AS, address_space() + int(limits.memory * GIB)),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # macOS has no limit of addresses
            continue
    if sys.platform == "linux":
        drop_capabilities()


def address_space() -> int:
    """Bytes of addresses that this process has now; most of them are libraries."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def drop_capabilities() -> None:
    """Make root a user like others: it could raise its limits again."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    none = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, none)
