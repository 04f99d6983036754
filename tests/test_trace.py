"""What is shown of a trace: its text, its drawing, and the command that makes them."""

from __future__ import annotations

import io
import json
import time
from itertools import combinations
from pathlib import Path

import pytest
import torch
from conftest import Cli
from hydra import compose, initialize_config_dir
from rich.console import Console
from traces import chain, least_squares, normal, polynomial, scalar

from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.load import load, plain
from stat4830_grad.figures.graph.drawing import drawn
from stat4830_grad.figures.graph.figure import graph_figure, save_graph
from stat4830_grad.figures.graph.layout import Place, Size, layered
from stat4830_grad.graph import Trace, trace
from stat4830_grad.graph.text import TraceText
from stat4830_grad.problems import Composite
from stat4830_grad.problems.likelihoods import Binary
from stat4830_grad.problems.models import MLP, TANH
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks.trace import traced_loss
from stat4830_grad.training.experiment import build


def rendered(traced: Trace, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(TraceText(traced))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_the_walk_over_x_cubed_minus_3x_reads_like_the_lecture_in_80_columns() -> None:
    assert rendered(polynomial(), 80) == (
        """\
Reverse mode on f at x = 1

step  operation  value, local derivatives  what arrives, what is passed on
   0  seed       f = −2                    ∂f/∂f = 1
   1  add        f = z₁ + z₂ = −2          ∂f/∂f = 1
                 ∂f/∂z₁ = 1                1·1 = 1 to z₁
                 ∂f/∂z₂ = 1                1·1 = 1 to z₂
   2  multiply   z₂ = −3x = −3             ∂f/∂z₂ = 1
                 ∂z₂/∂x = −3               1·(−3) = −3 to x
   3  power      z₁ = x³ = 1               ∂f/∂z₁ = 1
                 ∂z₁/∂x = 3x² = 3·1² = 3   1·3 = 3 to x

leaf  adds up what came from  gradient            torch.autograd.grad
x     z₂, z₁                  ∂f/∂x = −3 + 3 = 0  the same"""
    )


def test_the_walk_over_least_squares_shows_rows_times_matrices_and_transposes() -> None:
    text = rendered(least_squares()[0], 100)
    assert "∂z₃/∂z₂ = z₂ᵀ (1×20)" in text
    assert "∂z₁/∂w = X (20×2)" in text
    assert "1×20 · 20×2 → 1×2 (" in text
    assert "(∂f/∂w)ᵀ = 2×1 (" in text


def mlp_trace(order: int = 1) -> Trace:
    generator = torch.Generator().manual_seed(0)
    model, X = MLP((5, 4), TANH), normal(30, 8).float()
    y = (normal(30, seed=1) > 0).float()
    params = model.init(generator, 8)
    return trace(lambda p: Binary().loss(model.logits(p, X), y), params, order=order)


def composite_trace(order: int = 1) -> Trace:
    generator = torch.Generator().manual_seed(0)
    problem = Composite(torch.randn(2, generator=generator), 3, 4)
    return trace(problem.loss, problem.init(generator), order=order)


def overlap(p: Place, q: Place) -> bool:
    return abs(p.x - q.x) < (p.w + q.w) / 2 - 1e-6 and abs(p.y - q.y) < (p.h + q.h) / 2 - 1e-6


@pytest.mark.parametrize(
    "traced", [polynomial(), polynomial(order=2), composite_trace(2), mlp_trace(), mlp_trace(2)]
)
def test_boxes_and_labels_of_a_drawing_do_not_overlap(traced: Trace) -> None:
    drawing = drawn(traced)
    boxes = [Size(150.0, 45.0 + 5 * (k % 3)) for k in range(len(drawing.boxes))]
    labels = [Size(90.0 + 20 * (k % 5), 24.0) for k in range(len(drawing.links))]
    layout = layered(boxes, drawing.links, labels)
    places = layout.boxes + [line.label for line in layout.lines]
    assert not any(overlap(p, q) for p, q in combinations(places, 2))
    assert all(layout.boxes[a].y > layout.boxes[b].y for a, b in drawing.links)


def test_every_line_of_a_drawing_is_on_the_page() -> None:
    axes = graph_figure(mlp_trace(2)).axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for patch in axes.patches:
        (x0, y0), (x1, y1) = patch.get_path().get_extents(patch.get_patch_transform()).get_points()
        assert left <= x0 <= x1 <= right
        assert bottom <= y0 <= y1 <= top


def test_a_drawing_says_what_the_trace_says(tmp_path: Path) -> None:
    drawing = drawn(polynomial())
    assert sorted(drawing.links) == [(0, 1), (0, 2), (1, 3), (2, 3)]
    said = {words.text for box in drawing.boxes for words in box.words}
    assert {"f = z₁ + z₂", "power: 1", "∂f/∂x = −3 + 3 = 0"} <= said
    assert ["3x² = 3", "passes 3"] in [[w.text for w in words] for words in drawing.labels]
    save_graph(polynomial(), tmp_path)
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "graph.svg").read_text("utf-8")


