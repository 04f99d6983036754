"""The training loop: one update after another, and a record wherever one is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .core import NEVER, Gradient, Objective, Optimizer, Params, Record, State, row_norm


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
) -> Iterator[tuple[State, Record]]:
    """Yield (state, record) wherever `due(updates)` says so, and at the end.

    Goes on from `state` until `steps` updates are made, `stop()` says so, or every run of the
    batch has diverged. On the CPU a divergence is noticed, and recorded, at the update where it
    happens; elsewhere when a record is due, because looking makes the host wait for the device.
    The optimizer `torch_sgd` changes parameters in place: use a state before asking for the next.

    Args:
        lr: step sizes (*K,).
        steps: number of updates, counted from the initial point, after which to end.
    """
    host = lr.device.type == "cpu"
    params, memory, diverged_at = state.params, state.optimizer, state.diverged_at
    running = int((diverged_at == NEVER).sum())
    clock = Stopwatch(lr.device, state.seconds)
    for t in range(state.updates, steps + 1):
        last = t == steps or running == 0 or stop()
        log = last or due(t)
        seconds = clock.read(wait=log)
        loss, grads = gradient(objective, params)
        finite = loss.isfinite()
        if not host or not finite.all():
            diverged_at = torch.where(finite, diverged_at, diverged_at.clamp(max=t))
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
        params, memory = optimizer.update(params, grads, lr, memory)


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
