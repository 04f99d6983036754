"""A configuration as the command line would compose it, from within Python. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from ..system.errors import ConfigError
from .arguments import arrange
from .checks import check_drawn
from .hydra_versions import compose_ours
from .load import parse, plain
from .messages import explain
from .schema import Config


def compose(*overrides: str) -> Config:
    """The checked configuration that `python -m stat4830_grad overrides…` would run.

    Raises:
        ConfigError: it cannot be run; the message says what to write instead.
    """
    words = readable(overrides)
    try:
        composed = compose_ours(words)
    except Exception as error:
        if found := explain(error, words):
            raise found from None
        raise
    raw = plain(composed)
    check_drawn(raw, words)
    return parse(raw)


def readable(overrides: Sequence[str]) -> list[str]:
    """The overrides as Hydra reads them.

    Raises:
        ConfigError: a word cannot be understood, or asks for several runs.
    """
    words = arrange(overrides)
    if flags := [word for word in words if word.startswith("-")]:
        raise ConfigError(f"{' '.join(overrides)}: {flags[0]} or several values; compose one run")
    return words
