"""Compiled updates by minibatches: a kernel that goes through the samples of an epoch in its order.

The kernel is one of `arrays.py`, which finds at the end of its data `rows` (n,), the order of the
epoch; `place` (1,), where in it the next minibatch begins; and `size`, that of all minibatches but
the last. It moves `place` on by `size`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ..core import OptimizerState, Params, Sampled
from .arrays import Arrays, ArraysStretch
from .stretches import Code, RuleCode


@dataclass(frozen=True)
class Order:
    """Which samples the minibatches see."""

    samples: int
    size: int
    of_epoch: Callable[[int], Tensor]  # a permutation (samples,) int64

    @property
    def per_epoch(self) -> int:
        """Updates in an epoch; its last minibatch may be smaller."""
        return -(-self.samples // self.size)


@runtime_checkable
class CompilableSampled(Sampled, Protocol):
    """An objective that may have compiled updates by minibatches."""

    def code_on(self, order: Order) -> Code | None:
        """Their code; None if there is none for this one."""


@dataclass(frozen=True)
class SampledArrays(Arrays):
    """The code of a function of arrays that each update sees on other samples.

    All numbers of a run lie one after another in one array (K, size), so that a kernel is the same
    for any number of parameters.
    """

    order: Order | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of each parameter of one run, as the kernel has it."""

    def stretch(
        self, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState
    ) -> SampledStretch:
        """`Code.stretch`."""
        return SampledStretch(self, rule, lr, params, state)

    def inward(self, params: Params) -> Params:
        """`Arrays.inward`."""
        each = [self.laid_out(name, params[name]) for name in self.names]
        dims = [len(self.shapes[name]) for name in self.names]
        rows = [p.reshape((*p.shape[: p.ndim - n], -1)) for p, n in zip(each, dims, strict=True)]
        return {"": torch.cat(rows, -1)}

    def outward(self, own: Params) -> Params:
        """`Arrays.outward`."""
        each = own[""].split([math.prod(self.shapes[name]) for name in self.names], -1)
        found = {}
        for name, part in zip(self.names, each, strict=True):
            p = part.reshape((*part.shape[:-1], *self.shapes[name]))
            found[name] = self.taken_back(name, p).contiguous()
        return found

    def laid_out(self, name: str, p: Tensor) -> Tensor:
        """A parameter (*K, …) in the kernel's shape."""
        return p

    def taken_back(self, name: str, own: Tensor) -> Tensor:
        """The inverse of `laid_out`."""
        return own


@dataclass(frozen=True)
class OfNetwork(SampledArrays):
    """The same of a network, whose numbers `networks.py` takes in rows of whole vectors."""

    sizes: Mapping[str, int] = field(default_factory=dict)  # parameter -> numbers in such a row

    def laid_out(self, name: str, p: Tensor) -> Tensor:
        """Rows are filled up with zeros; the first weights (*K, h, d) are turned."""
        p = p.mT if name == self.names[0] else p
        return pad(p, (0, padded(p.shape[-1], p.dtype) - p.shape[-1]))

    def taken_back(self, name: str, own: Tensor) -> Tensor:
        """The inverse."""
        own = own[..., : self.sizes[name]]
        return own.mT if name == self.names[0] else own


VECTOR = 128
"""Bytes of a vector of `first_layer.py`, whose import would bring numba."""


def padded(size: int, dtype: torch.dtype) -> int:
    """So many numbers that they make whole vectors."""
    lanes = VECTOR // dtype.itemsize
    return -(-size // lanes) * lanes


class SampledStretch(ArraysStretch):
    """`Stretch`: calls of compiled code end where an epoch does."""

    def __init__(
        self,
        code: SampledArrays,
        rule: RuleCode,
        lr: Tensor,
        params: Params,
        state: OptimizerState,
    ) -> None:
        assert code.order is not None
        self._order, self._epoch = code.order, -1
        self._rows = np.zeros(code.order.samples, np.int64)
        self._place = np.zeros(1, np.int64)
        data: tuple[Any, ...] = (*code.data, self._rows, self._place, code.order.size)
        super().__init__(replace(code, data=data), rule, lr, params, state)

    def __call__(self, t: int, updates: int) -> None:
        """`Stretch.__call__`: the update after t others sees the t-th minibatch."""
        if updates == 0:
            self._go_to(t)
            super().__call__(t, 0)
        while updates > 0:
            left = self._go_to(t + 1)  # the gradient there is the first that is found
            some = min(updates, left)
            super().__call__(t, some)
            t, updates = t + some, updates - some

    def _go_to(self, t: int) -> int:
        """Have the t-th minibatch be the next; how many are left of its epoch."""
        epoch, k = divmod(t, self._order.per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._rows[:] = self._order.of_epoch(epoch).numpy()
        self._place[0] = k * self._order.size
        return self._order.per_epoch - k
