"""The words of the project: what a model, an objective, a gradient, an optimizer and a record are.

One law: every parameter may carry leading dimensions `*K`. A single run has `*K = ()`, a batch of
K runs `*K = (K,)`. Formulas act on trailing dimensions and rows never touch each other, so the
gradient of `loss.sum()` holds the gradient of every row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from .config.problems import Problem
from .metrics import Metric

Params = dict[str, Tensor]
"""Named parameters (or gradients, or directions), each of shape (*K, …)."""

OptimizerState = dict[str, Params]
"""What an optimizer remembers between updates, e.g. {"velocity": {"w": (*K, d)}}."""


class Inputs(Protocol):
    """A matrix of data X (n, d) as formulas use it: a tensor, or what multiplies as one."""

    @property
    def shape(self) -> torch.Size:
        """(n, d)."""

    @property
    def mT(self) -> Inputs:
        """Xᵀ (d, n), of which only products are taken."""

    def __matmul__(self, other: Tensor, /) -> Tensor: ...


class Model(Protocol):
    """A map from parameters and inputs X (n, d) to logits.

    Logits are (*K, n) where two classes are told apart, (*K, n, C) where there are C.
    """

    @property
    def units(self) -> int:
        """Numbers it computes for each sample on the way to its logits, in all layers together."""

    def init(self, generator: torch.Generator, d: int) -> Params:
        """One run's initial parameters (*K = ()), float32."""

    def logits(self, params: Params, X: Inputs) -> Tensor:
        """Logits of the inputs X (n, d)."""

    def vjp(self, params: Params, X: Inputs) -> tuple[Tensor, Callable[[Tensor], Params]]:
        """Logits and their pullback by hand: ∂f/∂logits, in their shape, -> ∂f/∂params."""


@runtime_checkable
class Weighted(Model, Protocol):
    """A model that says which of its parameters are weights; the others are biases."""

    @property
    def weights(self) -> dict[str, int]:
        """The dimensions of each in one run; the one that multiplies the inputs comes first."""


