"""Updates in compiled code: many in one call, where an objective has such code."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..compiled.sampled import CompilableSampled
from ..compiled.stretches import Code, Compilable, RuleCode
from ..core import NEVER, Params
from ..gradients.methods import manual
from ..optimizers import rule_code
from ..optimizers.schedules import PART
from .minibatches import Minibatches
from .steppers import Eager, MakeStepper, Parts, StepState, copy

SECONDS = 0.02
"""A call takes about so long at most: in between a signal is answered."""

WORTH = 50_000
"""Updates from which on it is worth while to load what compiles."""


def compiled_stepper(parts: Parts, t: int, steps: int) -> MakeStepper | None:
    """What makes updates on the CPU from `t` to `steps` in compiled code; None: torch makes them.

    Code that gives the bits of torch is taken where it saves time. Other code makes every update
    from the `Code.begins`-th on, in every run of the same objective and optimizer: which bits come
    out then depends neither on `steps` nor on where a run has been cut.
    """
    rule, code = rule_code(parts.optimizer), code_of(parts)
    if rule is None or code is None:
        return None
    if code.exact and rule.exact:
        return partial(Compiled, code, rule) if steps - t >= WORTH else None
    if steps <= code.begins:
        return None
    return partial(EagerFirst, code, rule) if code.begins else partial(Compiled, code, rule)


def code_of(parts: Parts) -> Code | None:
    """The compiled form of what the updates see, if there is one and the gradient is by hand."""
    if parts.gradient is not manual:
        return None
    match parts.minibatches, parts.objective:
        case None, Compilable() as objective:
            return objective.code()
        case Minibatches(order=order), CompilableSampled() as objective:
            return objective.code_on(order)
    return None


class Compiled:
    """Compiled updates in calls that end soon enough for signals to be answered."""

    def __init__(self, code: Code, rule: RuleCode, parts: Parts, state: StepState, t: int) -> None:
        """Go on from `state`, after `t` updates."""
        lr = parts.lr
        self._stretch = code.stretch(rule, lr, state.params, state.optimizer)
        self._stretch(t, 0)
        self._diverged_at, self._updates = state.diverged_at, 1
        self._schedule = state.optimizer.get(PART)
        self._note(t)
        self._publish(t)

    def advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        """`Stepper.advance`: `stop` is asked after every call of compiled code."""
        diverges = False
        while t < end and not diverges:
            began, asked = time.perf_counter(), min(self._updates, end - t)
            t += self._until_divergence(t, asked)
            diverges = self._note(t)
            affordable = asked * SECONDS / max(time.perf_counter() - began, 1e-9)
            # After a divergence others may follow soon, and a call that meets one is made again.
            self._updates = 1 if diverges else max(1, min(int(affordable), 4 * self._updates))
            if stop():
                break
        self._publish(t)
        return t

    def _until_divergence(self, t: int, updates: int) -> int:
        """Make so many updates, or fewer if a run diverges with the last of them; how many."""
        before = [tensor.clone() for tensor in self._stretch.tensors]
        self._stretch(t, updates)
        if updates == 1 or not self._fresh().any():
            return updates
        for tensor, kept in zip(self._stretch.tensors, before, strict=True):
            tensor.copy_(kept)
        half = updates // 2
        made = self._until_divergence(t, half)
        if self._fresh().any():
            return made
        return half + self._until_divergence(t + half, updates - half)

    def _fresh(self) -> Tensor:
        """Whether a run (*K,) has had a loss that is not finite, and is not known to have."""
        return self._stretch.broken.isnan() & (self._diverged_at == NEVER)

    def _note(self, t: int) -> bool:
        """Note the runs that have diverged with the last update; whether there are any."""
        fresh = self._fresh()
        self._diverged_at = self._diverged_at.masked_fill(fresh, t)
        return bool(fresh.any())

    def _publish(self, t: int) -> None:
        """Say where the last update has led, in tensors that stay as they are."""
        stretch = self._stretch
        memory = dict(stretch.memory)
        if self._schedule is not None:
            memory[PART] = {name: torch.full_like(n, t) for name, n in self._schedule.items()}
        self.state = copy(StepState(stretch.params, memory, self._diverged_at))
        self.grads: Params = {name: g.clone() for name, g in stretch.grads.items()}


class EagerFirst:
    """Torch's updates up to `Code.begins`, compiled ones from there on."""

    def __init__(self, code: Code, rule: RuleCode, parts: Parts, state: StepState, t: int) -> None:
        """Go on from `state`, after `t` updates."""
        self._begins = code.begins
        self._follows = partial(Compiled, code, rule, parts)
        self._now: Eager | Compiled = self._follows(state, t)  # compiles, before the clock runs
        if t <= self._begins:
            self._now = Eager(parts, state, t)

    @property
    def state(self) -> StepState:
        """`Stepper.state`."""
        return self._now.state

    @property
    def grads(self) -> Params:
        """`Stepper.grads`."""
        return self._now.grads

    def advance(self, t: int, end: int, stop: Callable[[], bool]) -> int:
        """`Stepper.advance`."""
        if t < self._begins:
            end = min(end, self._begins)
        elif isinstance(self._now, Eager):
            self._now = self._follows(self._now.state, t)
        return self._now.advance(t, end, stop)
