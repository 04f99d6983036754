"""The page of a trace in a real browser: what it shows, what it computes, how it is used."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from browser import Visit, chromium
from cases import EXAMPLES, NAMES, objective, start
from traces import X3_MINUS_3X, chain, polynomial, scalar

from stat4830_grad import compose
from stat4830_grad.config.formula import parse
from stat4830_grad.core import Objective, Params
from stat4830_grad.graph import Trace, trace
from stat4830_grad.graph.page import Shown, page, page_data
from stat4830_grad.graph.parting import parting
from stat4830_grad.pages.document import embedded
from stat4830_grad.problems import Formula
from stat4830_grad.problems.file import from_file
from stat4830_grad.tasks.trace import shown, traced_loss
from stat4830_grad.training.experiment import build


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Visit]:
    visit = Visit(browser, tmp_path)
    yield visit
    visit.context.close()
    assert visit.complaints == []


STEPS = [
    "The forward pass starts from x = 2.",
    "power computes z₁ = x³ = 8.",
    "multiply computes z₂ = −3x = −6.",
    "add computes f = z₁ + z₂ = 2.",
    "backward() starts at the end: ∂f/∂f = 1. Nothing has been passed on yet.",
    "add (f) received 1; times 1 gives 1 for z₁; times 1 gives 1 for z₂.",
    "multiply (z₂) received 1 and multiplies it by −3; −3 goes on to x.",
    "power (z₁) received 1 and multiplies it by 3x² = 3·2² = 12; 12 goes on to x.",
    "Every path has arrived: ∂f/∂x = −3 + 12 = 9.",
]


def test_x_cubed_minus_3x_is_told_forward_and_back_step_by_step(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0))
    assert visit.text("#status") == "Recomputed here: largest relative difference to torch 0."
    there = []
    for _ in STEPS:
        there.append(visit.text("#sentence"))
        tab.keyboard.press("ArrowRight")
    assert there == STEPS
    back = [visit.text("#sentence")]
    for _ in STEPS[1:]:
        tab.keyboard.press("ArrowLeft")
        back.append(visit.text("#sentence"))
    assert back == STEPS[::-1]


def test_contributions_fill_up_where_paths_meet(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0), "#step=5")
    x = '.box[data-name="x"]'
    filled = f"{x} .meter .full"
    assert (tab.locator(f"{x} .meter i").count(), tab.locator(filled).count()) == (2, 0)
    tab.keyboard.press("ArrowRight")
    assert tab.locator(filled).count() == 1
    assert tab.inner_text(f"{x} .gradient") == "∂f/∂x = −3 + …"
    tab.keyboard.press("ArrowRight")
    assert tab.locator(filled).count() == 2
    assert tab.inner_text(f"{x} .gradient") == "∂f/∂x = −3 + 12 = 9"


def test_moving_in_one_moves_all(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0))
    tab.click('.box[data-name="z₁"]')
    assert visit.text("#count").startswith("Step 1 of 8")
    assert tab.inner_text("#program .current") == "1\nz₁ = x³"
    tab.click("#steps >> text=gradients")
    assert visit.text("#sentence") == STEPS[-1]
    assert tab.input_value("#slider") == "8"
    tab.keyboard.press("Home")
    assert visit.text("#sentence") == STEPS[0]
    tab.keyboard.press("End")
    assert visit.text("#sentence") == STEPS[-1]


def numbers_of(tab: Any, script: str) -> list[float]:
    found: list[float] = tab.evaluate(f"() => [...{script}]")
    return found


@pytest.mark.parametrize("at", [-1.7, 0.3])
def test_an_edited_number_has_the_gradient_that_torch_has_there(visit: Visit, at: float) -> None:
    tab = visit.open(polynomial(2.0), "#step=8")
    tab.fill("#editor input[type=number]", str(at))
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(X3_MINUS_3X.loss({"x": x}), x)
    assert numbers_of(tab, "page.now.arrived.x[0].data") == pytest.approx([float(gradient)])
    assert "The numbers are now yours" in visit.text("#status")
    tab.wait_for_url("**#step=8&x=*")
    again = visit.open(polynomial(2.0), tab.evaluate("location.hash"))
    assert numbers_of(again, "page.now.values.x[0].data") == [at]
    again.click("#reset")
    assert visit.text("#sentence") == STEPS[-1]


def test_an_edited_constant_is_written_anew_in_formulas(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0), "#step=7")
    tab.fill("#editor fieldset:nth-child(3) input[type=number]", "4")
    assert tab.inner_text('.box[data-name="z₁"] b') == "z₁ = x⁴"
    assert "4x³ = 4·2³ = 32; 32 goes on to x" in visit.text("#sentence")


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


def traced(target: Objective, params: Params, order: int = 1) -> Trace:
    return trace(target.loss, params, order=order, fold=True, alive=10**6)


SECOND_BY_SOFTMAX = [name for name in NAMES if name.startswith("softmax")]


def test_the_engine_of_the_page_agrees_with_torch_on_every_node_of_every_problem(
    visit: Visit,
) -> None:
    tab = visit.open(polynomial())
    worst: dict[tuple[str, int], float] = {}
    for name in NAMES:
        target = objective(name)
        for order in (1, 2):
            if order == 2 and name in (*SECOND_BY_SOFTMAX, "formula"):
                continue  # the table has no rule for the derivative of log softmax, or of max
            told = traced(target, start(target, seed=1), order)
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


def test_an_operation_without_a_rule_makes_the_page_a_recording(visit: Visit) -> None:
    tab = visit.open(trace(lambda p: p["x"].erf() * 2, {"x": scalar(0.5)}), "#step=1")
    assert visit.text("#status") == (
        "A recording of what torch did: there is no rule for the operation erf (z₁)."
    )
    assert not tab.is_visible("#editor")
    assert visit.text("#sentence") == "erf computes z₁ = erf(x) = 0.5205."


def test_texts_of_a_trace_cannot_end_the_data_or_become_elements(visit: Visit) -> None:
    evil = "</script><script>document.body.textContent='gone'</script>"
    tab = visit.open(polynomial(), shown=Shown(title=evil, formula=evil))
    assert visit.text("#title") == visit.text("#formula") == evil
    assert tab.title() == evil


def test_the_page_fits_its_window_and_has_no_barriers(visit: Visit) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    target = objective("composite")
    tab = visit.open(traced(target, start(target, seed=1)), "#step=15")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (390, 1280, 2560):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = axe.Axe().run(tab).response["violations"]
            assert [v for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_chain_of_5000_operations_is_stepped_through_within_a_frame(visit: Visit) -> None:
    told = trace(chain, {"x": scalar(0.5)})
    assert len(page(told)) < 5e6
    tab = visit.open(told, "#step=4000")
    assert tab.locator(".box").count() < 40
    spent = tab.evaluate(
        """() => {
          const start = performance.now();
          for (let k = 0; k < 50; k++) {
            page.go(page.at + 1);
            document.body.offsetHeight; // styles and places, as a frame computes them
          }
          return (performance.now() - start) / 50;
        }"""
    )
    assert visit.text("#count").startswith("Step 4050 of 10002")
    assert spent < 50  # milliseconds; 5 to 10 on a quiet machine


def test_a_prediction_is_asked_for_and_judged_before_the_number_is_shown(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0), "#step=6")
    tab.click("#predict")
    tab.keyboard.press("ArrowRight")
    assert visit.text("#ask") == "power (z₁) received 1. What does it pass on to x?"
    assert not tab.is_visible("#sentence")
    assert "12" not in visit.text("#graph") + visit.text("#steps")
    tab.keyboard.type("12")
    tab.keyboard.press("Enter")
    assert visit.text("#verdict") == "✓ 12 is right."
    assert visit.text("#sentence") == STEPS[7]
    tab.keyboard.press("ArrowRight")
    tab.keyboard.type("-9")
    tab.keyboard.press("Enter")
    assert (visit.text("#verdict"), visit.text("#score")) == ("✗ You said -9.", "1 of 2 right")
    tab.keyboard.press("ArrowLeft")
    assert visit.text("#verdict") == "✓ 12 is right."


def test_the_shape_of_a_total_derivative_is_asked_for(visit: Visit) -> None:
    target = objective("least_squares")
    tab = visit.open(traced(target, start(target, seed=1)), "#step=10")
    tab.click("#predict")
    tab.keyboard.press("ArrowRight")
    assert visit.text("#ask").endswith("Which shape has ∂z₁/∂w?")
    tab.fill("#answer", "12x3")
    tab.keyboard.press("Enter")
    assert visit.text("#verdict") == "✓ 12x3 is right."


def test_plumbing_is_part_of_the_edge_until_it_is_asked_for(visit: Visit) -> None:
    target = objective("relu_mlp")
    tab = visit.open(traced(target, start(target, seed=1)), "#step=12")
    assert "through" not in visit.text("#graph")
    tab.keyboard.press("p")
    assert "through view, transpose" in visit.text("#graph")
    tab.keyboard.press("p")
    assert "through" not in visit.text("#graph")


CORNERS = """(canvas) => {
  const copy = new OffscreenCanvas(28, 28).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return [0, 27].map((k) => [...copy.getImageData(k, k, 1, 1).data]);
}"""


def test_a_matrix_is_a_picture_that_says_the_number_under_the_pointer(visit: Visit) -> None:
    w = torch.arange(784.0, dtype=torch.float64) - 391.5
    tab = visit.open(trace(lambda p: (p["w"] ** 2).sum(), {"w": w}), "#step=6")
    pictures = tab.locator("#pictures canvas.heat")
    assert pictures.count() == 2  # the weight and, beside it, its gradient
    size = pictures.nth(1).evaluate("canvas => [canvas.width, canvas.height]")
    assert size == [28, 28]
    pictures.nth(1).hover(position={"x": 1, "y": 1})
    assert visit.text("#tip") == "∂f/∂w[0] = −783"
    first, last = pictures.nth(1).evaluate(CORNERS)
    assert first[2] > first[0]  # blue where it is negative,
    assert last[0] > last[2]  # red where it is positive


FORGETFUL = """
def gradient(x):
    return 3 * x**2
