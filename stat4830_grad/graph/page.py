"""The page of a trace: its data, and the page as one text."""

from __future__ import annotations

import base64
import html
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..pages import document
from .derivatives import DerivativeRule
from .parting import Parting
from .parts import Edge, Leaf, Node, TraceData
from .program import Instruction, Operand
from .reading import read
from .summary import Summary

BODY = "trace.html"
STYLES = ("trace.css",)
SCRIPTS = (
    *("tensors.js", "engine.js", "recording.js", "texts.js", "rewriting.js", "layout.js"),
    *("heatmap.js", "folding.js", "lines.js", "boxes.js", "graph.js", "rows.js", "steps.js"),
    *("editing.js", "predicting.js", "trace.js"),
)


@dataclass(frozen=True)
class Shown:
    """What a page says of a trace besides the trace itself."""

    title: str = "What backward() does"
    formula: str | None = None
    source: Path | None = None
    """The user's file that the trace's lines are of."""
    parting: Parting | None = None
    """Where a student's gradient and ours part,"""
    mistakes: tuple[str, ...] = ()
    """and what is wrong with it, in sentences."""


PLAIN = Shown()


@dataclass
class Numbers:
    """Arrays as base64, each text once."""

    pool: dict[str, int] = field(default_factory=dict)

    def of(self, value: Summary | float | None) -> Any:
        """A number; {s: shape, b: place in the pool, t: type}, {s, n: norm} or null."""
        if value is None or (isinstance(value, float) and math.isfinite(value)):
            return value
        summary = value if isinstance(value, Summary) else scalar(value)
        if summary.entries is None:
            norm = summary.norm
            known = norm is not None and math.isfinite(norm)
            return {"s": summary.shape, "n": norm if known else None}
        if summary.shape == () and math.isfinite(number := float(summary.entries)):
            return number
        packed = summary.entries.astype(summary.entries.dtype.newbyteorder("<")).tobytes()
        text = base64.b64encode(packed).decode("ascii")
        place = self.pool.setdefault(text, len(self.pool))
        return {"s": summary.shape, "b": place, "t": summary.entries.itemsize}


def scalar(value: float) -> Summary:
    """A number that is not finite, as a summary."""
    return Summary((), "float64", (value,), abs(value), np.array(value))


def page(trace: TraceData, shown: Shown = PLAIN) -> str:
    """The page as the text of one HTML file."""
    return document(shown.title, page_data(trace, shown), body=BODY, styles=STYLES, scripts=SCRIPTS)


def page_data(trace: TraceData, shown: Shown = PLAIN) -> dict[str, Any]:
    """Everything that the page's scripts read, ready for JSON."""
    numbers, rules = Numbers(), {}
    program = trace.program.instructions
    nodes = [node_data(node, numbers) for node in trace.nodes]
    for data, instruction in zip(nodes, program, strict=bool(program)):
        data["do"] = instruction_data(instruction, numbers)
        rules[rule_key(instruction.rule)] = rule_data(instruction.rule)
    return {
        "title": shown.title,
        "formula": shown.formula,
        "function": trace.function,
        "meaning": trace.meaning,
        "order": trace.order,
        "value": numbers.of(trace.value),
        "dtype": trace.value.dtype,
        "nodes": nodes,
        "leaves": [leaf_data(leaf, numbers) for leaf in trace.leaves],
        "rules": rules,
        "obstacle": trace.program.obstacle if not program else None,
        "source": source_data(shown.source),
        "parting": parting_data(shown, numbers),
        "pool": list(numbers.pool),
    }


def source_data(path: Path | None) -> dict[str, str] | None:
    """The file's name and text."""
    return None if path is None else {"name": path.name, "text": path.read_text("utf-8")}


def parting_data(shown: Shown, numbers: Numbers) -> dict[str, Any] | None:
    """Where the page stops, and what it says there."""
    at = shown.parting
    if at is None:
        return None
    return {
        "node": at.node,
        "edge": at.edge,
        "leaf": at.leaf,
        "theirs": numbers.of(at.theirs),
        "mistakes": shown.mistakes,
    }


def node_data(node: Node, numbers: Numbers) -> dict[str, Any]:
    """An operation, as the trace has it."""
    return {
        "name": node.name,
        "operation": node.operation,
        "torch": node.torch_name,
        "expression": node.expression,
        "line": node.line,
        "out": [numbers.of(output) for output in node.outputs],
        "arrived": [numbers.of(incoming) for incoming in node.incoming],
        "edges": [edge_data(edge, numbers) for edge in node.edges],
    }


def edge_data(edge: Edge, numbers: Numbers) -> dict[str, Any]:
    """An edge, as the trace has it."""
    return {
        "to": edge.target,
        "output": edge.output,
        "slot": edge.slot,
        "formula": edge.formula,
        "numbers": edge.numbers,
        "jacobian": edge.jacobian,
        "local": numbers.of(edge.local),
        "passed": numbers.of(edge.contribution),
        "through": edge.through,
        **({"permuted": True} if edge.permuted else {}),
    }


def leaf_data(leaf: Leaf, numbers: Numbers) -> dict[str, Any]:
    """A parameter, as the trace has it."""
    return {
        "name": leaf.name,
        "value": numbers.of(leaf.value),
        "gradient": numbers.of(leaf.gradient),
        "difference": leaf.difference if math.isfinite(leaf.difference) else None,
    }


def instruction_data(instruction: Instruction, numbers: Numbers) -> dict[str, Any]:
    """How the page computes an operation; settings that are not there are left out."""
    settings = {"groups": instruction.groups, "moves": instruction.moves, "row": instruction.row}
    return {
        "rule": rule_key(instruction.rule),
        "operands": [operand_data(operand, numbers) for operand in instruction.operands],
        "symbols": instruction.symbols,
        "first": instruction.first,
        "alpha": instruction.alpha,
        "delta": instruction.delta,
        **{name: value for name, value in settings.items() if value is not None},
    }


def operand_data(operand: Operand, numbers: Numbers) -> dict[str, Any]:
    """What stands for a, b or c."""
    if operand.constant is not None:
        return {"constant": numbers.of(operand.constant), "called": operand.name}
    data = {"of": operand.name, "output": operand.output, "shape": operand.shape}
    return data if operand.entries is None else {**data, "entries": operand.entries}


def rule_key(rule: DerivativeRule) -> str:
    """What tells the rules of a page apart."""
    return " | ".join((rule.operation, rule.value, *rule.derivatives))


def rule_data(rule: DerivativeRule) -> dict[str, Any]:
    """The row of the table: the texts that are shown, and the trees that are computed."""
    moves = rule.spread == "moved"
    compute = None if moves else read(rule.value)
    if compute is not None and rule.reduction and rule.value.startswith("bce"):
        compute = ["Σ" if rule.reduction == "sum" else rule.reduction, compute]
    return {
        "value": rule.value,
        "derivatives": rule.derivatives,
        "spread": rule.spread,
        "reduction": rule.reduction,
        "compute": compute,
        "differentiate": [] if moves else [read(text) for text in rule.derivatives],
    }


def framed(trace: TraceData) -> str:
    """The page in a frame of its own, for the output of a notebook's cell."""
    return (
        f'<iframe srcdoc="{html.escape(page(trace))}" title="{PLAIN.title}" '
        'style="width: 100%; height: 760px; border: 0" sandbox="allow-scripts"></iframe>'
    )
