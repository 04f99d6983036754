"""Lists where a run takes one value: `optimizer.lr=[0.01,0.1]` asks for two runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ConfigError

SWEPT_PARTS = ("problem", "model", "optimizer", "steps", "seed", "dtype", "device")
"""The parts of a configuration that lists may sweep."""

LIST_KEYS = {"problem.coefficients", "problem.w_star", "problem.w0", "model.hidden"}
"""Keys whose one value is a list; a list of lists sweeps them."""

Assignment = dict[str, Any]
"""Swept key -> the value one job has for it."""


def swept_lists(raw: dict[str, Any], order: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Every key of `raw` that holds several values, those named in `order` first.

    Raises:
        ConfigError: a list is empty.
    """
    found = {}
    for key, value in leaves({part: raw[part] for part in SWEPT_PARTS if part in raw}):
        nested = isinstance(value, list) and any(isinstance(v, list) for v in value)
        if nested or (isinstance(value, list) and key not in LIST_KEYS):
            if not value:
                raise ConfigError(f"{key}=[]: an empty list sweeps nothing")
            found[key] = value
    return {key: found[key] for key in (*order, *found) if key in found}


def assignments(lists: dict[str, list[Any]], *, paired: bool) -> list[Assignment]:
    """What each job assigns: a grid with the last list fastest, or the lists side by side.

    Raises:
        ConfigError: lists to be paired differ in length.
    """
    lengths = {key: len(values) for key, values in lists.items()}
    if paired and len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} has {n}" for key, n in lengths.items())
        raise ConfigError(f"sweep.zip=true pairs lists of one length: {said}")
    combined = zip(*lists.values(), strict=True) if paired else itertools.product(*lists.values())
    return [dict(zip(lists, values, strict=True)) for values in combined]


def leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything in nested dicts that is not itself a dict."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def logspace(a: float, b: float, n: int) -> list[float]:
    """n numbers from 10ᵃ to 10ᵇ, equally far apart on a log axis."""
    return [10**exponent for exponent in linspace(a, b, n)]


def linspace(a: float, b: float, n: int) -> list[float]:
    """n numbers from a to b, equally far apart, both ends exact.

    Raises:
        ConfigError: n is not a whole number above 0.
    """
    if not isinstance(n, int) or n < 1:
        raise ConfigError(f"linspace and logspace take a number of points above 0, not {n!r}")
    if n == 1:
        return [float(a)]
    return [(a * (n - 1 - i) + b * i) / (n - 1) for i in range(n)]
