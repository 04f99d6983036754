"""What a user's file says, checked: its data and, for problem=file, its parameters and loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..config.formula import COLUMNS
from ..core import Params
from ..sandbox.answers import as_tensor
from ..system.errors import ConfigError
from ..system.user_file import UserFile, UserFunction
from .saved import saved_storages

RESERVED = (*COLUMNS, "params")
"""Names that no parameter may have: columns of metrics.csv, and the dict of all parameters."""


def parameters(function: UserFunction) -> list[str]:
    """The names of the arguments that must be given to the function.

    Raises:
        ConfigError: it is not written in Python.
    """
    return [one.name for one in function.asked() if one.default is one.empty]


def as_params(found: object, file: UserFile, what: str) -> Params:
    """Numbers, lists, arrays or tensors by parameter; alone if the loss has one argument.

    Args:
        what: the name by which the file defines them.

    Raises:
        ConfigError: they are no such.
    """
    asked = parameters(file.function("loss"))
    takes = [one.name for one in file.function("loss").asked()]
    if not isinstance(found, dict):
        if len(asked) != 1 or asked == ["params"]:
            example = ", ".join(f"'{name}': …" for name in asked)
            raise ConfigError(f"{file.said}: {what} must be a dict: {what} = {{{example}}}")
        found = {asked[0]: found}
    params = {str(name): real(value, f"{what} of {name}", file) for name, value in found.items()}
    if not params:
        raise ConfigError(f"{file.said}: {what} names no parameter")
    for name in params:
        if name in RESERVED or not name.isidentifier():
            raise ConfigError(f"{file.said}: no parameter can be called {name}; rename it")
    if "params" not in asked and (unused := [name for name in params if name not in takes]):
        raise ConfigError(f"{file.said}: {what} has {unused[0]}, which loss does not ask for")
    if missing := [name for name in asked if name not in (*params, "params")]:
        raise ConfigError(
            f"{file.said}: loss asks for {missing[0]}, but {what} has {', '.join(params)}"
        )
    return params


def start(file: UserFile, generator: torch.Generator) -> Params:
    """The initial point of one run, by the names of the loss's arguments."""
    if not file.defines("start"):
        names = ", ".join(f"'{name}': 1.0" for name in parameters(file.function("loss")))
        raise ConfigError(f"{file.said} defines no start; write start = {{{names}}}")
    found: object = file.value("start")
    if callable(found):
        function = file.function("start")
        found = function(generator) if parameters(function) else function()
    return as_params(found, file, "start")


def data_of(file: UserFile) -> dict[str, Tensor]:
    """The tensors at module level, by name."""
    return {name: one for name, one in vars(file.module).items() if isinstance(one, Tensor)}


def settle(
    file: UserFile, device: torch.device, dtype: torch.dtype, *, leaves: bool = True
) -> None:
    """Bring a file's data to the device and, unless they are whole numbers, to the dtype.

    Args:
        leaves: whether tensors that require a gradient are data, too.
    """
    for name, value in data_of(file).items():
        if leaves or not value.requires_grad:
            real = value.is_floating_point()
            vars(file.module)[name] = value.detach().to(device, dtype if real else None)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """The dtype of the tensors that a user's function makes of Python's numbers."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def real(value: object, what: str, file: UserFile) -> Tensor:
    """A tensor of finite real numbers; whole ones and Python's become float64."""
    try:
        tensor = as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        kind = type(value).__name__
        raise ConfigError(f"{file.said}: {what} is a {kind}, not numbers") from None
    tensor = tensor if tensor.is_floating_point() else tensor.double()
    if tensor.numel() == 0 or not tensor.isfinite().all():
        raise ConfigError(f"{file.said}: {what} is empty, or not finite")
    return tensor


def checked_loss(found: object, said: str) -> Tensor:
    """The loss as a tensor of shape ().

    Raises:
        ConfigError: it is no tensor of one real number.
    """
    if not isinstance(found, Tensor):
        raise ConfigError(
            f"{said}: loss returned a {type(found).__name__}; it must return one number as a "
            "tensor, computed by torch"
        )
    if found.numel() != 1:
        raise ConfigError(
            f"{said}: loss returned a tensor of shape {tuple(found.shape)}, one number is needed; "
            "is .sum() or .mean() missing?"
        )
    if not found.is_floating_point():
        raise ConfigError(f"{said}: loss returned {found.dtype}, a real number is needed")
    return found if found.ndim == 0 else found.reshape(())


def saved_numbers(loss: Callable[[Params], Any], like: Params, said: str) -> int:
    """How many numbers the loss at `like` keeps for its derivative, besides the parameters.

    Raises:
        ConfigError: it has no derivative.
    """
    leaves = {name: p.detach().requires_grad_() for name, p in like.items()}
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")  # of what is refused below
        value, saved, _ = saved_storages(lambda: checked_loss(loss(leaves), said), leaves.values())
    if not value.requires_grad:
        raise ConfigError(
            f"{said}: loss does not depend on its arguments through torch; "
            "float(), .item(), .numpy() and .detach() cut it off"
        )
    return 1 + sum(saved.values()) // value.itemsize
