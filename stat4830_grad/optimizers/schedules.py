"""Step sizes that change in the course of a run, for any optimizer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from ..compiled.functions import at_least, constant, warmed
from ..compiled.stretches import Factor, RuleCode
from ..core import Optimizer, OptimizerState, Params
from .rules import Rule

Shape = Literal["constant", "inverse", "inverse_sqrt", "cosine"]
PART = "schedule"


def unchanged(warm: Any, t: Any, warmup: Any, steps: Any) -> Any:
    """1."""
    return warm


def inverse(warm: Any, t: Any, warmup: Any, steps: Any) -> Any:
    """1/(1 + s) (Robbins & Monro 1951)."""
    return warm / (constant(1, t) + at_least(t - warmup, 0))


def inverse_sqrt(warm: Any, t: Any, warmup: Any, steps: Any) -> Any:
    """1/√(1 + s) (Zinkevich 2003)."""
    return warm / torch.sqrt(constant(1, t) + at_least(t - warmup, 0))


def cosine(warm: Any, t: Any, warmup: Any, steps: Any) -> Any:
    """(1 + cos(πs/(T − N)))/2 (Loshchilov & Hutter 2017)."""
    angle = constant(math.pi, t) * at_least(t - warmup, 0) / at_least(steps - warmup, 1)
    return warm * (constant(1, t) + torch.cos(angle)) / constant(2, t)


FACTORS: Mapping[Shape, Factor] = {
    "constant": unchanged,
    "inverse": inverse,
    "inverse_sqrt": inverse_sqrt,
    "cosine": cosine,
}
"""lr(t)/lr for the update after t others; N = `warmup`, T = `steps`, s = max(0, t − N).

In the first N updates, the warm-up, `warm` is (t + 1)/N, and the schedule goes on from 1. The texts
are for tensors (*K,) of a floating dtype and for compiled code."""

EXACT: tuple[Shape, ...] = ("constant", "inverse")
"""Those that compiled code rounds as torch does; roots and cosines may differ in a last bit."""


@dataclass(frozen=True)
class Scheduled:
    """An optimizer whose step size follows a schedule.

    The number of updates made is part of its state, so that a resumed run goes on where it was and
    a CUDA graph, which runs on the memory of the state, sees it change.
    """

    inner: Optimizer
    shape: Shape
    warmup: Tensor  # (*K,), of the dtype of the step sizes
    steps: int
    convergence: None = None  # theory speaks of constant step sizes

    @property
    def capturable(self) -> bool:
        """A rule's arithmetic is; torch's optimizers read the step size on the host."""
        return isinstance(self.inner, Rule) and self.inner.capturable

    @property
    def fixed_state(self) -> bool:
        """The number of updates is always there."""
        return self.inner.fixed_state

    @property
    def note(self) -> str | None:
        """What there is to say of the rule."""
        return self.inner.note

    def init(self, params: Params) -> OptimizerState:
        """What `inner` remembers, and the updates made: (*K,) int64."""
        updates = torch.zeros_like(self.warmup, dtype=torch.int64)
        return {**self.inner.init(params), PART: {"updates": updates}}

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """`Optimizer.update` of `inner`, with the step size of this update."""
        updates = state[PART]["updates"]
        size = lr * self.factor_at(updates)
        inner = {part: held for part, held in state.items() if part != PART}
        moved, inner = self.inner.update(params, grads, size, inner)
        return moved, {**inner, PART: {"updates": updates + 1}}

    def size(self, lr: Tensor, updates: int) -> Tensor:
        """lr(t) (*K,) for the update after `updates` others, of step sizes lr (*K,)."""
        return lr * self.factor_at(torch.full_like(self.warmup, updates, dtype=torch.int64))

    def factor_at(self, updates: Tensor) -> Tensor:
        """lr(t)/lr (*K,) for the update after `updates` (*K,) others."""
        t = updates.to(self.warmup)
        found: Tensor = FACTORS[self.shape](warmed(t, self.warmup), t, self.warmup, self.steps)
        return found


def rule_code(optimizer: Optimizer) -> RuleCode | None:
    """How it updates numbers, for compiled code; None of torch's classes and users' files."""
    match optimizer:
        case Rule(move=move, memory=memory, numbers=numbers, powers=powers, exact=exact):
            return RuleCode(move, memory, numbers, powers, exact)
        case Scheduled(inner=Rule() as inner, shape=shape, warmup=warmup, steps=steps):
            code = rule_code(inner)
            assert code is not None
            return replace(
                code,
                exact=code.exact and shape in EXACT,
                factor=FACTORS[shape],
                warmup=warmup,
                steps=steps,
            )
    return None
