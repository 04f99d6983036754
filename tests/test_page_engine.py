"""The page's own computation of both passes, in a real browser, against torch's numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from browser import Visit, traced
from cases import EXAMPLES, NAMES, objective, start
from traces import normal, polynomial, scalar

from stat4830_grad.config.formula import parse
from stat4830_grad.graph import Trace, trace, trace_tensor
from stat4830_grad.graph.page import Shown, page_data
from stat4830_grad.graph.parting import parting
from stat4830_grad.pages.document import embedded
from stat4830_grad.problems import Formula
from stat4830_grad.problems.file import from_file

COMPARE = """(raw) => {
  const trace = readTrace(raw);
  const recorded = recordedNumbers(trace);
  const worst = relativeDifference(
    bothPasses(trace.nodes, trace.leaves), recorded, trace.nodes);
  const texts = () => trace.nodes.map((node) =>
    [node.expression, ...node.edges.flatMap((edge) => [edge.formula, edge.numbers])]);
  const before = texts();
  rewrite(trace, recorded);
  return { ...worst, before, after: texts() };
}"""


def compared(tab: Any, told: Trace) -> float:
    """The largest relative difference between the page's own numbers and torch's."""
    raw = page_data(told)
    assert raw["obstacle"] is None
    found = tab.evaluate(COMPARE, json.loads(embedded(raw)))
    assert found["before"] == found["after"]  # formulas are written as in the terminal
    difference: float = found["difference"]
    return difference


SECOND = ("log softmax backward data", "masked fill")
"""What second derivatives of log softmax and of max have, and the table has not."""


def test_the_engine_of_the_page_agrees_with_torch_on_every_node_of_every_problem(
    visit: Visit,
) -> None:
    tab = visit.open(polynomial())
    worst: dict[tuple[str, int], float] = {}
    for name in NAMES:
        target = objective(name)
        for order in (1, 2):
            told = traced(target, start(target, seed=1), order)
            if order == 1 or not any(word in str(told.program.obstacle) for word in SECOND):
                worst[name, order] = compared(tab, told)
    assert max(worst.values()) < 1e-12, worst


def random_formula(generator: random.Random, depth: int = 3) -> str:
    """Sums, products and functions of x and y that are defined for all numbers."""
    if depth == 0:
        return generator.choice(["x", "y", f"{generator.uniform(0.2, 2):.2f}"])
    a, b = (random_formula(generator, depth - 1) for _ in range(2))
    return generator.choice(
        [
            *(f"({a} + {b})", f"({a} - {b})", f"({a})*({b})", f"({a})/(1 + ({b})**2)"),
            *(f"exp(-({a})**2)", f"log(1 + ({a})**2)", f"sin({a})", f"cos({a})", f"tanh({a})"),
            *(f"sqrt(1 + ({a})**2)", f"sigmoid({a})", f"abs({a})", f"max({a}, {b})"),
            *(f"softplus({a})", f"atan({a})", f"sinh(tanh({a}))", f"2**sin({a})", f"relu({a})"),
            *(f"expm1(-abs({a}))", f"log2(2 + cos({a}))", f"min({a}, {b})", f"cosh(sin({a}))"),
            *(f"asin(0.9*sin({a}))", f"acos(0.9*cos({a}))", f"tan(tanh({a}))", f"log1p(({a})**2)"),
        ]
    )


def test_the_engine_of_the_page_agrees_with_torch_on_random_formulas(visit: Visit) -> None:
    tab = visit.open(polynomial())
    generator = random.Random(0)
    worst: dict[str, float] = {}
    while len(worst) < 20:
        text = f"x*y + {random_formula(generator)}"
        point = {"x": generator.uniform(-2, 2), "y": generator.uniform(-2, 2)}
        told = traced(
            Formula(parse(text).root, point), {name: scalar(v) for name, v in point.items()}
        )
        worst[text] = compared(tab, told)
    assert max(worst.values()) < 1e-12, worst


@pytest.mark.parametrize("name", ["himmelblau", "huber", "logistic", "rosenbrock"])
def test_the_engine_of_the_page_agrees_with_torch_on_the_examples(visit: Visit, name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    path = EXAMPLES / f"{name}.py"
    target = from_file(path, 0, generator, torch.device("cpu"), torch.float64)
    told = trace(target.loss, start(target, seed=1), fold=True, source=str(path), alive=10**6)
    number, line = next((i, n.line) for i, n in enumerate(told.nodes) if n.line is not None)
    tab = visit.open(told, f"#step={len(told.nodes) - number}", Shown(source=path))
    said = tab.inner_text("#program .current .code")
    assert said == path.read_text("utf-8").splitlines()[line - 1]
    assert compared(tab, told) < 1e-12


ODD: dict[str, tuple[Callable[[], Trace], str]] = {
    "a parameter itself": (
        lambda: trace(lambda p: p["s"], {"s": scalar(1.0)}),
        "A recording of what torch did: there is no operation in it.",
    ),
    "not a number": (
        lambda: trace(lambda p: p["s"] * float("nan") + 1, {"s": scalar(1.0)}),
        "Recomputed here: largest relative difference to torch 0.",
    ),
    "nothing in it": (
        lambda: trace(lambda p: (p["e"] * 2).sum() + p["s"], {"e": normal(0), "s": scalar(1.0)}),
        "Recomputed here: largest relative difference to torch 0.",
    ),
    "a graph that keeps few values": (
        lambda: trace_tensor(normal(2).requires_grad_().exp().sum().sin(), {}),
        "Recomputed here: largest relative difference to torch",
    ),
    "complex numbers": (
        lambda: trace(lambda p: torch.fft.fft(p["a"]).abs().sum(), {"a": normal(3)}),
        "A recording of what torch did: there is no rule for the operation",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_graphs_have_pages_too(visit: Visit, what: str) -> None:
    make, status = ODD[what]
    tab = visit.open(make())
    assert visit.text("#status").startswith(status)
    tab.evaluate("for (let k = 0; k < page.steps.length; k++) page.go(k)")
    assert visit.text("#sentence").startswith("Every path has arrived")


@pytest.mark.parametrize(
    ("gradient", "edge"),
    [("3*x**2", 0), ("3*x**2 + 3", 0), ("-3 - 3*x**2", 1), ("-3 + 0*x", 1), ("x**2 - 3", 1)],
)
def test_the_edge_that_explains_a_mistake_is_found(gradient: str, edge: int) -> None:
    """z₂ = −3x passes −3 to x first, then z₁ = x³ passes 3x²."""
    theirs = {"x": torch.as_tensor(eval(gradient, {"x": scalar(2.0)}))}
    found = parting(polynomial(2.0), theirs, ["x"])
    assert found is not None
    assert (found.node, found.edge, found.leaf) == (1 + edge, 0, "x")
