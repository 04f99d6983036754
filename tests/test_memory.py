"""How much memory a batch of a sweep may have, within what the system grants its process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from stat4830_grad.sweep.memory import GIB, MIB, free_bytes, free_of_slurm, usable_bytes
from stat4830_grad.system.cgroups import free_memory

CPU = torch.device("cpu")
V2, V1 = "sys/fs/cgroup/", "sys/fs/cgroup/memory/"


def group(place: str, most: str, used: int, files: int = 0) -> dict[str, str]:
    """The files of a group that may take `most` bytes, uses some, and of these keeps files."""
    if place.startswith(V1):
        limit, now, cached = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    else:
        limit, now, cached = "memory.max", "memory.current", "inactive_file"
    stat = f"anon 1\n{cached} {files}\n"
    return {place + limit: most, place + now: str(used), f"{place}memory.stat": stat}


@pytest.mark.parametrize(
    ("cgroup", "files", "free"),
    [
        ("0::/job", group(f"{V2}job/", "1000", 400), 600),
        ("0::/job", group(f"{V2}job/", "1000", 900, files=700), 800),
        ("0::/job", group(f"{V2}job/", "1000", 1200), 0),
        ("0::/job", group(f"{V2}job/", "max", 400), None),
        ("0::/a/b", {**group(f"{V2}a/", "500", 300), **group(f"{V2}a/b/", "900", 300)}, 200),
        ("4:memory:/job\n1:cpu:/x", group(f"{V1}job/", "1000", 300, files=100), 800),
        ("1:cpu:/job", group(f"{V1}job/", "1000", 300), None),
        ("0::/", {}, None),
    ],
)
def test_a_cgroup_grants_what_it_does_not_use_and_what_files_can_give_back(
    tmp_path: Path, cgroup: str, files: dict[str, str], free: int | None
) -> None:
    for name, text in {"proc/self/cgroup": f"{cgroup}\n", **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert free_memory(tmp_path) == free


def test_a_task_of_slurm_has_what_its_limit_leaves_beside_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLURM_MEM_PER_NODE", raising=False)
    assert free_of_slurm() is None
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", str(resident // MIB + 80))
    assert 40 * MIB < free_bytes(CPU) <= 80 * MIB
    assert usable_bytes(CPU, None) <= 40 * MIB
    assert usable_bytes(CPU, 0.5) == GIB / 2  # what a user asks for
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1")
    assert free_bytes(CPU) == 0
