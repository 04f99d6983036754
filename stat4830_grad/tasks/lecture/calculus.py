"""L1 to L4: the opening function, x³ − 3x, its graph, and `backward()` step by step."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor

from ...config.composing import compose
from ...core import Params
from ...figures.functions import draw_function_and_derivative
from ...figures.graph.figure import graph_figure
from ...figures.style import save
from ...gradients.methods import GRADIENTS
from ...graph import Edge, Node, Trace, trace
from ...graph.text import TraceText
from ...problems import Polynomial
from .protocol import single
from .row import Claim, Picture, Row, same, value, values

CUBIC = Polynomial((1.0, 0.0, -3.0, 0.0), x0=1.0)  # x³ − 3x


def opening() -> Row:
    """L1: three ways to the gradient of ½‖tanh(W₂ relu(W₁x + b₁) + b₂) − y‖²."""
    experiment = single(compose("problem=composite", "dtype=float64", "device=cpu"))
    grads = {
        name: flat(gradient(experiment.objective, experiment.params)[1])
        for name, gradient in GRADIENTS.items()
    }
    return Row(
        "L1",
        "The opening function ½‖tanh(W₂ relu(W₁x + b₁) + b₂) − y‖²",
        (
            same("∇f by hand and backward()", grads["manual"], grads["backward"]),
            same("∇f by hand and autograd.grad", grads["manual"], grads["autograd_grad"]),
        ),
        details=f"{grads['manual'].numel()} derivatives, by x, W₁, b₁, W₂ and b₂, in float64.",
    )


def flat(params: Params) -> Tensor:
    """All entries of all parameters in one vector."""
    return torch.cat([p.flatten() for p in params.values()])


def cubic() -> Row:
    """L2: x³ − 3x and its derivative 3x² − 3."""
    x = torch.linspace(-2, 2, 401, dtype=torch.float64)
    slopes = {}
    for name, gradient in GRADIENTS.items():
        f, grads = gradient(CUBIC, {"x": x})
        slopes[name] = grads["x"]
    at_one = {name: float(slope[300]) for name, slope in slopes.items()}  # x[300] is 1
    draw = partial(draw_function_and_derivative, x, f, slopes["manual"], slopes["autograd_grad"])
    return Row(
        "L2",
        "f(x) = x³ − 3x and f′(x) = 3x² − 3",
        (
            value("f(1)", "−2", float(f[300])),
            value("f′(1) by hand", "0", at_one["manual"]),
            value("f′(1) by backward()", "0", at_one["backward"]),
            value("f′(1) by autograd.grad", "0", at_one["autograd_grad"]),
            same("f′ on [−2, 2], hand, backward()", slopes["manual"], slopes["backward"]),
            same("f′ on [−2, 2], hand, autograd.grad", slopes["manual"], slopes["autograd_grad"]),
        ),
        (
            Picture(
                "L02_cubic",
                "f(x) = x³ − 3x on [−2, 2], and f′ by hand and by autograd on top of each other.",
                draw,
            ),
        ),
    )


def trace_cubic(x: float) -> Trace:
    """The trace of x³ − 3x in float64."""
    return trace(CUBIC.loss, {"x": torch.tensor(x, dtype=torch.float64)})


def node(traced: Trace, operation: str) -> Node:
    """The node of that operation; StopIteration if the graph has none."""
    return next(node for node in traced.nodes if node.operation == operation)


def edge(traced: Trace, operation: str, slot: int = 0) -> Edge:
    """The edge of the only operation of this kind to its operand number `slot`."""
    return next(edge for edge in node(traced, operation).edges if edge.slot == slot)


def cubic_graph() -> Row:
    """L3: the operations of x³ − 3x and their local derivatives."""
    traced = trace_cubic(1.0)

    def made(operation: str) -> str:
        found = node(traced, operation)
        return f"{found.expression} ({operation})"

    add = [edge(traced, "add", slot) for slot in (0, 1)]
    return Row(
        "L3",
        "The computational graph of x³ − 3x",
        (
            value("z₁", "x³ (power)", made("power")),
            value("z₂", "−3x (multiply)", made("multiply")),
            value("f", "z₁ + z₂ (add)", made("add")),
            value("∂z₁/∂x", "3x²", str(edge(traced, "power").formula)),
            value("∂z₂/∂x", "−3", str(edge(traced, "multiply").formula)),
            value("∂f/∂z₁, ∂f/∂z₂", "1, 1", ", ".join(str(e.formula) for e in add)),
        ),
        (graph_picture("L03_graph", "The graph of x³ − 3x at x = 1", traced),),
    )


def graph_picture(name: str, what: str, traced: Trace) -> Picture:
    """The drawing of a traced graph."""
    caption = f"{what}: values forward (solid), gradients backward (dashed)."
    return Picture(name, caption, partial(draw_graph, traced, name))


def draw_graph(traced: Trace, name: str, directory: Path) -> None:
    """`name`.png and .svg in `directory`."""
    save(graph_figure(traced), directory, name)


def walked(traced: Trace) -> str:
    """Markdown: `backward()` on a graph, step by step."""
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(TraceText(traced))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def cubic_backward() -> Row:
    """L4: what each operation passes back, at x = 1 and at x = 2."""
    traces = [trace_cubic(x) for x in (1.0, 2.0)]

    def passed(operation: str, slot: int = 0) -> list[float]:
        return [scalar(edge(traced, operation, slot).contribution) for traced in traces]

    seeds = [scalar(node(traced, "add").incoming[0]) for traced in traces]
    totals = [scalar(traced.leaves[0].gradient) for traced in traces]
    return Row(
        "L4",
        "backward() on it, step by step",
        (
            values("seed ∂f/∂f, at x = 1 and 2", "1, 1", seeds),
            values("add passes to z₁", "1, 1", passed("add", 0)),
            values("add passes to z₂", "1, 1", passed("add", 1)),
            values("power contributes (1)(3x²)", "3, 12", passed("power")),
            values("multiply contributes (1)(−3)", "−3, −3", passed("multiply")),
            values("x accumulates 3x² − 3", "0, 9", totals),
            accumulated(traces),
        ),
        details=walked(traces[0]),
    )


def scalar(summary: object) -> float:
    """The number in a summary of one."""
    number = getattr(summary, "scalar", None)
    assert number is not None, f"{summary} is not one number"
    return float(number)


def accumulated(traces: list[Trace]) -> Claim:
    """Whether the contributions to x are those of power and multiply, and add up to f′."""
    kinds = {
        tuple(
            sorted(
                n.operation
                for n in t.nodes
                for c in t.leaves[0].contributions
                if c.source == n.name
            )
        )
        for t in traces
    }
    text = "; ".join(", ".join(kind) for kind in kinds)
    return Claim("what x adds up", "multiply, power", text, text == "multiply, power")
