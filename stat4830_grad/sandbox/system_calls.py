"""Which calls of the operating system a student's process is refused, by a filter of the kernel.

seccomp needs no rights, works inside containers, costs nothing measurable, and cannot be taken off
again (man 2 seccomp). It sees numbers only, so a file is refused by the flags it is opened with.
Linux on x86-64 and 64-bit ARM; elsewhere `refuse` says what is open. Imports no torch.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence

# System calls by architecture, from the kernel's asm/unistd_64.h and asm-generic/unistd.h.
X86 = {
    "open": 2, "ioctl": 16, "shmget": 29, "shmat": 30, "shmctl": 31, "socket": 41, "connect": 42,
    "accept": 43, "bind": 49, "listen": 50, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58,
    "execve": 59, "kill": 62, "semget": 64, "semop": 65, "semctl": 66, "msgget": 68, "msgsnd": 69,
    "msgrcv": 70, "msgctl": 71, "fcntl": 72, "flock": 73, "truncate": 76, "rename": 82, "mkdir": 83,
    "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91,
    "chown": 92, "fchown": 93, "lchown": 94, "ptrace": 101, "rt_sigqueueinfo": 129, "utime": 132,
    "mknod": 133, "setpriority": 141, "sched_setparam": 142, "sched_setscheduler": 144,
    "setrlimit": 160, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197,
    "lremovexattr": 198, "fremovexattr": 199, "tkill": 200, "sched_setaffinity": 203,
    "semtimedop": 220, "tgkill": 234, "utimes": 235, "mq_open": 240, "mq_unlink": 241,
    "add_key": 248, "request_key": 249, "keyctl": 250, "ioprio_set": 251, "migrate_pages": 256,
    "openat": 257, "mkdirat": 258, "mknodat": 259, "fchownat": 260, "futimesat": 261,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268,
    "unshare": 272, "move_pages": 279, "utimensat": 280, "accept4": 288, "rt_tgsigqueueinfo": 297,
    "perf_event_open": 298, "prlimit64": 302, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "sched_setattr": 314, "renameat2": 316, "memfd_create": 319,
    "bpf": 321, "execveat": 322, "userfaultfd": 323,
}  # fmt: skip
ARM = {
    "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15,
    "fremovexattr": 16, "fcntl": 25, "ioctl": 29, "ioprio_set": 30, "flock": 32, "mknodat": 33,
    "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45,
    "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "openat": 56, "utimensat": 88,
    "unshare": 97, "ptrace": 117, "sched_setparam": 118, "sched_setscheduler": 119,
    "sched_setaffinity": 122, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138,
    "setpriority": 140, "setrlimit": 164, "mq_open": 180, "mq_unlink": 181, "msgget": 186,
    "msgctl": 187, "msgrcv": 188, "msgsnd": 189, "semget": 190, "semctl": 191, "semtimedop": 192,
    "semop": 193, "shmget": 194, "shmctl": 195, "shmat": 196, "socket": 198, "socketpair": 199,
    "bind": 200, "listen": 201, "accept": 202, "connect": 203, "add_key": 217, "request_key": 218,
    "keyctl": 219, "clone": 220, "execve": 221, "migrate_pages": 238, "move_pages": 239,
    "rt_tgsigqueueinfo": 240, "perf_event_open": 241, "accept4": 242, "prlimit64": 261,
    "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "sched_setattr": 274,
    "renameat2": 276, "memfd_create": 279, "bpf": 280, "execveat": 281, "userfaultfd": 282,
}  # fmt: skip
NEWER = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "clone3": 435, "openat2": 437,
    "pidfd_getfd": 438, "process_madvise": 440, "fchmodat2": 452, "setxattrat": 463,
    "removexattrat": 466, "file_setattr": 469,
}  # fmt: skip
"""The same number everywhere."""

ARCHITECTURES = {"x86_64": (0xC000003E, X86 | NEWER), "aarch64": (0xC00000B7, ARM | NEWER)}
"""Machine -> what the kernel calls it, and its calls."""

ABSENT = ("clone3", "openat2", "io_uring_setup", "userfaultfd", "memfd_create")
"""Refused as if the kernel had none: the C library then takes an older one, which is looked at."""

WRITES = (
    "creat", "truncate", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "mkdir", "mkdirat", "mknod", "mknodat", "unlink", "unlinkat", "rmdir", "chmod",
    "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr",
    "lremovexattr", "fremovexattr", "removexattrat", "file_setattr", "mq_unlink",
)  # fmt: skip
"""Refused as on a file system that is read-only."""

FILES = (0, 1, 2, 3, 4, 5, 1030, 1031, 1032)
"""What fcntl may do: copy a descriptor, read and set flags, look at locks, size a pipe. Not have a
signal sent to the owner of a file, which may be any process (F_SETOWN, F_SETSIG), nor lock one."""

DEVICES = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""What ioctl may do: ask whether and how large a terminal is, how much can be read; set flags. Not
type on a terminal, and not have a signal sent to the owner of a file."""

