"""The training loop: updates from record to record, and a record wherever one is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import NEVER, Objective, Optimizer, Params, Reason, Record, State, row_norm
from ..metrics import GRAD_NORM, STEP_SIZE
from ..optimizers import Scheduled
from .coordinates import coordinates, logged_columns
from .steppers import Eager, MakeStepper, Parts, Stepper, StepState
from .thread_count import samples_of, threads_for


def start(params: Params, optimizer: Optimizer, rows: torch.Size) -> State:
    """The state before the first update, for parameters of leading dimensions `rows` = *K."""
    device = next(iter(params.values())).device
    diverged_at = torch.full(rows, NEVER, dtype=torch.int64, device=device)
    return State(0, 0.0, params, optimizer.init(params), diverged_at)


def train(
    parts: Parts,
    state: State,
    *,
    steps: int,
    due: Callable[[int], bool],
    following: Callable[[int], int] | None = None,
    stop: Callable[[], bool] = lambda: False,
    stepper: MakeStepper = Eager,
) -> Iterator[tuple[State, Record]]:
    """Yield (state, record) wherever `due(updates)` says so, and at the end.

    Goes on from `state` until `steps` updates are made, `stop()` says so, or every run of the
    batch has diverged. On the CPU a divergence is noticed, and recorded, at the update where it
    happens; elsewhere when a record is due, because looking makes the host wait for the device.
    The optimizer `torch_sgd` changes parameters in place: use a state before asking for the next.

    Args:
        steps: number of updates, counted from the initial point, after which to end.
        following: from a number of updates to the next one at which `due` says so; where it is not
            given, `due` is asked for one after another, which takes longer than compiled updates.
        stop: asked once after every update, or as often as `stepper` says.
        stepper: makes the updates. Records are of the whole objective, also with minibatches.
    """
    t, clock, asked = state.updates, Stopwatch(parts.lr.device, state.seconds), Asked(stop)
    updates = stepper(parts, StepState(state.params, state.optimizer, state.diverged_at), t)
    clock.resume()
    asked()
    while True:
        seconds, now = clock.read(), updates.state
        wanted, over = t >= steps or due(t), not (now.diverged_at == NEVER).any()
        if wanted or asked.stopped or over or t > state.updates:  # not where a run is resumed
            reason: Reason = "due" if wanted else "stopped" if asked.stopped else "diverged"
            yield State(t, seconds, *now), Record(t, seconds, measured(parts, updates, t), reason)
        if t >= steps or asked.stopped or over:
            return
        end = min(following(t), steps) if following else next_due(due, t, steps)
        clock.resume()
        t = updates.advance(t, end, asked)


def next_due(due: Callable[[int], bool], t: int, steps: int) -> int:
    """The first number of updates after t at which `due` says so; at most `steps`."""
    return next(u for u in range(t + 1, steps + 1) if u == steps or due(u))


class Asked:
    """`stop`, and whether it has ever said so."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop, self.stopped = stop, False

    def __call__(self) -> bool:
        """Whether to stop: once it was so, it stays so."""
        if not self.stopped:
            self.stopped = self._stop()
        return self.stopped


def measured(parts: Parts, updates: Stepper, t: int) -> dict[str, Tensor]:
    """Every column that is logged, of the whole objective, where t updates have led: (*K,)."""
    params, grads = updates.state.params, updates.grads
    sizes: Params = {}
    if isinstance(parts.optimizer, Scheduled):
        sizes = {STEP_SIZE.name: parts.optimizer.size(parts.lr, t)}
    with threads_for(samples_of(parts.objective), params):
        if parts.minibatches:
            _, grads = parts.gradient(parts.objective, params)
        return evaluate(parts.objective, params, grads, parts.lr.ndim, sizes)


def evaluate(
    objective: Objective, params: Params, grads: Params, rows: int, sizes: Params | None = None
) -> dict[str, Tensor]:
    """Every column that is logged, in its order, each (*K,) with `rows` = len(*K).

    Args:
        sizes: the step size of the next update by its column, where there is one.
    """
    numbers = coordinates(params, rows)
    values = {
        **(sizes or {}),
        **numbers,
        **objective.metrics(params),
        GRAD_NORM.name: row_norm(grads, rows),
    }
    names = [metric.name for metric in logged_columns(objective, numbers, scheduled=bool(sizes))]
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
