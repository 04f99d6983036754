"""What goes wrong with gradients in practice: each pitfall as code that runs, wrong and right."""

from __future__ import annotations

from ...system.errors import ConfigError
from ...system.wording import nearest
from .accumulation import ACCUMULATION
from .branches import BRANCHES
from .in_place import IN_PLACE
from .lesson import Outcome, Pitfall, Result, run
from .memory import MEMORY
from .missing import CUT_GRAPH, NOT_LEAF
from .precision import DIFFERENCES, DTYPES
from .twice import TWICE
from .two_ways import SECOND_DERIVATIVE, TWO_WAYS

__all__ = ["PITFALLS", "Outcome", "Pitfall", "Result", "choose", "run"]

PITFALLS: dict[str, Pitfall] = {
    pitfall.name: pitfall
    for pitfall in (
        TWO_WAYS,
        SECOND_DERIVATIVE,
        IN_PLACE,
        MEMORY,
        ACCUMULATION,
        TWICE,
        NOT_LEAF,
        CUT_GRAPH,
        BRANCHES,
        DTYPES,
        DIFFERENCES,
    )
}
"""In the lecture's order, then what learners ask about most."""


def choose(name: str) -> list[Pitfall]:
    """The pitfall called `name`, or all of them.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == "all":
        return list(PITFALLS.values())
    if name not in PITFALLS:
        names = ["all", *PITFALLS]
        raise ConfigError(f"pitfall={name}: choose one of {', '.join(names)}{nearest(name, names)}")
    return [PITFALLS[name]]
