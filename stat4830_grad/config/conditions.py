"""`list.where`: which past runs are meant, by keys of their configuration and by how they ended.

Imports no torch.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from omegaconf import OmegaConf

from ..system.errors import ConfigError
from ..system.wording import nearest, shown
from .help import conf_dir
from .values import written

KEY = "list.where"
EXAMPLE = "'list.where=problem=mnist,val_accuracy>0.9'"
GROUPS = ("problem", "model", "optimizer", "gradient")
"""Parts of a configuration that a condition may name for short: problem stands for problem.name."""

ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """One comparison; a run that has not the key does not fulfil it."""

    key: str
    sign: str  # =, != or a key of `ORDER`
    value: str

    def holds(self, found: Any) -> bool:
        """Whether a run with this value of the key is meant."""
        if self.sign in ORDER:
            numbers = number(found), number(self.value)
            known = [one for one in numbers if one is not None]
            return len(known) == 2 and ORDER[self.sign](*known)
        return same(found, self.value) == (self.sign == "=")


def same(found: Any, value: str) -> bool:
    """Whether a value is the one typed: numbers as numbers, texts also by the pattern `*`."""
    numbers = number(found), number(value)
    if None not in numbers:
        return numbers[0] == numbers[1]
    text = found if isinstance(found, str) else written(found)
    return fnmatchcase(text, value) or text == value


def number(value: Any) -> float | None:
    """`value` as a number, if it is one or is written like one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def conditions(text: str | None) -> list[Condition]:
    """The conditions in a text, parted by commas outside of brackets.

    Raises:
        ConfigError: one of them is none.
    """
    return [condition(part) for part in re.split(r",(?![^\[]*\])", text)] if text else []


def condition(text: str) -> Condition:
    """One comparison, as it is typed."""
    found = re.fullmatch(r"\s*([\w.]+)\s*(!=|<=|>=|=|<|>)=?\s*(.*?)\s*", text)
    if found is None:
        raise ConfigError(f"{KEY}: {shown(text.strip())} is no condition; write {EXAMPLE}")
    key, sign, value = found.groups()
    if sign in ORDER and number(value) is None:
        raise ConfigError(f"{KEY}: {key}{sign}{shown(value)} compares with no number")
    if key in GROUPS:
        return Condition(f"{key}.name", sign, full_name(key, value))
    return Condition(key, sign, value)


def full_name(group: str, option: str) -> str:
    """The name under which a run records an option, which may have a shorter one."""
    file = conf_dir() / group / f"{option}.yaml"
    if "/" in option or not file.is_file():
        return option
    tree = OmegaConf.to_container(OmegaConf.load(file))
    others = tree.get("defaults") or [] if isinstance(tree, dict) else []
    return next((one for one in others if isinstance(one, str) and one != "_self_"), option)


def refuse_other_keys(overrides: Sequence[str]) -> None:
    """See that the command line of task=list sets nothing that the task does not read.

    Raises:
        ConfigError: it does; the message says how to list the runs with that value.
    """
    for override in overrides:
        key = override.lstrip("+").partition("=")[0]
        if key not in ("task", "debug") and not key.startswith(("list.", "hydra")):
            raise ConfigError(
                f"{shown(override)}: task=list trains nothing; to list the runs that had it, "
                f"write {KEY}={shown(override.lstrip('+'))}"
            )


def check_keys(asked: Iterable[Condition], known: Iterable[str]) -> None:
    """See that some run has each key.

    Raises:
        ConfigError: no run has one of them.
    """
    there = {*known, *GROUPS}
    for one in asked:
        if one.key not in there:
            raise ConfigError(f"{KEY}: no run has {one.key}{nearest(one.key, sorted(there))}")
