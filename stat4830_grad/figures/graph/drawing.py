"""What a picture of a trace says: boxes, links and their words, before any of it has a place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ...graph import Edge, Leaf, Node, Trace
from ...graph.text import partial, row, summation
from ...system.wording import subscripted

# Okabe and Ito's palette, safe for colour-blind eyes; dashes tell the directions apart in grey.
FORWARD, BACKWARD, INK, SOFT = "#0072B2", "#D55E00", "#1A1A1A", "#6B6B6B"
MOST_NODES, ENDS = 60, 12  # larger graphs show the first and last 12 operations
MOST_LEAVES = 16


@dataclass(frozen=True)
class Words:
    """One line of text in a box or beside an edge."""

    text: str
    color: str = INK
    size: float = 9.0
    weight: str = "normal"


@dataclass(frozen=True)
class Box:
    """An operation, a leaf or what stands for many, as lines of text."""

    kind: str
    words: list[Words]


@dataclass(frozen=True)
class Drawing:
    """Boxes, the links (from, to) between them, and what is written on each link."""

    boxes: list[Box]
    links: list[tuple[int, int]]
    labels: list[list[Words]]
    note: str


def title(trace: Trace) -> str:
    """What the graph is the graph of."""
    if trace.order == 1:
        return f"The graph of {trace.function} and what reverse mode passes along it"
    return f"{trace.function}: {trace.meaning}"


def drawn(trace: Trace) -> Drawing:
    """What to draw: all operations, or the first and the last ones and one box for the rest."""
    nodes, rest = list(trace.nodes), range(0)
    if len(nodes) > MOST_NODES:
        rest = range(ENDS, len(nodes) - ENDS)
    reached = [leaf for leaf in trace.leaves if leaf.contributions]
    boxes, index = [], {}
    for step, node in enumerate(nodes):
        if step not in rest:
            boxes.append(Box("operation", node_words(node, trace)))
        elif step == rest.start:
            boxes.append(Box("rest", rest_words(nodes[rest.start : rest.stop])))
        index[node.name] = len(boxes) - 1
    for position, leaf in enumerate(reached):
        if position < MOST_LEAVES:
            boxes.append(Box("leaf", leaf_words(leaf, trace.function)))
        elif position == MOST_LEAVES:
            more = Words(f"{len(reached) - MOST_LEAVES} more leaves", weight="bold")
            boxes.append(Box("rest", [more]))
        index[leaf.name] = len(boxes) - 1
    grouped: dict[tuple[int, int], list[tuple[Node, Edge]]] = {}
    for node in nodes:
        for edge in node.edges:
            ends = index[node.name], index[edge.target]
            if ends[0] != ends[1]:
                grouped.setdefault(ends, []).append((node, edge))
    notes = []
    if rest:
        notes.append(f"Condensed: {len(rest):,} of {len(nodes):,} operations are in one box.")
    if missing := [leaf.name for leaf in trace.leaves if not leaf.contributions]:
        notes.append(f"Not reached: {', '.join(missing)}.")
    labels = [link_words(edges) for edges in grouped.values()]
    return Drawing(boxes, list(grouped), labels, " ".join(notes))


def node_words(node: Node, trace: Trace) -> list[Words]:
    """An operation: its expression, its value, the gradient that arrives."""
    value = ", ".join(output.text() for output in node.outputs)
    arrived = ", ".join("nothing" if g is None else row(g) for g in node.incoming)
    return [
        Words(f"{node.name} = {node.expression}", size=10, weight="bold"),
        Words(f"{node.operation}: {value}"),
        Words(f"{partial(trace.function, node.name)} = {arrived}", BACKWARD),
    ]


def rest_words(nodes: list[Node]) -> list[Words]:
    """The box that stands for the operations that are not drawn, with the four most frequent."""
    counts = Counter(node.operation for node in nodes).most_common(4)
    most = ", ".join(f"{operation} ×{count:,}" for operation, count in counts)
    return [Words(f"⋮ {len(nodes):,} operations", size=10, weight="bold"), Words(most, SOFT)]


def leaf_words(leaf: Leaf, function: str) -> list[Words]:
    """A parameter: its value, and its gradient as the sum of what arrived."""
    terms = summation([c.value for c in leaf.contributions])
    gradient = f"{partial(function, leaf.name)} = {terms}{row(leaf.gradient)}"
    return [
        Words(f"{subscripted(leaf.name)} = {leaf.value.text()}", size=10, weight="bold"),
        Words(gradient, BACKWARD),
    ]


def link_words(edges: list[tuple[Node, Edge]]) -> list[Words]:
    """The local derivative, and what is passed; for lines drawn as one, how many they are."""
    if len(edges) > 2:
        return [Words(f"{len(edges):,} edges", SOFT, 8)]
    formulas = [edge.formula for _, edge in edges if edge.formula is not None]
    edge = edges[0][1]
    text = " + ".join(formulas)
    if edge.jacobian != (1, 1):
        text = f"{text} ({edge.jacobian[0]}×{edge.jacobian[1]})".strip()
    elif len(edges) == 1 and edge.local is not None and edge.local.text() != text:
        text = f"{text} = {edge.local.text()}" if text else edge.local.text()
    rows = [row(e.contribution) for _, e in edges if e.contribution is not None]
    passed = f"{rows[0]}, twice" if len(rows) == 2 and rows[0] == rows[1] else " + ".join(rows)
    return [Words(text, size=8.5)] * bool(text) + [Words(f"passes {passed}", BACKWARD, 8.5)]
