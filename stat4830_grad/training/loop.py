"""The training loop: updates from record to record, and a record wherever one is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import (
    NEVER,
    Gradient,
    Objective,
    Optimizer,
    Params,
    Reason,
    Record,
    State,
    row_norm,
)
from ..metrics import GRAD_NORM
from .coordinates import coordinates, logged_columns
from .minibatches import Minibatches
from .steppers import Capture, Eager, Replayed, Stepper, StepState


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
    minibatches: Minibatches | None = None,
) -> Iterator[tuple[State, Record]]:
    """Yield (state, record) wherever `due(updates)` says so, and at the end.

    Goes on from `state` until `steps` updates are made, `stop()` says so, or every run of the
    batch has diverged. On the CPU a divergence is noticed, and recorded, at the update where it
    happens; elsewhere when a record is due, because looking makes the host wait for the device.
    The optimizer `torch_sgd` changes parameters in place: use a state before asking for the next.

    Args:
        lr: step sizes (*K,).
        steps: number of updates, counted from the initial point, after which to end.
        stop: asked once after every update.
        capture: records an update as a graph, to be replayed; None makes each anew.
        minibatches: what each update sees of the objective, without `capture`. Records are of the
            whole objective.
    """
    stopped = False

    def ask() -> bool:
        nonlocal stopped
        stopped = stopped or stop()
        return stopped

    t, clock = state.updates, Stopwatch(lr.device, state.seconds)
    begun = StepState(state.params, state.optimizer, state.diverged_at)
    eager = Eager(objective, gradient, optimizer, lr, begun, t, minibatches)
    stepper: Stepper = Replayed(eager, t, capture) if capture else eager
    clock.resume()
    ask()
    while True:
        seconds, now = clock.read(), stepper.state
        wanted, over = t >= steps or due(t), not (now.diverged_at == NEVER).any()
        if wanted or stopped or over or t > state.updates:  # not where a run is resumed
            reason: Reason = "due" if wanted else "stopped" if stopped else "diverged"
            grads = gradient(objective, now.params)[1] if minibatches else stepper.grads
            values = evaluate(objective, now.params, grads, rows=lr.ndim)
            yield State(t, seconds, *now), Record(t, seconds, values, reason)
        if t >= steps or stopped or over:
            return
        end = next(u for u in range(t + 1, steps + 1) if u == steps or due(u))
        clock.resume()
        t = stepper.advance(t, end, ask)


def evaluate(objective: Objective, params: Params, grads: Params, rows: int) -> dict[str, Tensor]:
    """Every column that is logged, in its order, each (*K,) with `rows` = len(*K)."""
    numbers = coordinates(params, rows)
    values = {**numbers, **objective.metrics(params), GRAD_NORM.name: row_norm(grads, rows)}
    names = [metric.name for metric in logged_columns(objective, numbers)]
    # Of parameters a copy: an optimizer may change them in place.
    return {n: (values[n].clone() if n in numbers else values[n]).detach() for n in names}


class Stopwatch:
    """Seconds spent on updates: reading adds the time since `resume`."""

    def __init__(self, device: torch.device, seconds: float) -> None:
        self._device, self._seconds, self._since = device, seconds, time.perf_counter()

    def read(self) -> float:
        """Seconds so far, once the device has finished its work."""
        if self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)
        self._seconds += time.perf_counter() - self._since
        return self._seconds

    def resume(self) -> None:
        """Forget the time since the last reading."""
        self._since = time.perf_counter()
