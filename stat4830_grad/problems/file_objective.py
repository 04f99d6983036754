"""The functions of a user's file as an objective, for batches too."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ..config import problems as choices
from ..core import Params, row_norm
from ..metrics import GRAD_NORM, LOSS, Metric
from ..sandbox.answers import fits, read
from ..system.errors import ConfigError
from ..system.user_file import UserFile, UserFunction
from .file_values import checked_loss, data_of, default_dtype, start
from .least_squares import DISTANCE
from .rows import OfOneRun, of_one_run, one_by_one, takes_vmap, together


@dataclass(frozen=True)
class FileObjective:
    """The loss of a user's file, for batches too: by `torch.func.vmap`, or run by run."""

    file: UserFile
    like: Params  # the initial point of one run, in the dtype and on the device of the runs
    extra: tuple[Metric, ...]  # of the file's own function `metrics`
    minimiser: Params | None
    numbers: int  # that the loss keeps for its derivative
    batched: dict[str, bool] = field(default_factory=dict)  # function -> whether vmap can take it
    capturable: ClassVar[bool] = False

    @property
    def by_hand(self) -> bool:
        """Whether the file has a `gradient`."""
        return self.file.defines("gradient")

    @property
    def columns(self) -> tuple[Metric, ...]:
        """The loss, the distance to a known minimiser, the file's own metrics, gradient norm."""
        known = () if self.minimiser is None else (DISTANCE,)
        return (LOSS, *known, *self.extra, GRAD_NORM)

    def init(self, generator: torch.Generator) -> Params:
        """What `start` says; a function is called with the generator."""
        return start(self.file, generator)

    def starting_at(self, problem: choices.Problem) -> Self:
        """Itself: the file says what the initial point is."""
        return self

    def loss(self, params: Params) -> Tensor:
        """The file's `loss`: (*K,)."""
        return self.of_rows("loss", params)["loss"]

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """f (*K,) and ∇f by the file's own `gradient`.

        Raises:
            ConfigError: it has none, or what it returns is none.
        """
        if not self.by_hand:
            raise no_gradient(self.file.said)
        return self.loss(params), self.of_rows("gradient", params)

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The loss, and what else the file makes known."""
        loss = self.loss(params)
        found = {LOSS.name: loss}
        if self.minimiser is not None:
            away = {name: p - self.minimiser[name] for name, p in params.items()}
            found[DISTANCE.name] = row_norm(away, loss.ndim)
        return found | (self.of_rows("metrics", params) if self.extra else {})

    def constants(self) -> dict[str, Any]:
        """The tensors at the file's module level, by name."""
        return {name: one for name, one in data_of(self.file).items() if name not in self.like}

    def solution(self) -> Params | None:
        """The file's `minimiser`."""
        return self.minimiser

    def workspace(self) -> int:
        """The numbers that the loss keeps for its derivative, as counted at the start."""
        return self.numbers

    def notes(self, runs: int) -> list[str]:
        """Whether the runs of a batch are taken one by one, and where that is decided."""
        if runs == 1 or self.vmapped("loss"):
            return []
        return [f"{self.file.said}: runs go one by one, as torch.func.vmap cannot take this loss"]

    @cached_property
    def functions(self) -> dict[str, OfOneRun]:
        """The file's functions, their answers as tensors by name."""
        loss, said = self.file.function("loss"), self.file.said

        def metrics(params: Params) -> dict[str, Tensor]:
            return as_metrics(called(self.file.function("metrics"), params), said, self.like)

        def gradient(params: Params) -> Params:
            return as_gradient(called(self.file.function("gradient"), params), params, said)

        return {
            "loss": lambda params: {"loss": checked_loss(called(loss, params), said)},
            "metrics": metrics,
            "gradient": gradient,
        }

    def of_rows(self, name: str, params: Params) -> dict[str, Tensor]:
        """What the function called `name` makes of each run: tensors (*K, …) by name."""
        alone = of_one_run(params, self.like)
        apply = together if alone or self.vmapped(name) else one_by_one
        return apply(self.functions[name], params, self.like)

    def vmapped(self, name: str) -> bool:
        """Whether vmap takes the function, and makes of two runs what it makes of each."""
        if name not in self.batched:
            self.batched[name] = takes_vmap(self.functions[name], self.like)
        return self.batched[name]


def called(function: UserFunction, params: Params) -> Any:
    """The function's answer to the parameters that it names."""
    dtype = next(iter(params.values())).dtype
    offered = {**params, "params": dict(params)}
    if torch.get_default_dtype() == dtype:
        return function.called_with(offered)
    with default_dtype(dtype):
        return function.called_with(offered)


def as_metrics(answer: Any, said: str, like: Params) -> dict[str, Tensor]:
    """What `metrics` returns, as tensors of one number."""
    if not isinstance(answer, dict):
        raise ConfigError(f"{said}: metrics must return a dict, such as {{'accuracy': …}}")
    some = next(iter(like.values()))
    try:
        return {
            str(name): torch.as_tensor(value, dtype=some.dtype, device=some.device).reshape(())
            for name, value in answer.items()
        }
    except (TypeError, ValueError, RuntimeError):
        raise ConfigError(f"{said}: each entry that metrics returns must be one number") from None


def no_gradient(said: str) -> ConfigError:
    """That `gradient=manual` asks a file, `said` as messages name it, for what it does not have."""
    return ConfigError(
        f"gradient=manual: {said} defines no function gradient; "
        "write gradient=backward, or derive it by hand"
    )


def as_gradient(answer: Any, params: Params, said: str) -> Params:
    """What `gradient` returns, in the shapes and dtypes of the parameters."""
    values, findings = read(answer, params)
    for finding in findings:
        about = f"{', '.join(finding.parameters)}: " if finding.parameters else ""
        raise ConfigError(f"{said}: {about}{finding.sentence}")
    for name, value in values.items():
        if not fits(value, params[name]):
            shapes = f"{tuple(value.shape)}, it is {tuple(params[name].shape)}"
            raise ConfigError(f"{said}: the gradient by {name} is {shapes}")
    return {name: values[name].reshape(p.shape).to(p.dtype) for name, p in params.items()}
