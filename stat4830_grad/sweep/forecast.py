"""What theory says of jobs that train together, before they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from msgspec import structs

from ..config.jobs import Job
from ..config.schema import Config
from ..core import Objective
from ..problems import penalised
from ..training.setup import Setup
from ..training.step_sizes import known_limit, verdict_of
from ..training.theory import forecast

Forecasts = dict[float, dict[str, Any]]
"""λ of a penalty -> what `forecast` knows of the function with this penalty."""

NAMED = 4
"""Jobs that a sentence names; of more it says how many there are."""


def forecasts(jobs: Sequence[Job], setup: Setup) -> Forecasts:
    """Of every function that the jobs minimise; nothing is known of minibatches."""
    configs = {job.config().problem.penalty: job.config() for job in reversed(jobs)}
    optimizer, known = jobs[0].config().optimizer, {}
    for strength, config in sorted(configs.items()):
        found = {} if config.minibatch else forecast(function_of(config, setup), optimizer)
        known[strength] = {"l2": strength, **found} if found and strength else found
    return known


def function_of(config: Config, setup: Setup) -> Objective:
    """What a job minimises."""
    alone = torch.Size(())
    return penalised(setup.objective, [config.problem], alone, setup.device, setup.dtype)


def too_large(jobs: Sequence[Job], setup: Setup) -> list[str]:
    """What is said of step sizes that are too large, in one sentence; none where none is."""
    alike: dict[tuple[str, float], list[Job]] = {}
    for job in jobs:
        config = job.config()
        key = (repr(structs.replace(config.optimizer, lr=1.0)), config.problem.penalty)
        alike.setdefault(key, []).append(job)
    above: dict[str, str] = {}  # job -> its limit in words
    for members in alike.values():
        largest = max(members, key=lambda job: job.config().optimizer.lr).config()
        if found := known_limit(function_of(largest, setup), largest):
            limit, words = found
            above |= {job.name: words for job in members if job.config().optimizer.lr >= limit}
    if not above:
        return []
    first, *_ = above
    own = f" ({first}; each has its own)" if len(set(above.values())) > 1 else ""
    said = f"{verdict_of(setup.objective)} too large: {above[first]}{own}"
    return [f"{in_words(list(above), len(jobs))} {said}"]


def in_words(names: Sequence[str], jobs: int) -> str:
    """`optimizer.lr of 3 of 13 jobs (010_lr_1, 011_lr_10, 012_lr_100)`."""
    shown = names if len(names) <= NAMED else [names[0], "…", names[-1]]
    return f"optimizer.lr of {len(names):,} of {jobs:,} jobs ({', '.join(shown)})"