"""


def test_the_page_stops_where_a_students_gradient_and_torchs_part(
    visit: Visit, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(FORGETFUL, "utf-8")
    words = ("task=trace", "problem=polynomial", "dtype=float64")
    config = compose(*words, "gradient=file", f"gradient.path={mine}")
    told = traced_loss(config, build([config], torch.Size(())))
    tab = visit.open(told, shown=shown(config, told))
    assert visit.text("#sentence") == STEPS[6]
    assert visit.text("#mistake") == (
        "On the way to x your gradient and torch’s part. Your ∂f/∂x is 12, torch’s is 9. "
        "x: the term of power 1, -3 x, is missing from the derivative."
    )
    assert tab.locator("path.wrong.backward").count() == 2  # the line and its head
    tab.keyboard.press("ArrowRight")
    assert not tab.is_visible("#mistake")


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


def test_a_notebook_shows_the_page_of_any_tensor(visit: Visit) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cell = (
        "import torch, stat4830_grad as sg\n"
        "x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)\n"
        "sg.trace(x**3, x=x)"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    nbclient.NotebookClient(book, timeout=240, kernel_name="python3").execute()
    (output,) = book.cells[0].outputs
    html = output["data"]["text/html"]
    assert output["data"]["text/plain"].startswith("Trace(")
    visit.tab.set_content(html)
    frame = visit.tab.frame_locator("iframe")
    assert frame.locator("#status").inner_text().startswith("Recomputed here")
    frame.locator("#last").click()
    assert frame.locator("#sentence").inner_text() == "Every path has arrived: ∂f/∂x = 12."