class Objective(Protocol):
    """A function to minimise, with its gradient by hand and the metrics worth logging."""

    @property
    def by_hand(self) -> bool:
        """Whether there is a gradient by hand; without it `loss_and_gradient` is an error."""

    @property
    def capturable(self) -> bool:
        """Whether a CUDA graph can hold the loss: nothing in it looks at values."""

    @property
    def columns(self) -> tuple[Metric, ...]:
        """The logged metrics in their fixed order: first the loss, `GRAD_NORM` among the others."""

    def init(self, generator: torch.Generator) -> Params:
        """One run's initial parameters (*K = ())."""

    def starting_at(self, problem: Problem) -> Objective:
        """The same function with the initial point that `problem` names, if it names one.

        Raises:
            ConfigError: the point does not fit the data.
        """

    def loss(self, params: Params) -> Tensor:
        """f(params), shape (*K,)."""

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """f (*K,) and ∇f, derived by hand."""

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The values of the columns but `GRAD_NORM`, by name, each (*K,)."""

    def constants(self) -> dict[str, Any]:
        """What the formula takes besides the parameters, by name: tensors, or lists of numbers.

        A gradient that a user writes by hand may ask for these.
        """

    def solution(self) -> Params | None:
        """A minimiser (*K = ()), where one is known without training."""

    def workspace(self) -> int:
        """Numbers that one run holds at once between its parameters and its loss or metrics."""

    def notes(self, runs: int) -> list[str]:
        """What a person should know of it before a batch of runs, or a single one, line by line."""


@runtime_checkable
class Sampled(Objective, Protocol):
    """An objective that adds up over samples, so that some of them can stand for all."""

    @property
    def samples(self) -> int:
        """How many there are."""

    def on(self, rows: Tensor) -> Objective:
        """f as the samples `rows` (m,) int64 alone estimate it, in the scale of f."""


@dataclass(frozen=True)
class Gradient:
    """A way to a gradient: (objective, params) -> loss (*K,) and gradients (*K, …), detached."""

    function: Callable[[Objective, Params], tuple[Tensor, Params]]
    capturable: bool
    """Whether a CUDA graph can hold it: nothing in it looks at values or waits for the device."""

    def __call__(self, objective: Objective, params: Params) -> tuple[Tensor, Params]:
        """The loss (*K,) and the gradients (*K, …)."""
        return self.function(objective, params)


@dataclass(frozen=True)
class Convergence:
    """How an optimizer converges on a quadratic, its hyperparameters being those of one run.

    With λ an eigenvalue of the Hessian and η the step size, one update multiplies the error along
    that eigenvector by a factor, in the long run (Polyak 1987, §1.4).
    """

    name: str  # of the method, in a sentence
    rate: Callable[[float], float]  # ηλ -> the factor per update
    step_limit: Callable[[float], float]  # λ -> the η at which the rate is 1; it diverges beyond
    formula: str  # of the limit for λ = L


class Optimizer(Protocol):
    """A rule that moves parameters along a direction made from gradients."""

    @property
    def convergence(self) -> Convergence | None:
        """What theory knows of it on a quadratic; None if it knows nothing of this kind."""

    @property
    def capturable(self) -> bool:
        """Whether a CUDA graph can hold its update: nothing in it looks at values on the host."""

    @property
    def fixed_state(self) -> bool:
        """Whether its state has at all times the names, shapes and dtypes that `init` gives it."""

    @property
    def note(self) -> str | None:
        """What a person should know of how it updates the runs of a batch, in a sentence."""

    def init(self, params: Params) -> OptimizerState:
        """The state before the first update."""

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """Parameters and state after one update with step size lr (*K,)."""


NEVER = torch.iinfo(torch.int64).max
"""`State.diverged_at` of a run whose losses have all been finite."""


@dataclass(frozen=True)
class State:
    """Where a run stands; a checkpoint is this plus the config."""

    updates: int
    seconds: float  # spent on updates so far, evaluation left out
    params: Params
    optimizer: OptimizerState
    diverged_at: Tensor  # (*K,) int64: updates before the first loss not finite, or NEVER


Reason = Literal["due", "stopped", "diverged"]
"""Why there is a record: the log asks for it or it is the last of the steps; the run was asked to
stop; or a run of the batch has just diverged, and the others have no row there."""


@dataclass(frozen=True)
class Record:
    """One logged row: the metrics after `updates` updates and `seconds` of updating."""

    updates: int
    seconds: float
    values: dict[str, Tensor]  # column -> (*K,)
    reason: Reason


def per_row(value: Tensor, like: Tensor) -> Tensor:
    """Shape (*K,) -> (*K, 1, …, 1), to broadcast against `like` (*K, …)."""
    if value.ndim == 0:
        return value
    return value.reshape(value.shape + (1,) * (like.ndim - value.ndim))


def row_norm(params: Params, rows: int) -> Tensor:
    """Euclidean norm over all parameters of each run: (*K,), `rows` being len(*K).

    Entries lie side by side, as those of one run do, so that torch adds them in the same order.
    """
    flat = [p.reshape((*p.shape[:rows], -1)).contiguous() for p in params.values()]
    norms = [torch.linalg.vector_norm(p, dim=-1) for p in flat]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return norm


def apart(params: Params, rows: int) -> list[Params]:
    """The parameters of each run as views, from tensors (*K, …); `rows` is len(*K)."""
    if rows == 0:
        return [params]
    flat = [p.reshape((-1, *p.shape[rows:])).unbind(0) for p in params.values()]
    return [dict(zip(params, row, strict=True)) for row in zip(*flat, strict=True)]


def stacked(each: Sequence[Params], rows: torch.Size) -> Params:
    """The parameters of all runs as tensors (*K, …); `rows` is *K."""
    return {
        name: torch.stack([one[name] for one in each]).reshape((*rows, *p.shape))
        for name, p in each[0].items()
    }
