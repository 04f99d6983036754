"""One override of the command line, as Hydra reads it."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from .keys import GROUPS
from .values import written

DEEPEST = 32
"""Brackets within brackets, which Python's stack has room for many times; a value takes three."""


@cache
def parse(word: str) -> Override | None:
    """`word` as Hydra reads it, or None where it cannot be read."""
    try:
        override: Override = OverridesParser.create().parse_rule(word, "override")
    except HydraException:
        return None
    return override


def chooses(override: Override) -> bool:
    """Whether it chooses an option of a group of ours."""
    return override.key_or_group in GROUPS


def several(override: Override) -> list[Any] | None:
    """The values of `key=a,b` or `key=[a,b]`; None for one value and for what Hydra computes."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return [one.text if isinstance(one, QuotedString) else one for one in value.list]
    return value if isinstance(value, list) else None


def count(override: Override) -> float:
    """How many values it sweeps over, as far as that is known before Hydra computes them."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return len(value.list)
    if not isinstance(value, RangeSweep) or value.start is None or value.stop is None:
        return 1
    try:
        return max(0, math.ceil((value.stop - value.start) / value.step))
    except (ValueError, OverflowError, ZeroDivisionError):  # it has no end
        return math.inf


def depth(word: str) -> int:
    """How many brackets are open at once at most, but for those within quotes."""
    deepest = now = 0
    for text in re.split(r"""'[^']*'|"[^"]*\"""", word):
        for bracket in re.findall(r"[\[{(\]})]", text):
            now += 1 if bracket in "[{(" else -1
            deepest = max(deepest, now)
    return deepest


def first(override: Override) -> Any:
    """Its value, or the first of several."""
    values = several(override)
    return written(values[0] if values else override.value())
