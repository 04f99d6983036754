"""The training loop: one update after another, and a record wherever one is due."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .core import (
    NEVER,
    Gradient,
    Objective,
    Optimizer,
    OptimizerState,
    Params,
    Record,
    State,
    row_norm,
)
from .replay import Capture, Replay, Standing


def start(params: Params, optimizer: Optimizer, rows: torch.Size) -> State:
    """The state before the first update, for parameters of leading dimensions `rows` = *K."""
    device = next(iter(params.values())).device
    diverged_at = torch.full(rows, NEVER, dtype=torch.int64, device=device)
    return State(0, 0.0, params, optimizer.init(params), diverged_at)


def train(
    objective: Objective,
    gradient: Gradient,
    optimizer: Optimizer,
    lr: Tensor,
    state: State,
    *,
    steps: int,
    due: Callable[[int], bool],
    stop: Callable[[], bool] = lambda: False,
    capture: Capture | None = None,
) -> Iterator[tuple[State, Record]]:
    """Yield (state, record) wherever `due(updates)` says so, and at the end.

    Goes on from `state` until `steps` updates are made, `stop()` says so, or every run of the
    batch has diverged. On the CPU a divergence is noticed, and recorded, at the update where it
    happens; elsewhere when a record is due, because looking makes the host wait for the device.
    The optimizer `torch_sgd` changes parameters in place: use a state before asking for the next.

    Args:
        lr: step sizes (*K,).
        steps: number of updates, counted from the initial point, after which to end.
        capture: records an update, to be replayed where no record is due; None makes each anew.
    """
    host = lr.device.type == "cpu"
    params, memory, diverged_at = state.params, state.optimizer, state.diverged_at
    running = int((diverged_at == NEVER).sum())

    def update(params: Params, memory: OptimizerState, since: Tensor, t: Tensor) -> Standing:
        loss, grads = gradient(objective, params)
        return *optimizer.update(params, grads, lr, memory), noted(loss, since, t)

    replay = capture and Replay(update, (params, memory, diverged_at), state.updates, capture)
    clock = Stopwatch(lr.device, state.seconds)
    for t in range(state.updates, steps + 1):
        last = t == steps or running == 0 or stop()
        log = last or due(t)
        if replay and not log:
            replay()
            continue
        seconds = clock.read(wait=log)
        if replay:
            params, memory, diverged_at = replay.standing()
        loss, grads = gradient(objective, params)
        if not host or not all_finite(loss):
            diverged_at = noted(loss, diverged_at, t)
            if host or log:
                before, running = running, int((diverged_at == NEVER).sum())
                log = log or running < before
        if log:
            clock.read(wait=True)  # the gradient belongs to the next update, evaluation to none
            values = evaluate(objective, params, grads, rows=lr.ndim)
            yield State(t, seconds, params, memory, diverged_at), Record(t, seconds, values)
            clock.resume()
        if last or running == 0:
            return
        if replay:
            replay()
        else:
            params, memory = optimizer.update(params, grads, lr, memory)


def noted(loss: Tensor, diverged_at: Tensor, t: Tensor | int) -> Tensor:
    """`diverged_at` (*K,) with t for every row whose loss is the first that is not finite."""
    return torch.where(loss.isfinite(), diverged_at, diverged_at.clamp(max=t))


def all_finite(loss: Tensor) -> bool:
    """Whether every entry is finite; makes the host wait for the device."""
    return math.isfinite(loss) if loss.ndim == 0 else bool(loss.isfinite().all())


def evaluate(objective: Objective, params: Params, grads: Params, rows: int) -> dict[str, Tensor]:
    """Every column of the objective, in its order, each (*K,) with `rows` = len(*K)."""
    values = {**objective.metrics(params), "grad_norm": row_norm(grads, rows)}
    return {name: values[name].detach() for name in objective.columns}


class Stopwatch:
    """Seconds spent on updates: reading stops it, `resume` lets it run on."""

    def __init__(self, device: torch.device, seconds: float) -> None:
        self._device, self._seconds, self._since = device, seconds, time.perf_counter()

    def read(self, *, wait: bool) -> float:
        """Seconds so far; `wait` for a device that is still computing."""
        if wait and self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)
        now = time.perf_counter()
        self._seconds, self._since = self._seconds + now - self._since, now
        return self._seconds

    def resume(self) -> None:
        """Forget the time since the last reading."""
        self._since = time.perf_counter()
