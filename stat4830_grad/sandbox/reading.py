"""Which files a student's process may read, held by the kernel (Landlock, Linux 5.13 and later).

A process that is held so can also not look into the memory of one that is not, which holds the
right answer. Like the filter of system calls it takes no rights. Imports no torch.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same number everywhere
READ_FILE, READ_DIR = 0x4, 0x8
BENEATH = 1  # a rule about a folder and all in it, or about a file
PR_SET_NO_NEW_PRIVS = 38

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/opt", "/nix", "/sys"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys"),
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"),
)
"""Where libraries and what they look up are: nothing of other processes, terminals or secrets."""

OPEN = "it can read all files that you can read"


def python() -> list[str]:
    """Where this Python and the packages are that it has."""
    packages = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    return [sys.prefix, sys.base_prefix, *packages]


def hold(places: Iterable[str] | None) -> str | None:
    """Let this process, for good, read files of the system, of Python and in `places` alone.

    Args:
        places: files and folders; None for all that there are.

    Returns:
        What stays open where the kernel cannot.
    """
    allowed = ("/",) if places is None else (*SYSTEM, *python(), *places)
    if sys.platform != "linux":
        return None if places is None else f"{sys.platform} cannot hold it: {OPEN}"
    libc = ctypes.CDLL(None, use_errno=True)
    rules = libc.syscall(CREATE_RULESET, struct.pack("Q", READ_FILE | READ_DIR), 8, 0)
    if rules < 0:
        why = os.strerror(ctypes.get_errno())
        return None if places is None else f"the kernel has no Landlock ({why}): {OPEN}"
    for place in dict.fromkeys(allowed):
        try:
            file = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rights = READ_FILE | READ_DIR if os.path.isdir(place) else READ_FILE
        libc.syscall(ADD_RULE, rules, BENEATH, struct.pack("=Qi", rights, file), 0)
        os.close(file)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    failed = libc.syscall(RESTRICT_SELF, rules, 0)
    os.close(rules)
    return f"the kernel refused to hold it: {OPEN}" if failed and places is not None else None
