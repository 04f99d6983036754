"""Hydra's errors in the user's words: which key or option was meant, and what there is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from hydra.errors import (
    ConfigCompositionException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .errors import ConfigError
from .help import conf_dir


def explain(error: Exception) -> ConfigError | None:
    """A `ConfigError` that says what to do, or None for an error that is not about the config."""
    text = str(error)
    if isinstance(error, MissingConfigException):
        if found := re.search(r"Could not find '(.+)/(.+?)'", text):
            return ConfigError(unknown_option(found[1], found[2], text))
        return ConfigError(text.splitlines()[0])
    if isinstance(error, OverrideParseException):
        return ConfigError(f"{error.override!r} cannot be read as key=value")
    if isinstance(error, ConfigCompositionException):
        if found := re.match(r"Could not (?:override|delete from config)[^']*'([^']+)'", text):
            return ConfigError(unknown_key(found[1]))
        if found := re.match(r"Ambiguous value for argument '([^=]+)=(.+)'", text):
            return ConfigError(
                f"{found[1]}={found[2]}: add -m to run each value, "
                f"or write {found[1]}=[{found[2]}] for a list"
            )
        return ConfigError(text.splitlines()[0])
    if isinstance(error, OmegaConfBaseException):
        return ConfigError(text.splitlines()[0])
    return None


def unknown_option(group: str, option: str, text: str) -> str:
    """Names what `group` offers, as Hydra's message `text` lists it."""
    offered = [line.strip() for line in text.splitlines() if line.startswith("\t")]
    offered = [name for name in offered if "provider=" not in name]
    hint = nearest(option, offered)
    return f"{group}={option}: no such {group}{hint} There are: {', '.join(offered)}"


def unknown_key(key: str) -> str:
    """Names the nearest key, or the options that the key belongs to."""
    owners: dict[str, list[str]] = {}
    for known, owner in known_keys():
        owners.setdefault(known, []).append(owner)
    if key in owners:
        return f"{key} belongs to {', '.join(filter(None, owners[key]))}, which this run has not"
    return f"there is no key {key}{nearest(key, owners)} (--help lists them all)"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where something close is known."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else "."


def known_keys() -> Iterator[tuple[str, str]]:
    """Every key of every file in conf/, with the option it belongs to ("" for all)."""
    for path in sorted(conf_dir().rglob("*.yaml")):
        group = path.parent.relative_to(conf_dir()).as_posix()
        owner = "" if group == "." else f"{group}={path.stem}"
        if owner:
            yield group, ""
        everywhere = group == "." or "@package _global_" in path.read_text("utf-8")
        for key in leaves(OmegaConf.to_container(OmegaConf.load(path))):
            if not key.startswith(("defaults", "hydra")):
                yield (key if everywhere else f"{group}.{key}"), owner


def leaves(tree: Any, prefix: str = "") -> Iterator[str]:
    """Dotted paths of everything in nested dicts that is not itself a dict."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
