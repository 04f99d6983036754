"""How many threads make an update: all of them, or one where it is small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..core import Objective, Params, Sampled

SMALL = 1 << 21
"""Multiplications of a product up to which one thread makes it alone. To share them saves less than
a tenth of a millisecond then; where other programs use the cores, to wait for one another has cost
ten times the update and more."""


def samples_of(objective: Objective) -> int:
    """How many it adds up over; 0 where it does not say."""
    return objective.samples if isinstance(objective, Sampled) else 0


@contextmanager
def threads_for(samples: int, params: Params) -> Iterator[None]:
    """As many of torch's threads as pay for products of the samples with `params` (*K, …).

    The choice depends on sizes alone, so that sums which torch cuts by threads keep their bits.

    Args:
        samples: 0 where it is not known how many, which leaves all threads.
    """
    before = torch.get_num_threads()
    work = samples * sum(p.numel() for p in params.values())  # each number meets each sample
    if before == 1 or not 0 < work <= SMALL:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
