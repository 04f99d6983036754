"""What makes updates between two records: one after another, or replayed from a CUDA graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ..core import Gradient, Objective, Optimizer, OptimizerState, Params
from .minibatches import Minibatches
from .thread_count import samples_of, threads_for


class StepState(NamedTuple):
    """What an update changes."""

    params: Params  # each (*K, …)
    optimizer: OptimizerState
    diverged_at: Tensor  # (*K,), as in `State`


class Stepper(Protocol):
    """Makes updates, and knows where they have led."""

    @property
    def state(self) -> StepState:
        """Where the last update has led; later updates may change the tensors in place."""

    @property
    def grads(self) -> Params:
        """The gradients there, each (*K, …), of the minibatch if there is one."""

    def advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        """Update from `t` updates made to `end`; return how many are made then.

        Fewer than `end` if `stop()`, asked after every update, says so, or where a run diverges
        and the host can know without waiting for a device.
        """


@dataclass(frozen=True)
class Parts:
    """What an update is made of."""

    objective: Objective
    gradient: Gradient
    optimizer: Optimizer
    lr: Tensor  # (*K,)
    minibatches: Minibatches | None = None  # what each update sees; None: the whole objective


MakeStepper = Callable[[Parts, StepState, int], Stepper]
"""From the parts, where a run stands and the updates it has made to what makes the next ones."""


class Eager:
    """One update after another, as a loop in a notebook makes them."""

    def __init__(self, parts: Parts, state: StepState, t: int) -> None:
        self._objective, self._minibatches = parts.objective, parts.minibatches
        self._gradient, self._optimizer = parts.gradient.function, parts.optimizer
        self._lr, self._on_host = parts.lr, parts.lr.device.type == "cpu"
        minibatches = parts.minibatches
        self._samples = minibatches.size if minibatches else samples_of(parts.objective)
        self.move_to(state, t)

    def move_to(self, state: StepState, t: int) -> None:
        """Go on from `state`, after `t` updates."""
        with threads_for(self._samples, state.params):  # as in `advance`, for the same bits
            loss, self.grads = self._gradient(self._at(t), state.params)
        diverged_at = first_nonfinite(loss, state.diverged_at, t)
        self.state = state._replace(diverged_at=diverged_at)

    def _at(self, t: int) -> Objective:
        """What the update after `t` updates sees."""
        return self._minibatches.at(t) if self._minibatches else self._objective

    def advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        """`Stepper.advance`: on the CPU to the first divergence at most."""
        with threads_for(self._samples, self.state.params):
            return self._advance(t, end, stop)

    def _advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        objective, gradient, update = self._objective, self._gradient, self._optimizer.update
        minibatches, lr = self._minibatches, self._lr
        finite = all_finite if lr.ndim else math.isfinite
        (params, memory, diverged_at), grads = self.state, self.grads
        diverges = False
        while t < end and not diverges:
            params, memory = update(params, grads, lr, memory)
            t += 1
            loss, grads = gradient(minibatches.at(t) if minibatches else objective, params)
            if not self._on_host or not finite(loss):
                before, diverged_at = diverged_at, first_nonfinite(loss, diverged_at, t)
                diverges = self._on_host and not torch.equal(before, diverged_at)
            if stop():
                break
        self.state, self.grads = StepState(params, memory, diverged_at), grads
        return t

    def update(self, state: StepState, t: Tensor) -> StepState:
        """The state after one update from `state`, by nothing but work of the device."""
        loss, grads = self._gradient(self._objective, state.params)
        params, memory = self._optimizer.update(state.params, grads, self._lr, state.optimizer)
        return StepState(params, memory, first_nonfinite(loss, state.diverged_at, t))


def first_nonfinite(loss: Tensor, diverged_at: Tensor, t: Tensor | int) -> Tensor:
    """`diverged_at` (*K,) with t for every row whose loss is the first that is not finite."""
    return torch.where(loss.isfinite(), diverged_at, diverged_at.clamp(max=t))


def all_finite(loss: Tensor) -> bool:
    """Whether every entry is finite; makes the host wait for the device.

    A finite sum says so in one operation; one that is not may also be too large for its dtype.
    """
    return math.isfinite(loss.sum()) or bool(loss.isfinite().all())


Capture = Callable[[Callable[[], None]], Callable[[], None]]
"""From work that launches kernels to what launches the same kernels again."""

WARM_UP = 3
"""Times the work is run before it is recorded: libraries make their handles and buffers then."""


def cuda_graph(work: Callable[[], None]) -> Callable[[], None]:
    """Record `work`, which must neither wait for the device nor change what it allocates."""
    stream = torch.cuda.Stream()  # the same for both: handles belong to a stream
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        work()
    replay: Callable[[], None] = graph.replay
    return replay


class Replayed:
    """Updates replayed from a graph that was recorded once, without work for the host.

    A graph runs on the memory it was recorded with, so parameters, optimizer state and the count of
    updates lie in tensors of their own here, and an update ends by writing its results over them.
    """

    def __init__(
        self, parts: Parts, state: StepState, t: int, capture: Capture = cuda_graph
    ) -> None:
        """Record an update from `state`, after `t` updates."""
        eager = self._eager = Eager(parts, state, t)
        begun = eager.state
        self._own = copy(begun)
        self._count = torch.tensor(t, device=begun.diverged_at.device)

        def work() -> None:
            overwrite(self._own, eager.update(self._own, self._count))
            self._count += 1

        self._replay = capture(work)
        overwrite(self._own, begun)  # the warm-up went on from there
        self._count.fill_(t)

    @property
    def state(self) -> StepState:
        """`Stepper.state`, in tensors that stay as they are."""
        return self._eager.state

    @property
    def grads(self) -> Params:
        """`Stepper.grads`."""
        return self._eager.grads

    def advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        """`Stepper.advance`: past divergences, which only the device knows of."""
        while t < end:
            self._replay()
            t += 1
            if stop():
                break
        self._eager.move_to(copy(self._own), t)
        return t


def tensors(state: StepState) -> list[Tensor]:
    """All of them, always in the same order."""
    params, memory, diverged_at = state
    held = [memory[part][name] for part in sorted(memory) for name in sorted(memory[part])]
    return [*(params[name] for name in sorted(params)), *held, diverged_at]


def copy(state: StepState) -> StepState:
    """Tensors of their own, which later updates leave alone."""
    params, memory, diverged_at = state
    held = {part: {k: t.clone() for k, t in values.items()} for part, values in memory.items()}
    return StepState({k: p.clone() for k, p in params.items()}, held, diverged_at.clone())


def overwrite(own: StepState, new: StepState) -> None:
    """Write `new` over `own`; what an optimizer changed in place is the same tensor already."""
    pairs = [(o, n) for o, n in zip(tensors(own), tensors(new), strict=True) if o is not n]
    torch._foreach_copy_([o for o, _ in pairs], [n for _, n in pairs])
