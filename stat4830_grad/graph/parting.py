"""Where somebody's gradient and ours part: the first edge of the backward pass that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .parts import Leaf, TraceData
from .summary import Summary, summarise


@dataclass(frozen=True)
class Parting:
    """The edge, by its node's place in the trace and its own place there; the leaf it leads to."""

    node: int
    edge: int
    leaf: str
    theirs: Summary  # the whole gradient of the leaf, as somebody has it


def parting(trace: TraceData, theirs: dict[str, Tensor], wrong: list[str]) -> Parting | None:
    """The first edge into a leaf whose gradient is wrong that accounts for the mistake.

    Where several paths lead to the leaf, it is the path that was left out or has the wrong sign,
    if one of the two explains the difference; else the last one, after which the sums differ.

    Args:
        theirs: gradients by leaf, in the leaves' shapes or with as many entries.
        wrong: the leaves whose gradients are wrong.
    """
    found = []
    for leaf in trace.leaves:
        edges = edges_into(trace, leaf.name)
        if leaf.name in wrong and leaf.name in theirs and edges:
            node, edge = edges[mistaken(leaf, theirs[leaf.name])]
            found.append(Parting(node, edge, leaf.name, summarise(theirs[leaf.name], 6)))
    return min(found, key=lambda one: (one.node, one.edge), default=None)


def edges_into(trace: TraceData, leaf: str) -> list[tuple[int, int]]:
    """Every edge that passes something to the leaf, in the engine's order."""
    return [
        (i, k)
        for i, node in enumerate(trace.nodes)
        for k, edge in enumerate(node.edges)
        if edge.target == leaf and edge.contribution is not None
    ]


def mistaken(leaf: Leaf, theirs: Tensor) -> int:
    """Which of the leaf's contributions is left out or has the wrong sign; else the last one."""
    terms = [contribution.value.entries for contribution in leaf.contributions]
    last, ours = len(terms) - 1, leaf.gradient.entries
    if ours is None or theirs.numel() != ours.size:
        return last
    apart = theirs.detach().cpu().double().numpy().reshape(ours.shape) - ours
    for factor in (-1.0, -2.0):
        for k, term in enumerate(terms):
            if term is not None and np.any(term) and close(apart, factor * term):
                return k
    return last


def close(a: np.ndarray[tuple[int, ...], np.dtype[np.float64]], b: object) -> bool:
    """Equal to the digits that float32 has."""
    other = np.asarray(b, dtype=np.float64).reshape(a.shape)
    return bool(np.abs(a - other).max() <= 1e-4 * max(np.abs(other).max(), 1e-30))
