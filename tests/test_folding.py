"""Plumbing folded into edges: what is left is the mathematics, and the numbers are the same."""

from __future__ import annotations

import pytest
import torch
from cases import NAMES, objective, start
from rich.console import Console

from stat4830_grad.graph import Trace, trace
from stat4830_grad.graph.derivatives import PLUMBING
from stat4830_grad.graph.text import TraceText
from stat4830_grad.problems import Classification
from stat4830_grad.system.wording import subscripted


def traced(name: str, *, order: int = 1, fold: bool) -> Trace:
    target = objective(name)
    return trace(target.loss, start(target, seed=1), order=order, keep=10**6, fold=fold)


def printed(found: Trace, width: int) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(TraceText(found))
    return capture.get()


@pytest.mark.parametrize("name", NAMES)
def test_every_leaf_is_passed_the_same_numbers(name: str) -> None:
    whole, folded = traced(name, fold=False), traced(name, fold=True)
    assert len(folded.nodes) <= len(whole.nodes)
    for one, other in zip(whole.leaves, folded.leaves, strict=True):
        assert one.gradient == other.gradient
        sums = [
            sum(torch.tensor(c.value.values, dtype=torch.float64) for c in leaf.contributions)
            for leaf in (one, other)
        ]
        torch.testing.assert_close(sums[0], sums[1])


def test_a_network_shows_its_layers_and_least_squares_no_reshaping() -> None:
    network = traced("relu_mlp", fold=True)
    operations = [node.operation for node in network.nodes]
    assert operations == ["cross-entropy", "add", "matmul", "relu", "add", "matmul"]
    assert [node.expression for node in network.nodes[1:3]] == ["z₄ + b₂", "z₃ w₂ᵀ"]
    assert not PLUMBING & {node.operation for node in traced("least_squares", fold=True).nodes}
    [edge] = network.nodes[-1].edges
    assert (edge.target, edge.through) == ("w1", ("transpose", "view"))


def test_a_derivative_behind_a_transposition_has_its_permutation() -> None:
    """∂(X w₁ᵀ)/∂w₁ = (X⊗I) P with P vec(w₁) = vec(w₁ᵀ), rows first."""
    network = traced("relu_mlp", fold=True)
    target, params = objective("relu_mlp"), start(objective("relu_mlp"), seed=1)
    assert isinstance(target, Classification)
    [edge] = network.nodes[-1].edges
    assert edge.formula == "(C⊗I) P"
    X, (h, d) = target.data.train.X, params["w1"].shape
    P = torch.eye(h * d).double().reshape(h, d, h * d).transpose(0, 1).reshape(h * d, h * d)
    by_formula = torch.kron(X.contiguous(), torch.eye(h).double()) @ P
    jacobian = torch.autograd.functional.jacobian(lambda w: (X @ w.mT).flatten(), params["w1"])
    torch.testing.assert_close(by_formula, jacobian.reshape(by_formula.shape))


def test_a_reshaped_number_has_one_derivative() -> None:
    assert "= 1 = I" not in printed(traced("logistic_bias", fold=False), 200)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("order", [1, 2])
def test_the_text_fits_its_width_and_keeps_every_number(width: int, order: int) -> None:
    found = traced("composite", order=order, fold=True)
    text = printed(found, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for node in found.nodes[:20]:
        assert f"{node.name} = " in text


def test_parameters_are_written_as_nodes_are() -> None:
    assert [subscripted(name) for name in ("w1", "b12", "w", "z₁")] == ["w₁", "b₁₂", "w", "z₁"]