def test_a_number_to_the_power_of_a_parameter_is_written_as_it_is() -> None:
    (power,) = trace(lambda p: 2 ** p["x"], {"x": scalar(3.0)}).nodes
    assert power.expression == "2^x"
    assert (power.edges[0].formula, power.edges[0].numbers) == ("f log 2", "8 log 2")


def test_brackets_of_a_formula_are_shown() -> None:
    told = trace(lambda p: p["x"].relu(), {"x": scalar(2.0)})
    assert "∂f/∂x = 1[x > 0] = 1[2 > 0] = 1" in rendered(told, 120)


def test_a_mean_over_copies_says_of_how_many() -> None:
    target = torch.arange(3.0, dtype=torch.float64)
    told = trace(
        lambda p: torch.nn.functional.mse_loss(p["x"].expand(3), target),
        {"x": scalar(2.0)},
        fold=True,
    )
    assert told.nodes[0].edges[0].formula == "(2(x − c))ᵀ/3"


def test_a_function_that_is_a_leaf_can_be_told_and_drawn() -> None:
    traced = trace(lambda p: p["x"], {"x": scalar(2.0)})
    assert [(c.source, c.value.scalar) for c in traced.leaves[0].contributions] == [("seed", 1.0)]
    assert "∂f/∂x = 1" in rendered(traced, 80)
    graph_figure(traced)


def test_the_command_tells_the_walk_and_leaves_json_and_a_drawing(cli: Cli, tmp_path: Path) -> None:
    done = cli("task=trace", "problem=polynomial", "problem.x0=1", "dtype=float64")
    assert done.returncode == 0, done.stderr
    assert "∂f/∂x = −3 + 3 = 0" in done.stdout
    (directory,) = (tmp_path / "outputs" / "trace").iterdir()
    traced = json.loads((directory / "trace.json").read_text("utf-8"))
    assert [node["operation"] for node in traced["nodes"]] == ["add", "multiply", "power"]
    assert {"graph.png", "graph.svg", "trace.html", "config.yaml"} <= {
        path.name for path in directory.iterdir()
    }


def test_an_order_that_the_loss_does_not_have_is_refused() -> None:
    overrides = ["task=trace", "problem=polynomial", "trace.order=5"]
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        config = load(plain(compose("config", overrides=overrides)), overrides)
    with pytest.raises(ConfigError, match=r"trace\.order=5: there is no graph of order 5"):
        traced_loss(config, build([config], torch.Size(())))


def test_a_chain_of_5000_operations_is_traced_told_and_drawn_in_seconds() -> None:
    start = time.process_time()
    traced = trace(chain, {"x": scalar(0.5)})
    assert len(traced.nodes) == 5000
    json.dumps(traced.to_dict(), allow_nan=False)
    text = rendered(traced, 100)
    drawing = drawn(traced)
    graph_figure(traced)
    assert time.process_time() - start < 10
    assert "4,940 more operations" in text
    assert len(drawing.boxes) == 26
    assert drawing.note == "Condensed: 4,976 of 5,000 operations are in one box."