CLONE_THREAD = 0x00010000
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2

OPEN = "it can start processes, use the network and write files as you can"


def refuse() -> str | None:
    """Refuse this process, for good, whatever leads out of it; what stays open where none can.

    Refused are other processes and signals to them, every kind of talk with them (sockets, queues,
    shared memory, locks, keys, terminals), writing files, higher limits.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return f"{sys.platform} on {machine} has no filter for this: {OPEN}"
    code = b"".join(program(*ARCHITECTURES[machine], own=os.getpid()))
    held = ctypes.create_string_buffer(code, len(code))
    pointer = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.c_char_p(pointer), 0, 0):
        return f"the kernel takes no filter ({os.strerror(ctypes.get_errno())}): {OPEN}"
    return None


def program(architecture: int, calls: dict[str, int], own: int) -> Iterator[bytes]:
    """The filter, instruction by instruction: the first that fits decides.

    Args:
        own: the number of this process, which may signal itself.
    """

    def when(name: str, *then: bytes) -> Iterator[bytes]:
        if name in calls:
            yield step(EQUAL, calls[name], skip_false=len(then))
            yield from then

    yield step(LOAD, ARCHITECTURE)
    yield step(EQUAL, architecture, skip_true=1)
    yield step(RETURN, REFUSE | errno.EPERM)
    yield step(LOAD, NUMBER)
    yield step(AT_LEAST, 0x40000000, skip_false=1)  # x86-64's other set of numbers
    yield step(RETURN, REFUSE | errno.EPERM)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    for name, flags in (("open", 1), ("openat", 2)):
        yield from when(name, *unless_bits(flags, writing, errno.EROFS))
    for name in ("kill", "tgkill"):
        yield from when(name, *only_if(0, own))
    thread = step(ANY_BIT, CLONE_THREAD, skip_true=1)
    yield from when("clone", argument(0), thread, *decide(errno.EPERM))
    yield from when("prlimit64", *only_if(2, 0))  # a null pointer: it asks, and changes nothing
    yield from when("sched_setaffinity", *only_if(0, 0))
    yield from when("fcntl", *only_among(1, FILES, errno.EPERM))
    yield from when("ioctl", *only_among(1, DEVICES, errno.ENOTTY))
    decided = {"open", "openat", "kill", "tgkill", "clone", "prlimit64"}
    decided |= {"sched_setaffinity", "fcntl", "ioctl"}
    for name in sorted(calls.keys() - decided, key=calls.__getitem__):
        number = errno.EROFS if name in WRITES else errno.ENOSYS if name in ABSENT else errno.EPERM
        yield from when(name, step(RETURN, REFUSE | number))
    yield step(RETURN, ALLOW)


def step(code: int, value: int, *, skip_true: int = 0, skip_false: int = 0) -> bytes:
    """One instruction: struct sock_filter."""
    return struct.pack("HBBI", code, skip_true, skip_false, value)


def argument(index: int) -> bytes:
    """Load the lower half of an argument."""
    return step(LOAD, ARGUMENTS + 8 * index)


def decide(number: int) -> tuple[bytes, bytes]:
    """Refuse with this error; one instruction further on, allow."""
    return step(RETURN, REFUSE | number), step(RETURN, ALLOW)


def only_if(index: int, value: int) -> tuple[bytes, ...]:
    """Allow where both halves of an argument are `value`."""
    upper = step(LOAD, ARGUMENTS + 8 * index + 4)
    return (
        argument(index),
        step(EQUAL, value, skip_false=2),
        upper,
        step(EQUAL, 0, skip_true=1),
        *decide(errno.EPERM),
    )


def only_among(index: int, values: Sequence[int], number: int) -> Iterator[bytes]:
    """Allow where the lower half of an argument is one of these values."""
    yield argument(index)
    for left, value in zip(range(len(values), 0, -1), values, strict=True):
        yield step(EQUAL, value, skip_true=left)
    yield from decide(number)


def unless_bits(index: int, bits: int, number: int) -> tuple[bytes, ...]:
    """Allow where an argument has none of these bits."""
    return argument(index), step(ANY_BIT, bits, skip_false=1), *decide(number)
