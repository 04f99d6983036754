"""An L2 penalty on weights: (λ/2)‖w‖², with its gradient by hand beside it.

Biases are left out, and so is the weight of a column of ones, which is a bias too: a penalty on
them would make the fit depend on where the origin of y lies (Hastie et al., ESL, §3.4.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, Protocol, runtime_checkable

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from ..config.problems import Problem
from ..core import Objective, Params, per_row
from ..metrics import Metric

DATA_LOSS = Metric(
    "data_loss", "loss without its penalty", panel="loss", line="without penalty", shown=()
)
"""What the data alone make of the loss that is minimised; logged where there is a penalty."""

METRICS = (DATA_LOSS,)


@dataclass(frozen=True)
class L2:
    """(λ/2) Σ w² over weights, whose gradient is λw."""

    strength: Tensor  # λ (*K,), or () for all runs
    weights: Mapping[str, int]  # parameter -> its dimensions in one run
    constant: str | None = None  # the weight whose first entry belongs to a column of ones

    def loss(self, params: Params) -> Tensor:
        """(λ/2) Σ w²: (*K,)."""
        squares = [
            (self.counted(name, params[name]) ** 2).sum(tuple(range(-dimensions, 0)))
            for name, dimensions in self.weights.items()
        ]
        return 0.5 * self.strength * reduce(add, squares)

    def gradient(self, params: Params) -> Params:
        """λw for each weight, in its shape (*K, …)."""
        slopes = {}
        for name in self.weights:
            w = self.counted(name, params[name])
            slope = per_row(self.strength, w) * w
            slopes[name] = pad(slope, (1, 0)) if name == self.constant else slope
        return slopes

    def added(self, loss: Tensor, grads: Params, params: Params) -> tuple[Tensor, Params]:
        """A loss (*K,) and its gradient with those of the penalty."""
        slopes = self.gradient(params)
        both = {name: g + slopes[name] if name in slopes else g for name, g in grads.items()}
        return loss + self.loss(params), both

    def of_run(self, k: int) -> L2:
        """That of run k of a batch whose runs have their own."""
        return replace(self, strength=self.strength.flatten()[k])

    @property
    def shared(self) -> bool:
        """Whether all runs have the same."""
        return self.strength.ndim == 0

    def counted(self, name: str, w: Tensor) -> Tensor:
        """The entries of a weight that the penalty is on."""
        return w[..., 1:] if name == self.constant else w


def for_code(penalty: L2 | None, like: Tensor) -> tuple[NDArray[Any], int]:
    """λ, of all runs (1,) or of each (K,), and how many weights it leaves out; 0 for no penalty.

    Args:
        like: has the dtype of the parameters.
    """
    if penalty is None:
        return like.new_zeros(1).numpy(), 0
    return penalty.strength.reshape(-1).numpy(), 0 if penalty.constant is None else 1


@runtime_checkable
class Penalisable(Objective, Protocol):
    """An objective that takes a penalty."""

    def penalised(self, strength: Tensor) -> Objective:
        """The same with the penalty λ = `strength` (*K,), in the place of one that it has.

        Raises:
            ConfigError: nobody knows what its weights are.
        """

    def of_run(self, k: int) -> Objective:
        """What run k of a batch minimises; itself where all runs minimise the same."""


def penalised(
    objective: Objective,
    problems: Sequence[Problem],
    rows: torch.Size,
    device: torch.device,
    dtype: torch.dtype,
) -> Objective:
    """The objective with the penalties of its runs, one problem each; itself where all are 0."""
    strengths = [one.penalty for one in problems]
    if not any(strengths):
        return objective
    assert isinstance(objective, Penalisable)  # what the schema gives the key to is
    strength = torch.tensor(strengths, dtype=dtype, device=device).reshape(rows)
    return objective.penalised(strength)
