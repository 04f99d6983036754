"""How many threads a process computes with: one number for every library. Imports no torch."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .cgroups import cgroups
from .errors import ConfigError

ASKED = os.environ.get("OMP_NUM_THREADS", "")
"""What the user's environment says; `settle` puts another number there."""

NUMBERS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""Where libraries look for their number of threads when they are loaded."""

TRIES = "5000"
"""Times a thread looks for what it waits for before it sleeps, each some 10 to 50 nanoseconds."""


def settle(threads: int | None) -> int:
    """Have every library of this process compute with the number of threads of a run; the number.

    Libraries that are not loaded yet take it from the environment, torch also later; numba's own
    follow torch's.

    Args:
        threads: the key `threads`; None takes `default()`.

    Raises:
        ConfigError: it is more than the CPUs that this process may use.
    """
    number = checked(threads) or default()
    for name in NUMBERS:
        os.environ[name] = str(number)
    os.environ.update(patience())
    settle_numba()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(number)
    return number


def checked(threads: int | None) -> int | None:
    """The same number.

    Raises:
        ConfigError: it is more than the CPUs that this process may use.
    """
    if threads is not None and threads > (most := available()):
        cpus = "CPU" if most == 1 else "CPUs"
        raise ConfigError(
            f"threads={threads}: this process may use {most} {cpus}; write threads={most}"
        )
    return threads


def patience() -> dict[str, str]:
    """Variables by which GNU's OpenMP lets a thread sleep that waits for another for long.

    By default it tries again and again for several milliseconds before. Where other programs use
    the cores too, what is waited for is often not running, and the trying keeps it from running:
    a whole command took 5 to 23 times as long. A sleep at once would cost a third of the speed of
    small problems on a quiet machine, where threads wait for less than a tenth of a millisecond.
    """
    decided = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
    return {} if decided else {"GOMP_SPINCOUNT": TRIES}


def settle_numba() -> None:
    """Let numba have as many threads as any run of this process may ask for, with OpenMP.

    It fails where its variables hold what it cannot use, and where they change once it computes.
    """
    if "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = str(available())
        os.environ["NUMBA_THREADING_LAYER"] = "default"
        os.environ["NUMBA_THREADING_LAYER_PRIORITY"] = "omp tbb workqueue"


def default() -> int:
    """The first number of OMP_NUM_THREADS, but at most `available()`; that where it has none."""
    most = available()
    return min(whole(ASKED.partition(",")[0]) or most, most)


def available() -> int:
    """The CPUs this process may use: by its affinity, its cgroups' quota, and Slurm's task."""
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    task = whole(os.environ.get("SLURM_CPUS_PER_TASK", ""))
    return min(number for number in (cpus, quota(Path("/")), task) if number)


def whole(text: str) -> int | None:
    """The whole number ≥ 1 that `text` is, if it is one."""
    digits = text.strip()
    return int(digits) or None if digits.isascii() and digits.isdigit() else None


def quota(root: Path) -> int | None:
    """The CPUs that the cgroups of this process grant it, a part as a whole; None: no limit.

    Args:
        root: below which proc/self/cgroup and sys/fs/cgroup are.
    """
    found = [limit for place in cgroups(root, "cpu") for limit in limits(place)]
    return math.ceil(min(found)) if found else None


def limits(place: Path) -> Iterator[float]:
    """The CPUs that one cgroup grants: microseconds of computing in a period of so many."""
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        try:
            words = " ".join((place / name).read_text("utf-8") for name in names).split()
            granted, period = map(float, words)
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
        if granted > 0 and period > 0:
            yield granted / period
