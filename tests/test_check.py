"""Do the gradients agree? Over every problem and model, and where one of them is wrong."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path

import cases
import pytest
import torch
from conftest import Cli
from rich.console import Console
from torch import Tensor

from stat4830_grad.core import Params
from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.graph.nodes import graph_nodes
from stat4830_grad.problems import LeastSquares, Polynomial
from stat4830_grad.tasks.check.comparison import difference
from stat4830_grad.tasks.check.cost import peak_memory, saved_bytes
from stat4830_grad.tasks.check.costs import cost_card
from stat4830_grad.tasks.check.methods import CENTRAL, probes
from stat4830_grad.tasks.check.methods import difference as central_difference
from stat4830_grad.tasks.check.report import as_json, show, show_costs
from stat4830_grad.tasks.check.study import Study, study

CPU = torch.device("cpu")


def studied(name: str) -> Study:
    f = cases.objective(name)
    params = {k: p.float() for k, p in f.init(torch.Generator().manual_seed(1)).items()}
    return study(f, cases.objective(name, torch.float32), params, seed=0)


@pytest.mark.parametrize("name", cases.NAMES)
def test_all_methods_agree_and_exact_ones_to_1e_9_in_float64(name: str) -> None:
    found = studied(name)
    assert found.agree
    methods = {method for pair in found.pairs["float64"] for method in (pair.a, pair.b)}
    assert methods == {"manual", "backward", "autograd_grad", "forward", "central"}
    exact = [p for p in found.pairs["float64"] if CENTRAL not in (p.a, p.b)]
    assert len(exact) == 6
    for pair in exact:
        assert set(pair.parameters) == set(found.params)
        assert all(d.relative <= 1e-9 for d in pair.parameters.values())
    for pair in found.pairs["float64"]:
        assert all(d.allowed < 1e-4 for d in pair.parameters.values())
    assert all(p.worst.relative <= 1e-4 for p in found.pairs["float32"])


@dataclasses.dataclass(frozen=True)
class OffBy(LeastSquares):
    """Least squares with one entry of the gradient by hand off by a little."""

    error: float = 1e-7

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        loss, grads = super().loss_and_gradient(params)
        return loss, {"w": grads["w"] * torch.tensor([1 + self.error, 1, 1]).to(grads["w"])}


def test_an_error_of_1e_7_in_one_entry_is_found_and_only_there() -> None:
    f = cases.objective("least_squares")
    assert isinstance(f, LeastSquares)
    wrong = OffBy(f.X, f.y, f.minimiser, (0.3, -1.0, 2.0))
    single = cases.objective("least_squares", torch.float32)
    found = study(wrong, single, {"w": torch.tensor([0.3, -1.0, 2.0])}, seed=0)
    assert not found.agree
    disagree = {frozenset((p.a, p.b)) for p in found.pairs["float64"] if not p.agree}
    assert disagree == {frozenset(("manual", m)) for m in ("backward", "autograd_grad", "forward")}
    assert all(p.agree for p in found.pairs["float32"])


def test_a_gradient_of_zero_agrees_with_what_rounding_leaves() -> None:
    f = cases.objective("least_squares")
    assert isinstance(f, LeastSquares)
    single = cases.objective("least_squares", torch.float32)
    assert study(f, single, {"w": f.minimiser.float()}, seed=0).agree
    cubic = cases.objective("polynomial")
    assert study(cubic, cubic, {"x": torch.tensor(1.0)}, seed=0).agree


def test_relative_differences_are_of_the_larger_with_a_floor() -> None:
    a, b, none = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0]), torch.zeros(1)
    assert difference(a, b, 0.0, 0.1, none).relative == 0.5
    assert difference(a, b, 10.0, 0.1, none).relative == 0.1
    assert difference(0 * a, 0 * b, 0.0, 0.1, none).relative == 0
    assert not difference(a, b, 0.0, 0.1, none).agree
    assert difference(a, b, 0.0, 0.1, torch.tensor([0.9, 0.0])).agree
    assert not difference(a, b, 0.0, 0.1, torch.tensor([0.0, 0.9])).agree
    broken = difference(a, torch.tensor([torch.nan, 0.0]), 0.0, 0.1, none)
    assert broken.relative == math.inf
    assert not broken.agree


def test_a_gradient_that_is_not_finite_disagrees_and_is_named() -> None:
    f = Polynomial((1.0, 0.0, 0.0), x0=0.0)
    found = study(f, f, {"x": torch.tensor(3e38)}, seed=0)
    assert not found.agree
    assert "manual: x (float32)" in found.not_finite
    screen = io.StringIO()
    show(Console(width=80, file=screen), found, "title")
    assert "not finite" in screen.getvalue()


class Kink(Polynomial):
    """f(x) = relu(x) + a polynomial, whose slope jumps by 1 at 0."""

    def loss(self, params: Params) -> Tensor:
        return torch.relu(params["x"]) + super().loss(params)


KINK = Kink((1.0, 0.0, 0.0), x0=0.0)  # relu(x) + x²


@pytest.mark.parametrize("share", [-0.9, -0.3, -0.01, 0.01, 0.2, 1 / 3, 0.5, 0.7, 0.99])
def test_a_kink_within_the_step_shows_in_the_uncertainty(share: float) -> None:
    h = torch.finfo(torch.float64).eps ** (1 / 3)
    x = torch.tensor(share * h, dtype=torch.float64)
    v = torch.ones(1, dtype=torch.float64)
    slope, uncertainty = central_difference(KINK.loss, {"x": x}, "x", v)
    error = (slope - (x > 0).double() - 2 * x).abs()
    assert error > 1e-3
    assert error <= uncertainty


def test_away_from_kinks_the_uncertainty_is_small() -> None:
    x, v = torch.tensor(0.7, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    slope, uncertainty = central_difference(KINK.loss, {"x": x}, "x", v)
    assert (slope - 2.4).abs() <= uncertainty
    assert uncertainty < 1e-8


def test_small_parameters_are_asked_along_every_coordinate_and_large_ones_at_random() -> None:
    params = {"x": torch.tensor(1.0), "b": torch.zeros(16), "w": torch.zeros(5, 4)}
    directions = probes(params, torch.Generator().manual_seed(0))
    assert {name: tuple(v.shape) for name, v in directions.items()} == {
        "x": (1,),
        "b": (16, 16),
        "w": (4, 5, 4),
    }
    assert torch.equal(directions["b"], torch.eye(16))
    assert torch.allclose(directions["w"].flatten(1).norm(dim=1), torch.ones(4))


def test_nodes_are_counted_once_each_and_without_recursion() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    assert graph_nodes(x**3 + -3 * x) == 4  # power, multiply, add, and x once
    y = x
    for _ in range(5000):
        y = y + 1
    assert graph_nodes(y) == 5001
    assert graph_nodes(torch.tensor(1.0)) == 0


def test_bytes_saved_for_backward_are_those_of_new_storages() -> None:
    w, X = torch.ones(30, requires_grad=True), torch.ones(20, 30)

    def work() -> Tensor:
        a = torch.tanh(X @ w)  # mv saves X; tanh saves its output, 20 floats
        return (a * a).sum()  # the product saves the same storage, twice

    assert saved_bytes(work, [w, X]) == (80, 30 * 20 * 4)


def test_peak_memory_is_measured_at_the_allocator() -> None:
    x = torch.ones(1000, 1000)

    def work() -> Tensor:
        a = x + 1  # 4 MB
        b = a + 1  # 8 MB
        del a
        return (b + 1).sum()  # 8 MB again, and the sum

    peak = peak_memory(work, CPU)
    assert peak is not None
    assert 8_000_000 <= peak < 8_010_000


def test_the_report_fits_80_columns_and_its_json_has_every_number(tmp_path: Path) -> None:
    found = studied("tanh_mlp")
    f = cases.objective("tanh_mlp", torch.float32)
    card = cost_card(f, found.params, dict(GRADIENTS))
    screen = io.StringIO()
    console = Console(width=80, file=screen)
    show(console, found, "check · tanh_mlp")
    show_costs(console, card, "cost, float32")
    text = screen.getvalue()
    assert "All gradients agree." in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    report = as_json(found, card)
    json.dumps(report, allow_nan=False)
    assert [len(report["pairs"][dtype]) for dtype in ("float64", "float32")] == [10, 10]
    rows = {row["method"]: row for row in report["costs"]}
    assert set(rows) == {"manual", "backward", "autograd_grad", "forward", "central"}
    assert rows["manual"]["graph_nodes"] == rows["manual"]["saved_bytes"] == 0
    assert rows["backward"]["graph_nodes"] == rows["autograd_grad"]["graph_nodes"] > 5
    assert rows["backward"]["saved_bytes"] >= 8 * 20 * 4  # the hidden activations
    assert rows["forward"]["directions"] == sum(p.numel() for p in found.params.values())
    for row in report["costs"]:
        assert row["seconds_per_direction"] > 0
        assert row["peak_bytes"] > 0


def test_a_wrong_file_ends_with_code_5_and_its_diagnosis_in_check_json(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("def gradient(x):\n    return 6 * x**2 - 6\n", "utf-8")
    words = ("task=check", "problem=polynomial", "gradient=file", "gradient.path=mine.py")
    done = cli(*words)
    assert done.returncode == 5, done.stderr
    assert "x: is 2 times the right gradient" in done.stdout
    assert done.stderr == ""
    (path,) = tmp_path.glob("outputs/check/*/check.json")
    report = json.loads(path.read_text("utf-8"))
    assert report["agree"] is report["student"]["accepted"] is False
    (finding,) = report["student"]["findings"]
    assert (finding["kind"], finding["parameters"]) == ("factor", ["x"])
    assert (path.parent / "config.yaml").exists()


def test_gradient_file_without_a_path_is_a_configuration_error(cli: Cli) -> None:
    done = cli("task=check", "problem=polynomial", "gradient=file")
    assert done.returncode == 2
    assert "gradient.path=FILE.py" in done.stderr


def test_methods_that_agree_end_with_code_0(cli: Cli) -> None:
    done = cli("task=check", "problem=composite")
    assert done.returncode == 0, done.stderr
    assert "All gradients agree." in done.stdout
