"""What a picture of several runs is called: the choices that all of them share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def shared_title(
    config: Mapping[str, Any], differing: Collection[str], runs: int, *, of: int | None = None
) -> str:
    """`least_squares · backward · gd lr=0.01 · 100 steps · 3 runs`, without what differs.

    Args:
        config: dotted key -> value of one of the runs.
        differing: keys (optimizer.lr) and groups (optimizer) whose values are not the same.
        of: how many runs there are, where the picture shows so many of them.
    """

    def same(key: str) -> bool:
        group = key.partition(".")[0]
        return config.get(key) is not None and not {key, group, f"{group}.name"} & set(differing)

    names = [f"{config[key]}" for key in CHOICES if same(key)]
    lr = config.get("optimizer.lr")
    if lr is not None and not {"optimizer.lr", "problem", "problem.name"} & set(differing):
        names.append(f"{names.pop()} lr={lr:g}" if same("optimizer.name") else f"lr={lr:g}")
    if same("steps") and not {"problem", "problem.name"} & set(differing):
        names.append(f"{config['steps']:,} steps")
    shown = f"{runs:,}" if of in (None, runs) else f"{runs:,} of {of:,}"
    return " · ".join([*names, f"{shown} runs"])


CHOICES = ("problem.name", "model.name", "gradient.name", "optimizer.name")
