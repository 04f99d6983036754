"""From what a person types to what Hydra reads: flags anywhere, several values as a sweep.

What can be read in one way only is put as Hydra wants it; anything else ends in one message that
says what to type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.types import Override, Sweep

from ..system.errors import ConfigError
from ..system.wording import shown
from . import formulas, paths, torch_options
from .commands import assigned
from .flags import MODES, split_flags
from .keys import GROUPS, options
from .lists import refuse_many
from .messages import unknown_option
from .overrides import DEEPEST, chooses, count, depth, parse, several
from .stray import bare, unreadable
from .torch_classes import CLASSES
from .values import list_keys, written

NULLABLE = ("experiment", "model")
"""Groups of which nothing may be chosen."""


def arrange(words: Sequence[str]) -> list[str]:
    """The arguments of a command, flags first, as Hydra takes them.

    Raises:
        ConfigError: a word cannot be understood; the message says what to type.
    """
    flags, rest, own_conf = split_flags(words)
    rest = [formulas.quoted(word) for word in rest]
    read = [readable(rest, at, own_conf=own_conf) for at in range(len(rest))]
    overrides = torch_options.completed([formulas.with_new_key(word, rest) for word in read])
    parsed = [one for word in overrides if (one := parse(word)) is not None]
    sweeps = [one for one in parsed if one.is_sweep_override()]
    refuse_many(math.prod(map(count, sweeps)))
    if not sweeps or {"-m", "--multirun"} & set(flags):
        return [*flags, *overrides]
    if modes := [flag for flag in flags if flag.partition("=")[0] in MODES]:
        raise ConfigError(f"{sweeps[0].input_line}: several values, but {modes[0]} takes one run")
    chosen = any(one.key_or_group == "hydra.mode" for one in parsed)
    return [*flags, *([] if chosen else ["-m"]), *overrides]


def readable(words: Sequence[str], at: int, *, own_conf: bool) -> str:
    """The override at a place in the command, as Hydra reads it."""
    word = words[at]
    if (deep := depth(word)) > DEEPEST:
        raise ConfigError(f"{shown(word)}: {deep} brackets within each other are too many to read")
    if "=" not in word.lstrip("="):
        raise ConfigError(bare(words, at))
    word = paths.expanded(word)
    override = parse(word)
    if override is None or paths.misread(override.key_or_group, override.value()):
        word = paths.quoted(word)
        override = parse(word)
    if override is None:
        raise ConfigError(unreadable(words, at))
    if override.key_or_group.startswith("hydra"):
        check_hydra(override, word)
        return word
    if override.is_delete():
        raise ConfigError(f"{word}: nothing can be left out; model=null takes no model")
    word = word.lstrip("+")  # every key is there already
    if override.package is not None:
        group, value = override.key_or_group, word.partition("=")[2]
        raise ConfigError(f"{shown(word)}: no @ here; write {group}={shown(value)}")
    if chooses(override):
        return choice(override, word, own_conf=own_conf)
    check_value(override, word, words)
    return word


def choice(override: Override, word: str, *, own_conf: bool) -> str:
    """The choice of an option; a list of options is written as a sweep.

    Args:
        own_conf: whether the user has a directory of options besides ours.
    """
    group, typed = override.key_or_group, word.partition("=")[2]
    values = several(override)
    if values is None and override.is_sweep_override():
        return word  # glob(*), as Hydra resolves it
    names = [override.value()] if values is None else values
    offered = options(group)
    for name in names or [""]:
        known = name in offered if isinstance(name, str) else name is None and group in NULLABLE
        if not known and not (own_conf and isinstance(name, str)):
            said = name if isinstance(name, str) else written(name)
            raise ConfigError(unknown_option(group, said, offered, typed))
    is_list = isinstance(override.value(), list)
    return f"{group}={','.join(written(name) for name in names)}" if is_list else word


def check_value(override: Override, word: str, words: Sequence[str]) -> None:
    """Several values where one value is a list, and names of options where they are not meant."""
    key, typed = override.key_or_group, word.partition("=")[2]
    group, _, last = key.partition(".")
    if key == "optimizer.name" and torch_options.is_chosen(words):
        return
    if group in GROUPS and last == "name":
        if group == "optimizer" and typed in CLASSES:
            raise ConfigError(f"{word}: write optimizer=torch {word}")
        raise ConfigError(f"{shown(word)}: write {group}={shown(typed)}")
    values, simple = several(override), not isinstance(override.value(), list)
    if key in ("resume", "sweep.resume") and values is not None:
        raise ConfigError(f"{shown(word)}: one directory at a time; write {key}=DIR")
    if not simple or values is None or any(isinstance(one, list) for one in values):
        return
    together = f"{key}=[{typed}]"
    if key == "runs":
        raise ConfigError(f"{shown(word)}: write {together}")
    if key in list_keys():
        each = ",".join(f"[{written(one)}]" for one in values)
        raise ConfigError(
            f"{shown(word)}: write {together} for one list, or {key}=[{each}] for a run of each"
        )


def check_hydra(override: Override, word: str) -> None:
    """Values of Hydra's own keys that it would take and stumble over later."""
    key: str = override.key_or_group
    value: Any = None if override.is_delete() else override.value()
    if key == "hydra" or key.startswith("hydra.callbacks"):
        raise ConfigError(f"{shown(word)}: this key of Hydra's is not for users")
    if key in ("hydra.run.dir", "hydra.sweep.dir") and not (isinstance(value, str) and value):
        typed = word.partition("=")[2]
        raise ConfigError(
            f"{shown(word)}: write {assigned(key, typed)}, with its quotes, for one directory"
            if typed.strip() and several(override)
            else f"{shown(word)}: write {key}=DIR, the directory to make"
        )
    if key.startswith("hydra/") and not isinstance(value, str) and not isinstance(value, Sweep):
        raise ConfigError(f"{shown(word)}: write {key}=NAME (--hydra-help lists the names)")
    if key == "hydra.job.chdir" and value is not False and value is not None:
        raise ConfigError(
            f"{shown(word)}: a run stays in the directory it is called from, so that "
            "the paths of its files hold; leave it out"
        )
