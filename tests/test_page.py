"""The page of a trace in a real browser: what it shows, what it computes, how it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from browser import Visit, installed, traced
from cases import objective, start
from traces import X3_MINUS_3X, chain, polynomial, scalar

from stat4830_grad import compose
from stat4830_grad.graph import trace
from stat4830_grad.graph.page import Shown, page
from stat4830_grad.tasks.trace import shown, traced_loss
from stat4830_grad.training.experiment import build

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
    axe = installed("axe_playwright_python.sync_playwright")
    target = objective("composite")
    tab = visit.open(traced(target, start(target, seed=1)), "#step=15")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (390, 1280, 2560):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            if width == 2560:
                continue  # the elements of 1280 again, and larger
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
    about = shown(config, told)
    tab = visit.open(told, shown=about)
    assert visit.text("#sentence") == STEPS[6]
    (mistake,) = about.mistakes
    assert "missing" in mistake
    assert visit.text("#mistake") == (
        "On the way to x your gradient and torch’s part. Your ∂f/∂x is 12, torch’s is 9. " + mistake
    )
    assert tab.locator("path.wrong.backward").count() == 2  # the line and its head
    tab.keyboard.press("ArrowRight")
    assert not tab.is_visible("#mistake")


def test_a_notebook_shows_the_page_of_any_tensor(visit: Visit) -> None:
    nbformat = installed("nbformat")
    nbclient = installed("nbclient")
    installed("ipykernel")
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
    assert frame.locator("#sentence").inner_text().endswith("∂x = 12.")
