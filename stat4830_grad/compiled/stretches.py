"""Many updates in one call of compiled code: what an objective and an optimizer say for it.

Between two records nobody looks at a run, so where the gradient is by hand and the device a CPU, an
objective may bring code of its own that makes all the updates between them. This file is the
contract and imports no numba; `numbers.py` and `arrays.py` make the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..core import Objective, OptimizerState, Params

Move = Callable[[Any, Any, Any, tuple[Any, ...], tuple[Any, ...]], tuple[Any, tuple[Any, ...]]]
"""(p, g, lr, memory, numbers) -> (p, memory): one update of a parameter with gradient g.

Plain operators, so that tensors run it and numba compiles it: the same text, and without constants
in it, which numba takes for float64, the same roundings.
"""

Factor = Callable[[Any, Any, Any, Any], Any]
"""(warm, t, warmup, steps) -> lr(t)/lr of the update after t others, where warm is what the warm-up
makes of it; a text for both, as `Move`."""


POWER = "power"
"""The part of an optimizer's state with the powers of its hyperparameters, each (*K,)."""


@dataclass(frozen=True)
class RuleCode:
    """How an optimizer updates numbers, for compiled code."""

    move: Move
    memory: tuple[str, ...]  # parts of its state that hold one entry for each of the parameters'
    numbers: tuple[Tensor, ...]  # (*K,) each: the first of what `move` gets as numbers
    powers: Mapping[str, Tensor]  # β (*K,) by name; 1 − βᵗ of the t-th update are the last of them
    exact: bool  # whether torch and compiled code round all of it alike
    factor: Factor | None = None  # of a schedule
    warmup: Tensor | None = None  # (*K,), with a schedule
    steps: int = 0  # at which a schedule ends


class Stretch(Protocol):
    """Compiled updates of a batch of runs, in memory of its own."""

    @property
    def params(self) -> Params:
        """Where the last update has led, each (*K, …); the next call writes over it."""

    @property
    def grads(self) -> Params:
        """The gradients there."""

    @property
    def memory(self) -> OptimizerState:
        """What the optimizer remembers there, but for the count of updates of a schedule."""

    @property
    def broken(self) -> Tensor:
        """(*K,) NaN for a run that has had a loss which is not finite, else 0."""

    @property
    def tensors(self) -> list[Tensor]:
        """All that a call changes, to be kept and put back."""

    def __call__(self, t: int, updates: int) -> None:
        """Make so many updates, t being made; with 0 of them, find the loss and the gradients.

        Must give the same bits however updates are divided into calls.
        """


class Code(Protocol):
    """The compiled form of an objective."""

    @property
    def exact(self) -> bool:
        """Whether its losses and gradients are those of `loss_and_gradient` bit for bit."""

    @property
    def begins(self) -> int:
        """The number of updates from which on it makes them, where it is not exact.

        A constant: which code makes the t-th update must depend on the configuration alone, so that
        a run gives the same bits whenever it is cut, and if its `steps` are raised.
        """

    def stretch(self, rule: RuleCode, lr: Tensor, params: Params, state: OptimizerState) -> Stretch:
        """The updates by `rule` of step sizes lr (*K,), from params (*K, …) and `state` on."""


@runtime_checkable
class Compilable(Objective, Protocol):
    """An objective that may have compiled updates."""

    def code(self) -> Code | None:
        """Their code; None if there is none for this one."""
