"""The shapes in which a user's module is offered its inputs, and which of them it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor, nn

from ..system.errors import ConfigError
from .file_model import FileModel
from .model_trial import copies, examined, fresh


@dataclass(frozen=True)
class Form:
    """A shape in which the inputs are offered: (n, *size)."""

    name: str
    size: tuple[int, ...]

    def of(self, X: Tensor) -> Tensor:
        """Inputs (n, d) in this shape."""
        return X.reshape(len(X), *self.size)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(map(str, ('n', *self.size)))})"


def tried(model: FileModel, forms: Sequence[Form]) -> tuple[FileModel, Form]:
    """The model, its sample in the first form that the module takes; this form.

    Args:
        forms: those that the problem offers. A text `inputs` at the file's module level
            names the one to take.

    Raises:
        ConfigError: it takes none, or does what no run can.
    """
    forms = asked(model, forms)
    X, failures = model.sample, []
    for form in forms:
        shaped = replace(model, sample=form.of(X))
        try:
            apart = replace(shaped, constants=copies(model.constants))
            with entered(model.module) as names:
                answer = apart.answer(shaped.sample.clone(), fresh(model.like))
        except ConfigError as error:
            why = str(error).removeprefix(f"{model.said}: ")
            failures.append(f"{names[-1]} {why}" if why.startswith("raised") and names else why)
            continue
        if len(shaped.as_logits(answer)) != len(X):
            raise ConfigError(
                f"{model.said}: model returned {tuple(shaped.as_logits(answer).shape)} for "
                f"{form} with n = {len(X)}; {shaped.wanted}"
            )
        return examined(shaped), form
    if len(set(failures)) == 1:
        said = " and no ".join(map(str, forms))
        raise ConfigError(f"{model.said}: model takes no {said}: {failures[0]}")
    said = "; it takes no ".join(
        f"{form}: {why}" for form, why in zip(forms, failures, strict=True)
    )
    raise ConfigError(f"{model.said}: model takes no {said}")


@contextmanager
def entered(module: nn.Module) -> Iterator[list[str]]:
    """The modules within this one that are called meanwhile, in order: `0 (Linear)`."""
    names: list[str] = []

    def note(name: str, one: nn.Module, inputs: object) -> None:
        names.append(f"{name} ({type(one).__name__})")

    inner = ((name, one) for name, one in module.named_modules() if name)
    hooks = [one.register_forward_pre_hook(partial(note, name)) for name, one in inner]
    try:
        yield names
    finally:
        for hook in hooks:
            hook.remove()


def asked(model: FileModel, forms: Sequence[Form]) -> Sequence[Form]:
    """The forms to try: that one which the file names, if it does."""
    name = getattr(model.source.file.module, "inputs", None)
    if not isinstance(name, str):
        return forms
    named = [form for form in forms if form.name == name]
    if not named:
        offered = " or ".join(f'inputs = "{form.name}"' for form in forms)
        raise ConfigError(f'{model.said}: inputs = "{name}": this problem has {offered}')
    return named
