"""The rule in a file of the user's: functions `init` and `update`, written for one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import OptimizerState, Params, apart, stacked
from ..system.errors import ConfigError
from ..system.user_file import UserFunction, run_file

KEY = "optimizer.path"
ALONE = ""
"""The part of the state that holds tensors which are not in a dict of their own."""


class FileRule:
    """`init(params) -> state` and `update(params, grads, lr, state) -> (params, state)`.

    Both are pure functions of one run: tensors by name, a step size without dimensions, and a state
    that is a dict of tensors, numbers and dicts of these. A batch goes through `torch.func.vmap`,
    or run by run where vmap cannot take the function.
    """

    convergence = None
    capturable = False
    fixed_state = False

    def __init__(self, path: Path, params: Params, lr: Tensor) -> None:
        """
        Args:
            params: the initial point, each (*K, …), on which the functions are tried.
            lr: (*K,).

        Raises:
            ConfigError: the file or one of its functions cannot be used.
        """
        file = run_file(path, KEY, "a Python file with functions init and update")
        self._init, self._update = file.function("init"), file.function("update")
        self._rows = lr.shape
        state = self.init(params)
        still = {name: torch.zeros_like(p) for name, p in params.items()}
        copies = {name: p.clone() for name, p in params.items()}
        self._mapped = bool(self._rows) and self._can_map(copies, still, lr, state)
        self.note: str | None = None
        if not self._mapped:
            self.update(copies, still, lr, state)
        if self._rows and not self._mapped:
            self.note = (
                f"{path.name}: torch.func.vmap cannot take its update, so the runs of a batch "
                "are updated one by one"
            )

    def init(self, params: Params) -> OptimizerState:
        """The state before the first update, each tensor (*K, …)."""
        first = [
            read(self._init, self._init(dict(row)), row) for row in apart(params, len(self._rows))
        ]
        return {part: stacked([s[part] for s in first], self._rows) for part in first[0]}

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """As `core.Optimizer`.

        Raises:
            ConfigError: the function raises an error, or returns something else; the message has
                its line.
        """
        if not self._rows:
            return self._once(params, grads, lr, state)
        if self._mapped:
            return self._together(params, grads, lr, state)
        held = {part: apart(tensors, len(self._rows)) for part, tensors in state.items()}
        moved = [
            self._once(p, g, size, {part: rows[k] for part, rows in held.items()})
            for k, (p, g, size) in enumerate(
                zip(apart(params, len(self._rows)), apart(grads, len(self._rows)), lr, strict=True)
            )
        ]
        states = [s for _, s in moved]
        return stacked([p for p, _ in moved], self._rows), {
            part: stacked([s[part] for s in states], self._rows) for part in states[0]
        }

    def _together(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        answer: tuple[Params, OptimizerState] = torch.func.vmap(self._once)(
            params, grads, lr, state
        )
        return answer

    def _can_map(self, params: Params, grads: Params, lr: Tensor, state: OptimizerState) -> bool:
        try:
            self._together(params, grads, lr, state)
        except Exception:  # of vmap's or of the user's: one run at a time tells them apart
            return False
        return True

    def _once(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """The answer for one run, checked."""
        own: dict[str, Any] = {part: dict(held) for part, held in state.items() if part != ALONE}
        own |= state.get(ALONE, {})
        answer = self._update(dict(params), dict(grads), lr, own)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise wrong(self._update, f"{described(answer)}, not (params, state)")
        moved, remembered = answer
        if not isinstance(moved, dict) or moved.keys() != params.keys():
            names = f"params {', '.join(map(str, moved))}" if isinstance(moved, dict) else "others"
            raise wrong(self._update, f"{names}; the parameters are {', '.join(params)}")
        for name, p in params.items():
            new = moved[name]
            if not isinstance(new, Tensor) or (new.shape, new.dtype) != (p.shape, p.dtype):
                raise wrong(self._update, f"{name} as {described(new)}; it is {described(p)}")
        kept = read(self._update, remembered, params)
        return {name: moved[name].detach() for name in params}, kept


def read(function: UserFunction, state: Any, params: Params) -> OptimizerState:
    """A state that `function` returned as tensors, numbers of Python's as ones too."""
    if not isinstance(state, dict):
        raise wrong(function, f"{described(state)} as state, not a dict")
    like = next(iter(params.values()))
    found: OptimizerState = {}
    for part, held in state.items():
        own = str(part) if isinstance(held, dict) else ALONE
        for name, value in (held if isinstance(held, dict) else {part: held}).items():
            if not isinstance(value, Tensor | bool | int | float):
                what = f"{described(value)} in its state, at {part}"
                raise wrong(function, f"{what}: a state has tensors, numbers and dicts of these")
            found.setdefault(own, {})[str(name)] = as_tensor(value, like)
    return found


def as_tensor(value: Tensor | float, like: Tensor) -> Tensor:
    """Numbers with a point get the dtype of the run; whole numbers stay whole."""
    if isinstance(value, Tensor):
        return value.detach()
    dtype = like.dtype if isinstance(value, float) else None
    return torch.tensor(value, dtype=dtype, device=like.device)


def wrong(function: UserFunction, what: str) -> ConfigError:
    """The error of an answer that cannot be used."""
    code = getattr(function.function, "__code__", None)
    line = f"line {code.co_firstlineno}: " if code else ""
    return ConfigError(f"{function.said}: {line}{function.name} returned {what}")


def described(value: object) -> str:
    """What a value is, for a message."""
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return f"a {type(value).__name__}"
