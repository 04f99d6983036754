"""Step sizes that change in the course of a run, for any optimizer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, assert_never

import torch
from torch import Tensor

from ..core import Optimizer, OptimizerState, Params
from .rules import Rule

Shape = Literal["constant", "inverse", "inverse_sqrt", "cosine"]
PART = "schedule"


def factor(shape: Shape, t: Tensor, warmup: Tensor, steps: int) -> Tensor:
    """lr(t)/lr for the update after t others; N = `warmup`, T = `steps`, s = max(0, t − N).

    The first N updates warm up, lr(t) = lr (t + 1)/N, and each schedule goes on from lr:

        constant        lr(t) = lr
        inverse         lr(t) = lr / (1 + s)                         (Robbins & Monro 1951)
        inverse_sqrt    lr(t) = lr / √(1 + s)                        (Zinkevich 2003)
        cosine          lr(t) = lr (1 + cos(π s / (T − N))) / 2      (Loshchilov & Hutter 2017)

    Args:
        t: (*K,), of a floating dtype, as `warmup` is.
    """
    warm = ((t + 1) / warmup.clamp(min=1)).clamp(max=1)
    s = (t - warmup).clamp(min=0)
    match shape:
        case "constant":
            return warm
        case "inverse":
            return warm / (1 + s)
        case "inverse_sqrt":
            return warm / (1 + s).sqrt()
        case "cosine":
            return warm * (1 + torch.cos(math.pi * s / (steps - warmup).clamp(min=1))) / 2
        case _:
            assert_never(shape)


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
        return factor(self.shape, updates.to(self.warmup), self.warmup, self.steps)
