"""Every group of lines by name, in the table's order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import overhead, processes, updates
from .cases import MODELS, Case
from .line import Result
from .setting import Setting

Measurement = Callable[[Setting], Result]

CASES = [
    Case("logistic", 4000),
    Case("mlp", 4000),
    Case("logistic", 60_000),
    Case("mlp", 60_000),
    Case("least squares", 10_000),
    Case("polynomial", 0),
    Case("logistic", 4000, 64),
    Case("mlp", 4000, 16),
    Case("least squares", 10_000, 256),
    Case("polynomial", 0, 1024),
    Case("logistic", 4000, 1024),
]

GROWTH = [
    *(Case(model, n) for model in MODELS for n in (8000, 15_000, 30_000)),
    *(Case("logistic", 4000, runs) for runs in (4, 16, 256)),
    *(Case("mlp", 4000, runs) for runs in (4, 64, 256)),
]
"""Between and beyond CASES, to show how cost grows; measured with the manual gradient only."""


def groups() -> dict[str, Measurement]:
    """Name -> what measures it."""
    named: dict[str, Measurement] = {case.name: partial(updates.measure, case) for case in CASES}
    for case in GROWTH:
        named[f"growth: {case.name}"] = partial(updates.measure, case, methods=("manual",))
    named["start-up"] = processes.start_up
    named["whole process"] = processes.whole_process
    named["overhead"] = overhead.measure
    named["peak memory"] = processes.peak_memory
    return named
