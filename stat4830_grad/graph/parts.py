"""What reverse mode did, in the order in which it did it: plain data, to be printed or drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .program import Program
from .summary import Summary, finite


@dataclass(frozen=True)
class Edge:
    """From an operation to one of its inputs, against the direction of the computation."""

    target: str  # name of a node or of a leaf
    output: int  # which output of the target was the input
    slot: int  # position among the operation's inputs
    formula: str | None  # ∂out/∂input in symbols, e.g. 3x²
    numbers: str | None  # the same with numbers put in, e.g. 3·1²
    jacobian: tuple[int, int]  # shape of the total derivative: entries of out × entries of input
    local: Summary | None  # its value, when out is one number
    contribution: Summary | None  # what was passed on: (∂f/∂out)(∂out/∂input)
    through: tuple[str, ...] = ()  # operations folded into the edge, from `out` towards the input
    permuted: bool = False  # whether they change the order of entries


@dataclass(frozen=True)
class Node:
    """One operation of the graph. `outputs` and `incoming` have one entry per output."""

    name: str  # z₁, z₂, …; the last is the function itself
    operation: str  # power, multiply, add, …
    torch_name: str  # PowBackward0, …
    expression: str  # x³
    outputs: tuple[Summary, ...]
    incoming: tuple[Summary | None, ...]  # ∂f/∂out, all consumers added up
    edges: tuple[Edge, ...]
    line: int | None = None  # of the user's file that it stands in


@dataclass(frozen=True)
class Contribution:
    """One term of a leaf's gradient; `source` is a node's name, or "seed"."""

    source: str
    slot: int
    value: Summary


@dataclass(frozen=True)
class Leaf:
    """A parameter, and where its gradient came from."""

    name: str
    value: Summary
    contributions: tuple[Contribution, ...]  # in order of arrival
    gradient: Summary  # as torch.autograd.grad returns it
    difference: float  # largest entry of |sum of contributions − gradient|


@dataclass(frozen=True)
class TraceData:
    """`nodes` stand in the order in which the engine ran them, a reverse topological order."""

    function: str  # how the function is written: f, f′ or Σ∇f
    meaning: str  # the same in words
    order: int
    value: Summary
    nodes: tuple[Node, ...]
    leaves: tuple[Leaf, ...]
    program: Program = field(default=Program(()), compare=False, repr=False)
    """How its page computes the two passes anew."""

    def to_dict(self) -> dict[str, Any]:
        """JSON of schema 1. Numbers that are not finite are the texts inf, -inf and nan::

            {schema, function, meaning, order, value,
             nodes: [{step, name, operation, torch, expression, line, outputs, incoming,
                      edges: [{target, output, slot, derivative, numbers, jacobian, local,
                               contribution, through}]}],
             leaves: [{name, value, contributions: [{source, slot, value}], gradient, difference}]}

        where `line` is there if the operation stands in a file of the user's, every tensor is
        {shape, dtype, values, norm} or null, steps count from 1, and the seed ∂f/∂f = 1 is step 0.
        """
        return {
            "schema": 1,
            "function": self.function,
            "meaning": self.meaning,
            "order": self.order,
            "value": self.value.to_dict(),
            "nodes": [node_dict(step, node) for step, node in enumerate(self.nodes, start=1)],
            "leaves": [leaf_dict(leaf) for leaf in self.leaves],
        }


def node_dict(step: int, node: Node) -> dict[str, Any]:
    """An operation as in trace.json, `step` being its place in torch's order."""
    return {
        "step": step,
        "name": node.name,
        "operation": node.operation,
        "torch": node.torch_name,
        "expression": node.expression,
        **({} if node.line is None else {"line": node.line}),
        "outputs": [output.to_dict() for output in node.outputs],
        "incoming": [optional(incoming) for incoming in node.incoming],
        "edges": [edge_dict(edge) for edge in node.edges],
    }


def edge_dict(edge: Edge) -> dict[str, Any]:
    """An edge as in trace.json."""
    return {
        "target": edge.target,
        "output": edge.output,
        "slot": edge.slot,
        "derivative": edge.formula,
        "numbers": edge.numbers,
        "jacobian": list(edge.jacobian),
        "local": optional(edge.local),
        "contribution": optional(edge.contribution),
        "through": list(edge.through),
    }


def leaf_dict(leaf: Leaf) -> dict[str, Any]:
    """A parameter as in trace.json."""
    return {
        "name": leaf.name,
        "value": leaf.value.to_dict(),
        "contributions": [
            {"source": c.source, "slot": c.slot, "value": c.value.to_dict()}
            for c in leaf.contributions
        ],
        "gradient": leaf.gradient.to_dict(),
        "difference": finite(leaf.difference),
    }


def optional(summary: Summary | None) -> dict[str, Any] | None:
    """A summary as in trace.json, null for none."""
    return None if summary is None else summary.to_dict()
