"""How many runs fit into memory at once: an estimate made before a batch starts."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from ..system.cgroups import free_memory
from ..training.experiment import Experiment

MIB, GIB = 2**20, 2**30

SHARE = 0.5
"""Of the free memory, what a batch may take."""

NEAR = 100 * MIB
"""What a batch on the CPU may take: its arrays stay in caches, and what one of them leaves free is
there for the next, where the system would have to map larger ones anew each time. 128 networks
on 4,000 images took half the time in batches of 16 that they took in one."""

COPIES = 10
"""Of each parameter (old, new, gradient, direction, step) and of the workspace, besides what the
optimizer remembers; measured peaks of resident memory were at most nine tenths of this."""


def bytes_per_run(alone: Experiment) -> int:
    """What one more run in a batch takes, from the experiment of one run alone.

    Parameters × (copies + twice the optimizer's memory), and the objective's workspace × copies.
    """
    parameters = sum(p.numel() for p in alone.params.values())
    own = {name: p.clone() for name, p in alone.params.items()}  # some update in place
    still = {name: torch.zeros_like(p) for name, p in own.items()}
    _, memory = alone.optimizer.update(own, still, alone.lr, alone.optimizer.init(own))
    remembered = sum(t.numel() for part in memory.values() for t in part.values())
    entries = COPIES * parameters + 2 * remembered + COPIES * alone.objective.workspace()
    return entries * alone.lr.element_size()


def usable_bytes(device: torch.device, asked: float | None) -> float:
    """What a batch may take: what was `asked` for (GiB), or a share of what is free."""
    if asked is not None:
        return asked * GIB
    share = SHARE * free_bytes(device)
    return min(share, NEAR) if device.type == "cpu" else share


def free_bytes(device: torch.device) -> int:
    """Memory a batch could have: the device's, or the machine's within this process's limits."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(available.split()[1]) * 1024
    except (OSError, StopIteration):  # not Linux
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    limits = free_memory(Path("/")), free_of_slurm()
    return min([free, *(limit for limit in limits if limit is not None)])


def free_of_slurm() -> int | None:
    """What Slurm still grants this process if it runs in a task; None: there is no limit.

    Clusters that do not hold tasks to it by cgroups kill them when they are above it.
    """
    granted = os.environ.get("SLURM_MEM_PER_NODE", "")
    if not granted.isdecimal():
        return None
    resident = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return max(0, int(granted) * MIB - resident * os.sysconf("SC_PAGE_SIZE"))


def runs_that_fit(each: int, budget: float) -> int:
    """At least one: a run that is too large alone fails on its own, and says so."""
    return max(1, int(budget // max(1, each)))
