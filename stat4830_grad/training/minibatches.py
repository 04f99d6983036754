"""Minibatches: which samples each update sees, from the seed and the number of the update alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..compiled.sampled import Order
from ..config.sampling import check_size
from ..core import Objective, Sampled


@dataclass(frozen=True)
class Sampling:
    """How many samples an update sees, and the seed of their order."""

    size: int
    seed: int


class Minibatches:
    """The objective that each update sees.

    Every epoch goes through all n samples in an order of its own, `size` at a time; the last
    minibatch of an epoch is smaller where n is no multiple. Runs that train together share them.
    """

    def __init__(self, objective: Sampled, sampling: Sampling, device: torch.device) -> None:
        """
        Raises:
            ConfigError: the objective has fewer samples than one of them needs.
        """
        check_size(sampling.size, objective.samples)
        self._objective, self._sampling, self._device = objective, sampling, device
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    @property
    def size(self) -> int:
        """Samples of each but the last of an epoch."""
        return self._sampling.size

    @property
    def per_epoch(self) -> int:
        """Updates in an epoch: n / size, rounded up."""
        return -(-self._objective.samples // self._sampling.size)

    @property
    def order(self) -> Order:
        """The same minibatches, for compiled code."""
        n, seed = self._objective.samples, self._sampling.seed
        return Order(n, self._sampling.size, lambda epoch: order(seed, epoch, n))

    def at(self, updates: int) -> Objective:
        """f as the minibatch of the next update estimates it, after so many updates."""
        n, size = self._objective.samples, self._sampling.size
        epoch, k = divmod(updates, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, order(self._sampling.seed, epoch, n).to(self._device)
        return self._objective.on(self._order[k * size : (k + 1) * size])


def order(seed: int, epoch: int, n: int) -> Tensor:
    """A permutation (n,) int64 that depends on nothing but the three."""
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(n))
