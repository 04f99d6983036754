"""Compiled updates of functions of arrays: a kernel finds the loss and its gradient, a rule moves.

For whoever adds a kernel: write a compiled function

    evaluate(params, grads, losses, data)

with `params` and `grads` tuples of arrays (K, size), one for each parameter in the order of
`Arrays.names` and contiguous, `losses` (K,), and `data` a tuple of whatever the kernel takes. It
writes `grads` and `losses` for the `params`. K is 1 for a run alone. Then

    Arrays(names, evaluate, data, exact=False, begins=0, reads=bytes)

is the `Code` that the objective's `code()` returns. What `evaluate` computes for a run must depend
neither on K nor on the other runs if a batch is to equal its single runs. It may have threads of
its own (`prange`), as many as torch has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..core import OptimizerState, Params
from .stretches import POWER, RuleCode

SMALL = 1 << 21
"""Bytes up to which one thread reads the data alone: another would save less than it takes to wait
for it, and where other programs use the cores that takes ten times as long."""


@dataclass(frozen=True)
class Arrays:
    """The code of a function of arrays, each (*K, …)."""

    names: tuple[str, ...]  # of the parameters
    evaluate: Callable[..., None]  # compiled; as the head of this file says
    data: tuple[Any, ...]
    exact: bool = False
    begins: int = 0
    reads: int = 0  # bytes of the data, for each run of a batch

    def stretch(
        self, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState
    ) -> ArraysStretch:
        """`Code.stretch`."""
        return ArraysStretch(self, rule, lr, params, state)

    def inward(self, params: Params) -> Params:
        """Parameters (*K, …) as the kernel has them: contiguous, in memory of their own."""
        each = {name: params[name] for name in self.names}
        return {n: p.clone(memory_format=torch.contiguous_format) for n, p in each.items()}

    def outward(self, own: Params) -> Params:
        """The parameters (*K, …) of what `inward` made of them, contiguous."""
        return own


class ArraysStretch:
    """`Stretch`: arrays of its own for each parameter, and a table with a column for each run."""

    def __init__(
        self, code: Arrays, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState
    ) -> None:
        from .arrays_source import stretch_function  # imports numba

        self._code = code
        self._params = code.inward(params)
        self._grads = {name: torch.zeros_like(own) for name, own in self._params.items()}
        self._held = {part: code.inward(state[part]) for part in rule.memory}
        changing = [*(state[POWER].values() if rule.powers else ()), torch.zeros_like(lr)]
        given = [*rule.numbers, *rule.powers.values(), lr]
        given += [] if rule.warmup is None else [rule.warmup]
        self._table = torch.stack([row.reshape(-1) for row in (*changing, *given)])  # (rows, K)
        rows = self._table[: len(changing)]
        self._powers = dict(zip(rule.powers, rows.view(-1, *lr.shape), strict=False))
        self.broken: Tensor = rows[-1].view(lr.shape)
        each = [self._params, self._grads, *self._held.values()]
        self.tensors = [rows, *(p for of_part in each for p in of_part.values())]
        numbers = [
            tuple(p.view(lr.numel(), -1).numpy() for p in of_part.values()) for of_part in each
        ]
        losses = torch.zeros(lr.numel(), dtype=lr.dtype).numpy()
        self._arrays = (*numbers[:2], tuple(numbers[2:]), self._table.numpy(), losses, code.data)
        self._steps = rule.steps
        self._threads = 1 if code.reads * lr.numel() <= SMALL else None
        self._function = stretch_function(code.evaluate, rule)

    @property
    def params(self) -> Params:
        """`Stretch.params`."""
        return self._code.outward(self._params)

    @property
    def grads(self) -> Params:
        """`Stretch.grads`."""
        return self._code.outward(self._grads)

    @property
    def memory(self) -> OptimizerState:
        """`Stretch.memory`."""
        held = {part: self._code.outward(own) for part, own in self._held.items()}
        return {**held, **({POWER: self._powers} if self._powers else {})}

    def __call__(self, t: int, updates: int) -> None:
        """`Stretch.__call__`."""
        from .compilation import take_torchs_threads

        take_torchs_threads(self._threads)
        self._function(*self._arrays, t, updates, self._steps)
