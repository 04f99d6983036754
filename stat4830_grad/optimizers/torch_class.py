"""Any class of torch.optim as an optimizer with visible state: one run, or a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..config.torch_classes import Torch
from ..core import OptimizerState, Params, per_row
from ..system.errors import ConfigError, UserError, is_memory

Evaluate = Callable[[Params], tuple[Tensor, Params]]
"""Loss (*K,) and gradients of parameters (*K, …)."""

SHARED, NUMBER, LIST = " (shared)", " (number)", " (list)"
"""Behind the name of a part of the state: a tensor without dimensions, such as the number of
steps; a number of Python's; a list of tensors, stacked."""

SCRATCH = "al"
"""What LBFGS keeps between updates and writes before it reads."""

ON_HOST = ("step", "mu_product")
"""What torch keeps on the CPU unless the class is to be captured in a CUDA graph, or fused."""


class TorchClass:
    """A class of torch.optim, on parameters of its own.

    A run alone is updated as a loop in a notebook would do it. A batch is one tensor program: the
    rule is entrywise and its step proportional to the step size, so each parameter p (*K, …) makes
    the step p → q of the largest step size of the batch, and a run whose step size is r times that
    one goes to p + r (q − p).
    """

    convergence = None
    capturable = False
    fixed_state = False
    note = None

    def __init__(self, choice: Torch, params: Params, lr: Tensor, evaluate: Evaluate) -> None:
        """
        Raises:
            ConfigError: the installed torch has no such class, or refuses an option.
        """
        if lr.numel() > 1 and not choice.batches:
            raise ConfigError(f"optimizer.name={choice.name} trains one run at a time")
        self._choice, self._evaluate = choice, evaluate
        self._state: OptimizerState = {}
        self._lr: Tensor | None = None
        self._bind(params, {}, lr)

    def init(self, params: Params) -> OptimizerState:
        """Nothing: torch makes the state at the first update."""
        return {}

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """As `core.Optimizer`; the next update changes the tensors that are returned."""
        if params is not self._own or not same(state, self._state):
            self._bind(params, state, lr)
        if lr is not self._lr:
            self._take(lr)
        with in_one_message(self._choice.name):
            self._step(grads)
        self._state = self._read()
        return self._own, self._state

    def _bind(self, params: Params, state: OptimizerState, lr: Tensor) -> None:
        """A new optimizer of torch's on copies of `params`, with `state`."""
        self._alone, self._rows = lr.numel() == 1, lr.shape
        self._own = {name: p.clone() for name, p in params.items()}
        self._seen = {name: self._row(p) for name, p in self._own.items()}
        options = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self._choice.options.items()
        }
        with in_one_message(self._choice.name):
            made = getattr(torch.optim, self._choice.name)
            self._torch: torch.optim.Optimizer = made(list(self._seen.values()), **options)
        self._state, self._lr = state, None
        for part, held in state.items():
            for name, value in held.items():
                key, thing = self._restored(part, value)
                self._torch.state[self._seen[name]][key] = thing

    def _row(self, value: Tensor) -> Tensor:
        """What torch sees of a tensor (*K, …): of a run alone no leading dimensions."""
        return value.reshape(value.shape[len(self._rows) :]) if self._alone else value

    def _take(self, lr: Tensor) -> None:
        """Step sizes (*K,); reading them makes the host wait for a device."""
        largest = lr.max()
        for group in self._torch.param_groups:
            group["lr"] = float(largest)
        self._ratio = None if self._alone or bool((lr == largest).all()) else lr / largest
        self._lr = lr

    def _step(self, grads: Params) -> None:
        self._give(grads)
        if self._choice.evaluates:
            self._torch.step(self._closure)
        elif self._ratio is None:
            self._torch.step()
        else:
            before = {name: p.clone() for name, p in self._own.items()}
            self._torch.step()
            for name, p in self._own.items():
                p.copy_(torch.lerp(before[name], p, per_row(self._ratio, p)))
        for p in self._seen.values():
            p.grad = None

    def _give(self, grads: Params) -> None:
        for name, p in self._seen.items():
            p.grad = self._row(grads[name]).contiguous()  # as LBFGS wants it

    def _closure(self) -> float:
        """The loss where the parameters are now, with its gradient, as torch asks for it."""
        loss, grads = self._evaluate(self._own)
        self._give(grads)
        return loss.item()

    def _read(self) -> OptimizerState:
        """Torch's state as tensors (*K, …)."""
        found: OptimizerState = {}
        for name, p in self._seen.items():
            for key, value in self._torch.state.get(p, {}).items():
                if value is not None and key != SCRATCH:
                    part, tensor = self._visible(key, value)
                    found.setdefault(part, {})[name] = tensor
        return found

    def _visible(self, key: str, value: Any) -> tuple[str, Tensor]:
        """The name of a part of the state, and its tensor (*K, …)."""
        if isinstance(value, Tensor):
            kind, tensor = "" if value.ndim else SHARED, value
        elif isinstance(value, list):
            kind, tensor = LIST, torch.stack(value) if value else torch.zeros(0)
        else:
            kind, tensor = NUMBER, torch.tensor(value, dtype=exact(value))
        if self._alone:
            return key + kind, tensor.reshape((*self._rows, *tensor.shape))
        return key + kind, tensor.expand(self._rows) if kind == SHARED else tensor

    def _restored(self, part: str, value: Tensor) -> tuple[str, Any]:
        """What `_visible` was given."""
        if part.endswith(SHARED):
            key, shared = part.removesuffix(SHARED), value.reshape(-1)[0].clone()
            options = self._choice.options
            on_host = key in ON_HOST and not (options.get("capturable") or options.get("fused"))
            return key, shared.cpu() if on_host else shared
        if part.endswith(NUMBER):
            return part.removesuffix(NUMBER), value.item()
        if part.endswith(LIST):
            return part.removesuffix(LIST), list(self._row(value).clone().unbind(0))
        return part, self._row(value).clone()


def same(state: OptimizerState, other: OptimizerState) -> bool:
    """Whether the parts are the same objects."""
    return state.keys() == other.keys() and all(held is other[part] for part, held in state.items())


def exact(value: float) -> torch.dtype:
    """A dtype that holds a number of Python's without loss."""
    return torch.float64 if isinstance(value, float) else torch.int64


@contextmanager
def in_one_message(name: str) -> Iterator[None]:
    """What torch says against the class `name` or its options, as one message."""
    try:
        yield
    except UserError:
        raise
    except (AttributeError, ValueError, TypeError, RuntimeError, AssertionError) as error:
        if is_memory(error):
            raise
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"optimizer.name={name}: torch {torch.__version__}: {said}") from error
