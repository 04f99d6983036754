"""The `torch.nn.Module` that a user's file makes: drawn again for every seed, its weights read.

The file defines `model`, which is a module, or a class or function that makes one.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..core import Params
from ..system.errors import ConfigError
from ..system.user_file import UserFile, UserFunction, run_file
from .classification import METRICS
from .file import seeded
from .file_values import RESERVED, settle

KEY = "model.path"
WANTED = "a Python file that defines model, a torch.nn.Module"
UNNAMED = (*RESERVED, *(metric.name for metric in METRICS), "X", "y")
"""Names that no parameter may have: those of columns, and of what a `gradient` is offered."""


@contextmanager
def drawing(generator: torch.Generator) -> Iterator[None]:
    """What is drawn without a generator comes from this one; NumPy's and Python's go by it too."""
    state = generator.get_state()
    aside = torch.Generator()
    aside.set_state(state)
    with seeded(int(torch.randint(2**31, (), generator=aside))):
        torch.set_rng_state(state)
        yield
        generator.set_state(torch.get_rng_state())


@contextmanager
def unfilled_is_nan() -> Iterator[None]:
    """`torch.empty` makes NaN, so that weights that nothing fills are found."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("warn")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


@dataclass(frozen=True)
class ModuleFile:
    """A file that has been run and makes modules."""

    file: UserFile
    offered: dict[str, int]  # what `model` may ask for, by the names of its arguments

    def drawn(self, generator: torch.Generator) -> nn.Module:
        """A module with initial weights from the generator, which moves on.

        Raises:
            ConfigError: the file has no model, or what it makes is none.
        """
        with drawing(generator), unfilled_is_nan():
            found = defined(self.file)
            if isinstance(found, nn.Module):  # made when the file was run, so it is run again
                found = defined(run_file(self.file.path, KEY, WANTED))
            else:
                found = self.made(self.file.function("model"))
        if not isinstance(found, nn.Module):
            raise ConfigError(
                f"{self.file.said}: model is a {type(found).__name__}; it must be a "
                "torch.nn.Module, or a class or function that makes one"
            )
        return found

    def made(self, function: UserFunction) -> object:
        """What the class or function `model` returns for those arguments that it asks for."""
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [
            one for one in function.asked() if one.default is one.empty and one.kind not in variable
        ]
        for one in needed:
            if one.name not in self.offered:
                raise ConfigError(
                    f"{self.file.said}: model asks for {one.name}, but is offered "
                    f"{', '.join(self.offered)}; give {one.name} a default"
                )
        values = [self.offered[one.name] for one in needed if one.kind is not one.KEYWORD_ONLY]
        named = {one.name: self.offered[one.name] for one in needed if one.kind is one.KEYWORD_ONLY}
        found: object = function(*values, **named)
        return found


def opened(
    path: Path,
    seed: int,
    generator: torch.Generator,
    offered: dict[str, int],
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[ModuleFile, nn.Module]:
    """The file, run, and the module that it makes with the generator, which moves on.

    Its tensors at module level come to the device and the dtype of the run.

    Raises:
        ConfigError: the file cannot be run, or makes no module.
    """
    with seeded(seed):
        file = run_file(path, KEY, WANTED)
    if isinstance(defined(file), nn.Module):
        with drawing(generator), unfilled_is_nan():
            file = run_file(path, KEY, WANTED)
        settle(file, device, dtype, leaves=False)
        module = defined(file)
        assert isinstance(module, nn.Module)
        return ModuleFile(file, offered), module
    settle(file, device, dtype, leaves=False)
    source = ModuleFile(file, offered)
    return source, source.drawn(generator)


def defined(file: UserFile) -> object:
    """What the file calls `model`.

    Raises:
        ConfigError: nothing, or what can be no model.
    """
    if file.defines("model"):
        found = file.value("model")
        if isinstance(found, nn.Module) or callable(found):
            return found
        raise ConfigError(
            f"{file.said}: model is a {type(found).__name__}; it must be a torch.nn.Module, or a "
            "class or function that makes one"
        )
    own = [name for name, one in vars(file.module).items() if is_own(one, file)]
    instead = own[-1] if own else "torch.nn.Sequential(…), or a class or function that makes one"
    raise ConfigError(f"{file.said} does not define model; write model = {instead}")


def is_own(value: object, file: UserFile) -> bool:
    """Whether it is a module, or a class of modules that the file defines."""
    if isinstance(value, type):
        return issubclass(value, nn.Module) and value.__module__ == file.module.__name__
    return isinstance(value, nn.Module)


def weights(module: nn.Module, said: str) -> tuple[Params, Params]:
    """Parameters that are trained, by their names in `state_dict`; frozen ones and buffers.

    Raises:
        ConfigError: one of them cannot be used.
    """
    trained: Params = {}
    constants: Params = dict(module.named_buffers())
    for name, p in module.named_parameters():
        refuse_unusual(name, p, module, said)
        if not p.requires_grad:
            constants[name] = p
            continue
        if p.is_complex():
            raise ConfigError(f"{said}: {name} is complex; train its real and imaginary parts")
        if not p.isfinite().all():
            raise ConfigError(
                f"{said}: {name} is not finite at the start; was torch.empty(…) never filled?"
            )
        if name in UNNAMED:
            raise ConfigError(f"{said}: no parameter can be called {name}; rename it")
        trained[name] = p
    for name, b in module.named_buffers():
        refuse_unusual(name, b, module, said)
    if not trained:
        raise ConfigError(f"{said}: model has no parameters that require a gradient, none to train")
    return trained, constants


def refuse_unusual(name: str, value: Tensor, module: nn.Module, said: str) -> None:
    """Nothing for a tensor of numbers in memory.

    Raises:
        ConfigError: it has no shape yet, or no values.
    """
    if is_lazy(value):
        owner = owner_of(name, module)
        kind = owner.partition("(")[2].rstrip(")")
        plain = kind.replace("Lazy", "")
        raise ConfigError(
            f"{said}: {owner} has no shape before its first call; write torch.nn.{plain}(…) "
            "with the number of its inputs"
        )
    if value.is_meta:
        raise ConfigError(f"{said}: {name} is on the device meta, without values; leave out device")


def owner_of(name: str, module: nn.Module) -> str:
    """The module that a parameter or buffer belongs to: `bn1 (BatchNorm2d)`."""
    path = name.rpartition(".")[0]
    kind = type(module.get_submodule(path)).__name__
    return f"{path} ({kind})" if path else f"model ({kind})"
