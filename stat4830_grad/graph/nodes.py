"""The nodes of an autograd graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

GradFn = Any  # torch.autograd.graph.Node; the C++ nodes and Python Functions share no base class


def ancestors(starts: Iterable[GradFn]) -> list[GradFn]:
    """Every node that `starts` reach, each once, found with a stack of its own."""
    found: dict[GradFn, bool] = {}
    stack = list(starts)
    while stack:
        grad_fn = stack.pop()
        if grad_fn is not None and grad_fn not in found:
            found[grad_fn] = True
            stack.extend(target for target, _ in grad_fn.next_functions)
    return list(found)


def graph_nodes(root: Tensor) -> int:
    """How many nodes are behind `root`, one per leaf among them; 0 if it has no graph."""
    return len(ancestors([root.grad_fn]))
