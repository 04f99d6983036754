"""Lists where a run takes one value: `optimizer.lr=[0.01,0.1]` asks for two runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from ..system.errors import ConfigError
from .fields import LARGEST
from .values import leaves, list_keys, whole, written

SWEPT_PARTS = ("problem", "model", "optimizer", "steps", "seed", "dtype", "device", "threads")
"""The parts of a configuration that lists may sweep."""

LIST_KEYS = list_keys()
"""Keys whose one value is a list; a list of lists sweeps them."""

LARGEST_EXPONENT = 300
MOST_POINTS = 100_000
MOST_RUNS = 100_000
"""Of one sweep: each has a directory of its own."""

EXAMPLES = {"logspace": "${logspace:-4,0,9}", "linspace": "${linspace:0.1,1,10}"}

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
    refuse_many(next(iter(lengths.values()), 1) if paired else math.prod(lengths.values()))
    combined = zip(*lists.values(), strict=True) if paired else itertools.product(*lists.values())
    return [dict(zip(lists, values, strict=True)) for values in combined]


def refuse_many(runs: float) -> None:
    """See that a sweep has no more runs than can be made.

    Raises:
        ConfigError: it has.
    """
    if runs > MOST_RUNS:
        raise ConfigError(f"a sweep has at most {MOST_RUNS:,} runs; these are {runs:,.6g}")


def logspace(*numbers: Any) -> list[float]:
    """n numbers from 10ᵃ to 10ᵇ, equally far apart on a log axis.

    Args:
        numbers: a, b and n.

    Raises:
        ConfigError: they are no such numbers, or 10ᵃ or 10ᵇ is none.
    """
    a, b, n = spaced("logspace", numbers)
    if max(abs(a), abs(b)) > LARGEST_EXPONENT:
        raise ConfigError(
            f"${{logspace:{a:g},{b:g},{n}}}: the ends are exponents of 10, at most "
            f"{LARGEST_EXPONENT}; for 0.01 to 1 write ${{logspace:-2,0,{n}}}"
        )
    return [10**exponent for exponent in evenly(a, b, n)]


def linspace(*numbers: Any) -> list[float]:
    """n numbers from a to b, equally far apart, both ends exact.

    Args:
        numbers: a, b and n.

    Raises:
        ConfigError: they are no such numbers.
    """
    return evenly(*spaced("linspace", numbers))


def evenly(a: float, b: float, n: int) -> list[float]:
    """n evenly spaced numbers from a to b, both included."""
    if n == 1:
        return [a]
    return [(a * (n - 1 - i) + b * i) / (n - 1) for i in range(n)]


def spaced(name: str, numbers: Sequence[Any]) -> tuple[float, float, int]:
    """The two ends and the number of points of a list of numbers.

    Raises:
        ConfigError: they are not two finite numbers and a whole one.
    """
    typed = f"${{{name}:{','.join(map(written, numbers))}}}"
    good = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != 3 or len(good) != 3 or not all(abs(n) <= LARGEST for n in good[:2]):
        raise ConfigError(f"{typed}: takes two numbers and how many points, like {EXAMPLES[name]}")
    n = whole(numbers[2])
    if not isinstance(n, int) or not 1 <= n <= MOST_POINTS:
        raise ConfigError(
            f"{typed}: the number of points is a whole number from 1 to {MOST_POINTS}, "
            f"not {numbers[2]}"
        )
    return float(numbers[0]), float(numbers[1]), n
