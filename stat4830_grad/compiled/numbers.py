"""Compiled updates of functions of a few numbers: a formula and its slopes, printed as code.

A run alone is one chain of operations that stays in registers. Of a batch some runs at a time go
through all the updates of a call, side by side in vectors, so that they stay nearest a core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..config.formula_tree import Call, Tree
from ..core import OptimizerState, Params
from .stretches import POWER, RuleCode
from .trees import calls, exact

BEGINS = 20_000
"""Updates that torch makes first of what compiled code rounds otherwise: they take as long as it
takes to load or compile the code, so that a short run need not wait for it."""


@dataclass(frozen=True)
class Numbers:
    """The code of a function of numbers, each (*K,)."""

    loss: Tree
    slopes: Mapping[str, Tree]  # by parameter
    begins: int = BEGINS

    @cached_property
    def exact(self) -> bool:
        """`Code.exact`."""
        return all(map(exact, self._calls))

    @property
    def operations(self) -> int:
        """How many an update takes, but for the optimizer's."""
        return len(self._calls)

    @cached_property
    def _calls(self) -> list[Call]:
        return list(calls([self.loss, *self.slopes.values()]))

    def stretch(
        self, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState
    ) -> NumbersStretch:
        """`Code.stretch`."""
        return NumbersStretch(self, rule, lr, params, state)


class NumbersStretch:
    """`Stretch`: all that an update takes of a run is a column of one table."""

    def __init__(
        self, code: Numbers, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState
    ) -> None:
        from .numbers_source import stretch_function  # imports numba

        changing = {
            "params": params,
            "grads": {name: torch.zeros_like(p) for name, p in params.items()},
            **{part: state[part] for part in rule.memory},
            **({POWER: state[POWER]} if rule.powers else {}),
            "broken": {"": torch.zeros_like(lr)},
        }
        given = [*rule.numbers, *rule.powers.values(), lr]
        given += [] if rule.warmup is None else [rule.warmup]
        rows = [row for held in changing.values() for row in held.values()]
        self._changing = len(rows)
        self._table = torch.stack([row.reshape(-1) for row in (*rows, *given)])  # (rows, K)
        views = iter(self._table.view(-1, *lr.shape))
        self._parts = {
            part: {name: next(views) for name in held} for part, held in changing.items()
        }
        self._steps = rule.steps
        self._memory = [*rule.memory, *([POWER] if rule.powers else [])]
        self._function, constants = stretch_function(
            code.loss, code.slopes, rule, tuple(params), lr.numel()
        )
        self._arrays = self._table.numpy(), np.array(constants, self._table.numpy().dtype)

    @property
    def params(self) -> Params:
        """`Stretch.params`."""
        return self._parts["params"]

    @property
    def grads(self) -> Params:
        """`Stretch.grads`."""
        return self._parts["grads"]

    @property
    def memory(self) -> OptimizerState:
        """`Stretch.memory`."""
        return {part: self._parts[part] for part in self._memory}

    @property
    def broken(self) -> Tensor:
        """`Stretch.broken`."""
        broken: Tensor = self._parts["broken"][""]
        return broken

    @property
    def tensors(self) -> list[Tensor]:
        """`Stretch.tensors`."""
        return [self._table[: self._changing]]

    def __call__(self, t: int, updates: int) -> None:
        """`Stretch.__call__`."""
        self._function(*self._arrays, t, updates, self._steps)
