"""What a gradient costs: time, peak memory, bytes saved for backward."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from ...problems.saved import saved_storages

Work = Callable[[], Any]
"""One call of a method, everything it needs bound."""

SAMPLE = 0.002  # seconds a sample lasts at least: many calls of a fast method, one of a slow one
BUDGET = 1.0  # seconds for all samples of all methods, of which there are 5 to 25
FEWEST, MOST = 5, 25


@dataclass(frozen=True)
class Cost:
    """Of one call. `saved` counts each storage once and leaves out those that were there before
    the call: saving a parameter or the data keeps nothing alive that was not alive already."""

    seconds: float  # median
    peak: int | None  # bytes allocated at once beyond those before the call; None: not measurable
    saved: int | None  # bytes kept for backward; None: another process's affair
    saved_before: int | None  # bytes of parameters and data that backward refers to as well


def measure(
    works: Mapping[str, Work], device: torch.device, alive: list[Tensor]
) -> dict[str, Cost]:
    """The cost of every method. `alive` are the tensors there before: parameters and data."""
    seconds = times(works, device)
    costs = {}
    for name, work in works.items():
        saved, before = saved_bytes(work, alive)
        costs[name] = Cost(seconds[name], peak_memory(work, device), saved, before)
    return costs


def times(works: Mapping[str, Work], device: torch.device) -> dict[str, float]:
    """Median seconds of one call; methods take turns, so that a slow moment hits all of them."""
    calls = {}
    for name, work in works.items():
        elapsed(work, 2, device)  # warm-up
        calls[name] = max(1, round(SAMPLE / max(elapsed(work, 1, device), 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in works}
    began = time.perf_counter()
    for turn in range(MOST):
        if turn >= FEWEST and time.perf_counter() - began > BUDGET:
            break
        for name, work in works.items():
            samples[name].append(elapsed(work, calls[name], device) / calls[name])
    return {name: statistics.median(values) for name, values in samples.items()}


def elapsed(work: Work, calls: int, device: torch.device) -> float:
    """Seconds of `calls` calls, until the device has finished them."""
    wait(device)
    began = time.perf_counter()
    for _ in range(calls):
        work()
    wait(device)
    return time.perf_counter() - began


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def peak_memory(work: Work, device: torch.device) -> int | None:
    """Bytes that one call has allocated at once at most, as PyTorch's allocator reports them."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    if device.type != "cpu":
        return None
    now = peak = 0
    for change in allocations(work):
        now += change
        peak = max(peak, now)
    return peak


def allocations(work: Work) -> list[int]:
    """Bytes of every allocation (positive) and release (negative) of one call on the CPU."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler prints that it has started
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        result = work()
        del result
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "trace.json")
        record.export_chrome_trace(str(path))
        events = json.loads(path.read_text("utf-8"))["traceEvents"]
    memory = [e for e in events if e.get("name") == "[memory]"]
    return [e["args"]["Bytes"] for e in sorted(memory, key=lambda e: e["ts"])]


def saved_bytes(work: Work, alive: list[Tensor]) -> tuple[int, int]:
    """Bytes of the storages that one call saves for backward: new ones, and those of `alive`."""
    _, new, old = saved_storages(work, alive)
    return sum(new.values()), sum(old.values())
