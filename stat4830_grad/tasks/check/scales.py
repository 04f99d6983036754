"""Sizes that a gradient may be off by: n, 1/n, the number of features, and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A size that a gradient may be off by: its name and its value at each point."""

    name: str  # "" is 1
    values: tuple[float, ...]


def scales(sizes: Sequence[Mapping[str, int]]) -> list[Scale]:
    """1, each size, its inverse, its square and the inverse of that."""
    found = [Scale("", (1.0,) * len(sizes))]
    for power, text in ((1, "{}"), (-1, "1/{}"), (-2, "1/{}²"), (2, "{}²")):
        for name in sizes[0] if sizes else ():
            values = tuple(float(at[name]) ** power for at in sizes)
            found.append(Scale(text.format(name), values))
    return found
