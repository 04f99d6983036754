"""What the page can fold, ask for and paint, in a real browser."""

from __future__ import annotations

import torch
from browser import Visit, traced
from cases import objective, start
from traces import polynomial, scalar

from stat4830_grad.graph import trace


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
    assert (
        visit.text("#sentence")
        == "power (z₁) received 1 and multiplies it by 3x² = 3·2² = 12; 12 goes on to x."
    )
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


def test_kernels_are_images_side_by_side(visit: Visit) -> None:
    kernels = torch.linspace(-1, 1, 4 * 5 * 3, dtype=torch.float64).reshape(4, 1, 5, 3)
    tab = visit.open(trace(lambda p: (p["k"] ** 2).sum(), {"k": kernels}), "#step=0")
    canvas = tab.locator("#pictures canvas.heat")
    assert canvas.evaluate("canvas => [canvas.width, canvas.height]") == [15, 5]
    canvas.hover(position={"x": 4.5 * canvas.bounding_box()["width"] / 15, "y": 1})
    assert visit.text("#tip") == "k[1, 0, 0, 0] = −0.4915"


def test_a_long_vector_is_a_picture_of_several_lines(visit: Visit) -> None:
    tall = torch.linspace(-1, 1, 200, dtype=torch.float64).reshape(200, 1)
    tab = visit.open(trace(lambda p: (p["u"] ** 2).sum(), {"u": tall}), "#step=0")
    canvas = tab.locator("#pictures canvas.heat")
    assert canvas.evaluate("canvas => [canvas.width, canvas.height]") == [20, 10]
    canvas.hover(position={"x": 1, "y": 1.5 * canvas.bounding_box()["height"] / 10})
    assert visit.text("#tip") == "u[20, 0] = −0.799"


def test_layers_fold_into_boxes_and_open_again(visit: Visit) -> None:
    target = objective("tanh_mlp")
    visit.tab.set_viewport_size({"width": 1280, "height": 1600})
    tab = visit.open(traced(target, start(target, seed=1)), "#step=2")
    assert tab.locator(".box.operation").count() == 6
    tab.keyboard.press("l")
    heads = tab.locator(".box.operation b").all_inner_texts()
    assert heads == ["f = bce(z₅, c)", "z₅ = z₃ w₂ᵀ + b₂", "z₃ = tanh(C w₁ᵀ + b₁)"]
    assert tab.locator(".box.current b").inner_text() == heads[2]  # step 2 is inside of it
    tab.keyboard.press("l")
    assert tab.locator(".box.operation").count() == 6


def test_on_paper_every_step_and_node_is_there_and_no_control(visit: Visit) -> None:
    told = trace(lambda p: sum((p["x"].sin() * k for k in range(20)), p["x"]), {"x": scalar(0.5)})
    tab = visit.open(told, "#step=3")
    steps = 2 * len(told.nodes) + 3
    assert tab.locator("#steps [role=row]").count() < steps
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("#steps [role=row]").count() == steps
    assert tab.locator(".box").count() == len(told.nodes) + 1
    for control in ("#controls", "#editing", "footer"):
        assert not tab.is_visible(control)
    tab.emulate_media(media="screen")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("#steps [role=row]").count() < steps


def test_a_step_is_found_by_a_name_an_operation_or_a_number(visit: Visit) -> None:
    tab = visit.open(polynomial(2.0))
    tab.keyboard.press("/")
    tab.keyboard.type("power")
    assert visit.text("#count").startswith("Step 1 of 8")
    tab.keyboard.press("Enter")
    assert visit.text("#count").startswith("Step 7 of 8")
    tab.fill("#search", "12 to x")
    assert visit.text("#count").startswith("Step 7 of 8")
    tab.fill("#search", "no such thing")
    assert tab.locator("#search.none").count() == 1
