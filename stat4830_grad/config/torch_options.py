"""Options of the classes of torch.optim: on the command line, and which there are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..system.errors import ConfigError
from ..system.wording import nearest, shown
from .torch_classes import CLASSES, Option, Torch

KEY = "optimizer.options"
"""The key below which each option of a class has one of its own."""

LBFGS = r"optimizer\.name=\W*LBFGS\W*"

SPARSE = "SparseAdam takes sparse gradients, which no problem has here; write optimizer.name=Adam"


def is_chosen(words: Sequence[str]) -> bool:
    """Whether the command chooses a class of torch.optim."""
    return any(re.match(r"optimizer=.*\btorch\b", word) for word in words)


def completed(overrides: Sequence[str]) -> list[str]:
    """Overrides as Hydra takes them: options are keys that conf/ does not list.

    LBFGS finds the length of a step by itself, so its lr is 1 where none is given.
    """
    if not is_chosen(overrides):
        return list(overrides)
    found = [f"++{o}" if re.match(rf"{KEY}(\.|=\{{)", o) else o for o in overrides]
    sized = any(override.startswith("optimizer.lr=") for override in found)
    alone = any(re.fullmatch(LBFGS, override) for override in found)
    return [*found, "optimizer.lr=1"] if alone and not sized else found


def list_options() -> set[str]:
    """Keys of options whose one value is a list in every class that takes them, such as betas."""
    taken = [pair for one in CLASSES.values() for pair in one.takes.items()]
    single = {name for name, default in taken if not isinstance(default, list)}
    return {f"{KEY}.{name}" for name, _ in taken if name not in single}


def no_such_class(name: str) -> str:
    """What is said of a class that torch.optim has not, or that cannot be used."""
    if name == "SparseAdam":
        return f"optimizer.name=SparseAdam: {SPARSE}"
    lower = {one.lower(): one for one in CLASSES}
    close = nearest(name, lower)
    for low, one in lower.items():
        close = close.replace(f" {low}?", f" {one}?")
    return (
        f"optimizer.name={shown(name)}: no such class of torch.optim{close or '.'} "
        f"There are: {', '.join(CLASSES)}"
    )


def check_options(choice: Torch, minibatch: int | None) -> None:
    """Whether the class has these options, each a value of its kind, and can use minibatches.

    Raises:
        ConfigError: the message has the option and what to write.
    """
    if choice.evaluates and minibatch is not None:
        raise ConfigError(
            f"minibatch={minibatch}: {choice.name} compares the loss at several points, so it "
            "needs all samples; leave it out"
        )
    for name, value in choice.options.items():
        key = f"{KEY}.{shown(name)}"
        if name == "lr":
            raise ConfigError(f"{key}: the step size is optimizer.lr: write optimizer.lr={value}")
        if name not in choice.takes:
            close = nearest(name, choice.takes)
            raise ConfigError(
                f"{key}: torch.optim.{choice.name} has no such option{close or '.'} "
                f"There are: {', '.join(choice.takes)}"
            )
        if kind := wrong_kind(value, choice.takes[name]):
            raise ConfigError(f"{key}={value}: must be {kind}")


def wrong_kind(value: Option, default: Option) -> str | None:
    """What a value must be, judged by the option's default; None where it is that.

    Torch itself judges options whose default is None, and whether a number is in bounds.
    """
    match default:
        case bool():
            return None if isinstance(value, bool) else "true or false"
        case int():
            fits = isinstance(value, int) and not isinstance(value, bool)
            return None if fits else "a whole number"
        case float():
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            return None if fits else "a number"
        case list():
            fits = isinstance(value, list) and len(value) == len(default)
            return None if fits else f"a list of {len(default)} numbers, such as {default}"
        case _:
            return None
