"""What the machine can do at the moment: a large matrix product, a large read."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from stat4830_grad.tasks.check.cost import wait

from .cases import Case
from .timing import Sample


def limit(case: Case, device: torch.device) -> Sample:
    """Seconds that one update of one run takes at least, both rates measured at every call.

    The products of all runs at the rate of a large product, or one pass over X, which all runs
    share, at the rate of reading a tensor of that size: whichever takes longer.
    """
    side = 8192 if device.type == "cuda" else 2048
    A = torch.rand(side, side, device=device)
    X = torch.rand(case.numbers(), device=device)

    def sample() -> float:
        arithmetic = case.runs * case.flops() / product_rate(A)
        return max(arithmetic, 4 * case.numbers() / read_rate(X)) / case.runs

    return sample


def product_rate(A: Tensor) -> float:
    """Floating-point operations per second of A @ A, by all threads."""
    wait(A.device)
    began = time.perf_counter()
    A @ A
    wait(A.device)
    return 2 * len(A) ** 3 / (time.perf_counter() - began)


def read_rate(X: Tensor, volume: float = 5e8) -> float:
    """Bytes per second of summing X (any number of entries), by all threads.

    Repeated until `volume` bytes are read, so that what fits a cache is read from there.
    """
    size = X.numel() * X.element_size()
    passes = max(1, round(volume / size))
    wait(X.device)
    began = time.perf_counter()
    for _ in range(passes):
        X.sum()
    wait(X.device)
    return passes * size / (time.perf_counter() - began)
