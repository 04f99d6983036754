"""One override of the command line, as Hydra reads it."""

from __future__ import annotations

from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, QuotedString
from hydra.errors import HydraException

from .keys import GROUPS
from .values import written


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


def first(override: Override) -> Any:
    """Its value, or the first of several."""
    values = several(override)
    return written(values[0] if values else override.value())
