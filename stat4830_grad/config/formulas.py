"""A formula on the command line: its text, and the keys of its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..system.errors import ConfigError
from .keys import FREE
from .values import written

KEY = "problem.f"

LONGEST = 20_000
"""Most characters of all formulas of a sweep: Hydra takes long to read more."""


def quoted(word: str) -> str:
    """An override whose formulas are quoted; a comma outside of parentheses parts two of them.

    Raises:
        ConfigError: there is too much to read.
    """
    key, equals, value = word.partition("=")
    if key.lstrip("+") != KEY or not equals:
        return word
    if len(value) > LONGEST:
        raise ConfigError(f"{KEY} has {len(value):,} characters, more than are read")
    if re.match(r"\s*[\['\"]", value) or "${" in value:
        return word  # in Hydra's own syntax
    return f"{key}={','.join(map(written, separated(value)))}"


def separated(text: str) -> list[str]:
    """The parts of a text between commas outside of parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def with_new_key(override: str, words: Sequence[str]) -> str:
    """An override as Hydra takes it for parameters: their keys are such as conf/ cannot have.

    Args:
        words: the whole command; another problem has no such keys.
    """
    formula = any(re.match(r"problem=.*\bformula\b", word) for word in words)
    return f"++{override}" if formula and re.match(rf"{FREE}(\.|=\{{)", override) else override
