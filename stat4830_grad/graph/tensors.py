"""The trace of a tensor whose graph is there already, made by code that is none of ours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from ..core import Params
from .assembly import assemble, differentiable, one_number
from .formulas import constant
from .nodes import GradFn, ancestors
from .recorder import Values, saved
from .summary import summarise
from .trace import Trace

OPERANDS = {"self": 0, "other": 1, "exponent": 1, "mat2": 1, "vec": 1}
"""What a node keeps for its derivative, by torch's name for it -> the input it was."""

OPERANDS_OF = {
    "AddmmBackward0": {"mat1": 1, "mat2": 2},
    "AddmvBackward0": {"mat": 1, "vec": 2},
    "BaddbmmBackward0": {"batch1": 1, "batch2": 2},
}
"""The same where the inputs stand in another order, by the node's name."""

RESULTS = ("result", "output")


def trace_tensor(
    root: Tensor, names: Mapping[str, Tensor], *, keep: int = 6, fold: bool = False
) -> Trace:
    """Tells what reverse mode does on the graph behind `root`, which stays as it is.

    Values between the leaves and `root` are known where a node of the graph keeps them.

    Args:
        root: one number.
        names: leaves by name; others are called x1, x2, …, or x if there is only one.
        keep: tensors of at most so many entries are kept as numbers.
        fold: whether operations that only move entries become part of the edges.

    Raises:
        ValueError: `root` is no single number or has no graph, or a named tensor is no leaf.
    """
    one_number(root)
    differentiable(root, 1)
    for name, tensor in names.items():
        if not tensor.is_leaf or not tensor.requires_grad:
            raise ValueError(f"{name} is no leaf of a graph: it does not ask for a gradient")
    nodes = ancestors([root.grad_fn])
    values = Values(keep, partial(constant, known={}))
    for node in nodes:
        note_saved(values, node)
    with torch.enable_grad():
        return assemble(root, named(nodes, root, names), values, 1, fold)


def named(nodes: list[GradFn], root: Tensor, names: Mapping[str, Tensor]) -> Params:
    """Every leaf of the graph by its name, the named ones first."""
    known = {id(tensor) for tensor in names.values()}
    found = [node.variable for node in reversed(nodes) if hasattr(node, "variable")]
    others = [leaf for leaf in found if id(leaf) not in known]
    called = ["x"] if len(others) == 1 and "x" not in names else numbered(len(others), names)
    return {**names, **dict(zip(called, others, strict=True))}


def numbered(count: int, taken: Mapping[str, Tensor]) -> list[str]:
    """x1, x2, … without those that are taken."""
    free = (f"x{n}" for n in range(1, count + len(taken) + 1))
    return [name for name in free if name not in taken][:count]


def note_saved(values: Values, node: GradFn) -> None:
    """Take the values that `node` keeps for its derivative: of its inputs, and of its output."""
    places = OPERANDS_OF.get(node.name(), OPERANDS)
    kept = {
        slot: value for name, slot in places.items() if (value := saved(node, name)) is not None
    }
    for slot, (target, output) in enumerate(node.next_functions):
        if target is not None and isinstance(kept.get(slot), Tensor):
            values.seen.setdefault((target, output), summarise(kept[slot], values.keep))
    for name in RESULTS:
        if isinstance(result := saved(node, name), Tensor):
            values.seen.setdefault((node, 0), summarise(result, values.keep))
    if kept:
        last = max(len(node.next_functions) - 1, *kept)
        values.arguments[node] = [values.describe(kept.get(slot)) for slot in range(last + 1)]
        values.constants[node] = [values.constant(kept.get(slot)) for slot in range(last + 1)]
