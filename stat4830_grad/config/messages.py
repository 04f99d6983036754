"""Hydra's errors in the user's words: which key or option was meant, and what there is."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from ..system.errors import ConfigError, UserError
from ..system.wording import nearest, shown
from .keys import run_keys, unknown_key
from .overrides import chooses, first, parse
from .torch_classes import CLASSES

NO_OPTION = {
    "help": "for help write --help",
    "list": "--help says what each one is",
    "?": "--help says what each one is",
    "none": "write null for none",
}


def explain(error: Exception, words: Sequence[str] = ()) -> UserError | None:
    """A `UserError` that says what to do, or None for an error that is not about the config.

    Args:
        words: the overrides on the command line.
    """
    if found := of_ours(error):
        return found
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        return ConfigError(unknown_option(group, option, error.options))
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    return ConfigError(wrong_key(words) or first_line(error))


def of_ours(error: BaseException | None) -> UserError | None:
    """The error of ours that a library has wrapped."""
    while error is not None and not isinstance(error, UserError):
        error = error.__cause__ or error.__context__
    return error


def first_line(error: BaseException) -> str:
    """What a library says in one line, with the key that it is about."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    said = line if line.isprintable() else repr(line)[1:-1]
    key = getattr(error, "full_key", None)
    return f"{key}: {said}" if key else said


def wrong_key(words: Sequence[str]) -> str | None:
    """What is said of the first key on the command line that the run has not."""
    parsed = [(one, word) for word in words if (one := parse(word)) is not None]
    choices = [f"{one.key_or_group}={first(one)}" for one, _ in parsed if chooses(one)]
    try:
        here = run_keys(choices)
    except HydraException:  # an option of the user's own, from --config-dir
        return None
    for one, word in parsed:
        key, value = one.key_or_group, word.partition("=")[2]
        if not chooses(one) and not key.startswith("hydra") and not has(here, key):
            return unknown_key(key, value, choices)
    return None


def has(keys: frozenset[str], key: str) -> bool:
    """Whether `key` is one of `keys` or a group of some."""
    return any(one == key or one.startswith(f"{key}.") for one in keys)


def unknown_option(group: str, option: str, offered: Sequence[str], typed: str = "") -> str:
    """Names what `group` offers.

    Args:
        typed: the value on the command line, where it is more than the option.
    """
    note = NO_OPTION.get(option.lower())
    if group == "optimizer" and option in CLASSES:
        note = f"write optimizer=torch optimizer.name={option}"
    if option.endswith(".py") and "file" in offered:
        note = f"write {group}=file {group}.path={option}"
    hint = f"; {note}" if note else nearest(option, offered)
    return (
        f"{group}={shown(typed or option)}: no such {group}{hint}"
        f"{'' if hint.endswith('?') else '.'} There are: {', '.join(offered)}"
    )
