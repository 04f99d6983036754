"""The trace of a real graph: pinned numbers of the lecture, and properties over a zoo."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from cases import NAMES, objective
from torch import Tensor
from torch.nn import functional
from traces import X3_MINUS_3X, known, least_squares, normal, numbers, polynomial, scalar

from stat4830_grad.core import Params
from stat4830_grad.graph import Trace, trace


def test_x_cubed_minus_3x_has_the_graph_of_the_lecture() -> None:
    add, multiply, power = polynomial().nodes
    assert [n.operation for n in (add, multiply, power)] == ["add", "multiply", "power"]
    assert [n.name for n in (add, multiply, power)] == ["f", "z₂", "z₁"]
    assert [n.expression for n in (add, multiply, power)] == ["z₁ + z₂", "−3x", "x³"]
    assert [n.outputs[0].scalar for n in (add, multiply, power)] == [-2.0, -3.0, 1.0]


def test_backward_on_x_cubed_minus_3x_passes_what_the_lecture_says() -> None:
    told = polynomial()
    add, multiply, power = told.nodes
    assert known(add.incoming[0]).scalar == 1.0
    passed = [(e.target, known(e.contribution).scalar) for e in add.edges]
    assert passed == [("z₁", 1.0), ("z₂", 1.0)]
    assert [(e.target, e.formula, known(e.contribution).scalar) for e in multiply.edges] == [
        ("x", "−3", -3.0)
    ]
    (edge,) = power.edges
    assert (edge.formula, edge.numbers, known(edge.local).scalar) == ("3x²", "3·1²", 3.0)
    (x,) = told.leaves
    assert [c.value.scalar for c in x.contributions] == [-3.0, 3.0]
    assert x.gradient.scalar == 0.0


@pytest.mark.parametrize("x", [1.0, 2.0, -0.5])
def test_the_graph_of_the_backward_pass_gives_the_second_derivative_6x(x: float) -> None:
    told = polynomial(x, order=2)
    assert told.function == "f′"
    assert told.value.scalar == 3 * x**2 - 3
    assert told.leaves[0].gradient.scalar == 6 * x
    assert told.nodes[-1].expression == "x²"
    assert told.nodes[-1].edges[0].formula == "2x"


def test_third_derivatives_work_too() -> None:
    told = polynomial(2.0, order=3)
    assert (told.function, told.leaves[0].gradient.scalar) == ("f″", 6.0)


def test_least_squares_has_the_shapes_of_the_lecture() -> None:
    told, gradient = least_squares()
    half, dot, subtract, matmul = told.nodes
    assert [(e.formula, e.jacobian) for e in half.edges] == [("0.5", (1, 1))]
    assert [(e.formula, e.jacobian) for e in dot.edges] == [("z₂ᵀ", (1, 20))] * 2
    assert known(dot.edges[0].local).norm == subtract.outputs[0].norm
    assert [(e.formula, e.jacobian) for e in subtract.edges] == [("I", (20, 20))]
    half_of_twice = known(subtract.incoming[0])  # ½ · 2z₁ᵀ = z₁ᵀ
    assert half_of_twice.norm == pytest.approx(subtract.outputs[0].norm)
    assert [(e.formula, e.jacobian) for e in matmul.edges] == [("X", (20, 2))]
    assert subtract.expression == "z₁ − y"
    assert told.leaves[0].gradient.values == pytest.approx(gradient.tolist())


def test_the_gradient_of_the_summed_gradient_is_the_hessian_times_ones() -> None:
    A, w = normal(3, 3), normal(3, seed=1)
    told = trace(lambda p: 0.5 * torch.dot(A @ p["w"], A @ p["w"]), {"w": w}, order=2)
    assert told.function == "Σ∇f"
    hessian_times_ones = A.mT @ A @ torch.ones(3, dtype=torch.float64)
    assert told.leaves[0].gradient.values == pytest.approx(hessian_times_ones.tolist())


class Cube(torch.autograd.Function):
    """x³ with a backward pass of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x * x) * x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        slope: Tensor = 3 * x * x
        return slope * grad


def clamped_in_place(p: Params) -> Tensor:
    z = p["a"] * 2
    z.add_(p["b"]).mul_(3.0)
    return z.sin().sum()


def unbound(p: Params) -> Tensor:
    u, v, _ = p["a"].unbind()
    return u * v - v * p["s"]


ZOO: dict[str, Callable[[Params], Tensor]] = {  # a (3,), b (3,), M (4, 3), s ()
    "reuse": lambda p: sum((p["a"] * p["a"] * k for k in range(1, 6)), p["a"]).sum(),
    "broadcasting": lambda p: (p["M"] * p["a"] + p["s"] - p["b"]).pow(2).sum(),
    "division": lambda p: (p["a"] / (p["b"] ** 2 + 1) / p["s"]).sum(),
    "views": lambda p: (p["M"].mT.reshape(2, 6)[:, 1:4] * p["a"]).squeeze().exp().mean(),
    "matmul": lambda p: torch.tanh(p["M"] @ p["a"]) @ (p["M"] @ p["b"]),
    "three dimensions": lambda p: (p["M"].expand(2, 4, 3) @ p["M"].mT).sigmoid().mean(),
    "linear": lambda p: functional.linear(p["M"], p["M"], p["M"].sum(-1)).relu().sum(),
    "cross-entropy": lambda p: functional.binary_cross_entropy_with_logits(
        p["a"], torch.ones_like(p["a"])
    ),
    "softmax cross-entropy": lambda p: functional.cross_entropy(p["M"], torch.tensor([0, 2, 1, 1])),
    "indexing": lambda p: p["M"][[0, 2, 2], [1, 1, 0]].sum() + p["a"][1] * p["s"],
    "cat and stack": lambda p: torch.stack([torch.cat([p["a"], p["b"]])] * 2).norm(),
    "unbind": unbound,
    "split": lambda p: sum(part.prod() for part in p["M"].split(3)),
    "max": lambda p: p["M"].max(dim=0).values.logsumexp(0) * p["s"],
    "a Function in Python": lambda p: Cube.apply(p["a"] * p["b"]).sum() * p["s"],
    "in place": clamped_in_place,
    "a leaf itself": lambda p: p["s"],
    "other type": lambda p: (p["a"].float() * p["b"].float()).sum(),
    "saddle of nan": lambda p: (p["a"] * float("nan")).sum() + p["s"],
}


def zoo_params() -> Params:
    return {"a": normal(3), "b": normal(3, seed=1), "M": normal(4, 3, seed=2), "s": scalar(0.7)}


def zoo_trace(name: str, order: int = 1) -> Trace:
    return trace(ZOO[name], zoo_params(), order=order, keep=1000)


@pytest.mark.parametrize("name", ZOO)
def test_contributions_of_each_leaf_sum_to_the_gradient_of_autograd(name: str) -> None:
    leaves = {k: p.requires_grad_() for k, p in zoo_params().items()}
    expected = torch.autograd.grad(ZOO[name](leaves), list(leaves.values()), materialize_grads=True)
    for leaf, gradient in zip(zoo_trace(name).leaves, expected, strict=True):
        summed = torch.zeros(gradient.numel(), dtype=torch.float64)
        for c in leaf.contributions:
            summed += torch.tensor(c.value.values, dtype=torch.float64)
        torch.testing.assert_close(
            summed, gradient.flatten(), rtol=1e-12, atol=1e-12, equal_nan=True
        )
        assert leaf.difference == pytest.approx(0.0, abs=1e-12) or math.isnan(leaf.difference)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ZOO)
def test_the_order_is_a_reverse_topological_order(name: str, order: int) -> None:
    try:
        told = zoo_trace(name, order)
    except ValueError:
        assert order == 2  # a function whose gradient is constant has no second graph
        return
    assert_reverse_topological(told)


def assert_reverse_topological(told: Trace) -> None:
    step = {node.name: k for k, node in enumerate(told.nodes)}
    leaves = {leaf.name for leaf in told.leaves}
    assert len(step) == len(told.nodes)
    for node in told.nodes:
        for edge in node.edges:
            assert edge.target in leaves or step[edge.target] > step[node.name]


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"saddle of nan"}))
def test_what_arrives_at_a_node_is_the_sum_of_what_its_consumers_passed(name: str) -> None:
    told = zoo_trace(name)
    for node in told.nodes[1:]:
        for k, incoming in enumerate(node.incoming):
            passed = [
                torch.tensor(edge.contribution.values)
                for consumer in told.nodes
                for edge in consumer.edges
                if (edge.target, edge.output) == (node.name, k) and edge.contribution
            ]
            total = torch.zeros(()) if incoming is None else torch.tensor(incoming.values)
            assert torch.allclose(torch.stack(passed).sum(0) if passed else total * 0, total)


def test_values_are_those_of_the_computation() -> None:
    told = zoo_trace("matmul")
    p = zoo_params()
    values = {node.operation: node.outputs[0].values for node in told.nodes}
    assert values["tanh"] == pytest.approx(torch.tanh(p["M"] @ p["a"]).tolist())


def test_a_leaf_that_is_not_reached_has_no_contributions_and_the_gradient_zero() -> None:
    leaf = zoo_trace("unbind").leaves[2]
    assert (leaf.name, leaf.contributions, set(numbers(leaf.gradient))) == ("M", (), {0.0})


def test_a_tensor_outside_the_parameters_counts_as_a_constant() -> None:
    other = scalar(5.0).requires_grad_()
    told = trace(lambda p: p["x"] * other.exp(), {"x": scalar(2.0)})
    assert [node.operation for node in told.nodes] == ["multiply"]
    assert [edge.target for edge in told.nodes[0].edges] == ["x"]


def test_tracing_leaves_parameters_and_their_grad_alone() -> None:
    p = {"x": scalar(2.0).requires_grad_()}
    trace(X3_MINUS_3X.loss, p, order=2)
    assert p["x"].grad is None


def test_only_small_tensors_are_kept_as_numbers() -> None:
    told = trace(lambda p: (p["M"] @ p["a"]).sin().sum(), zoo_params(), keep=3)
    matmul = told.nodes[-1]
    assert matmul.outputs[0].values is None
    assert matmul.outputs[0].shape == (4,)
    p = zoo_params()
    assert matmul.outputs[0].norm == pytest.approx(float((p["M"] @ p["a"]).norm()))
    assert known(matmul.edges[1].contribution).values is not None


SCALAR_OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: torch.add(a, b, alpha=2.5),
    "sub": lambda a, b: torch.sub(a, b, alpha=2.5),
    "rsub": lambda a, b: 3.0 - a,
    "neg": lambda a, b: -a,
    "mul": lambda a, b: a * b,
    "mul by a number": lambda a, b: a * -1.5,
    "div": lambda a, b: a / b,
    "reciprocal": lambda a, b: a.reciprocal(),
    "power 3": lambda a, b: a**3,
    "power 2": lambda a, b: a**2,
    "power 1": lambda a, b: a**1,
    "power 0": lambda a, b: a**0,
    "power -1": lambda a, b: a**-1,
    "power 1.5": lambda a, b: a**1.5,
    "power of tensors": lambda a, b: a**b,
    "sqrt": lambda a, b: a.sqrt(),
    "exp": lambda a, b: a.exp(),
    "log": lambda a, b: a.log(),
    "log1p": lambda a, b: a.log1p(),
    "sin": lambda a, b: a.sin(),
    "cos": lambda a, b: a.cos(),
    "abs": lambda a, b: (-a).abs(),
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: a.sigmoid(),
    "logsigmoid": lambda a, b: functional.logsigmoid(a),
    "softplus": lambda a, b: functional.softplus(a),
    "relu": lambda a, b: a.relu(),
    "relu off": lambda a, b: (-a).relu(),
    "cross-entropy": lambda a, b: functional.binary_cross_entropy_with_logits(a, scalar(1.0)),
}


def test_log_softmax_has_the_derivative_that_is_written_for_each_row() -> None:
    """I − 1 exp(out)ᵀ."""
    told = trace(lambda p: torch.log_softmax(p["M"], -1).square().sum(), zoo_params())
    assert told.nodes[-1].operation == "log softmax"
    assert told.nodes[-1].edges[0].formula == "each I − 1 exp(z₁)ᵀ"
    row = normal(3)
    by_formula = torch.eye(3).double() - torch.log_softmax(row, -1).exp()
    jacobian = torch.autograd.functional.jacobian(lambda z: torch.log_softmax(z, -1), row)
    torch.testing.assert_close(by_formula, jacobian)


def evaluated(formula: str) -> float:
    """A formula with numbers put in, read as the mathematics it says."""
    text = formula.replace("ᵀ", "").replace("−", "-").replace("^", "**")
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "**" + plain_digits(m[0]), text)
    text = re.sub(r"1\[(.*?)\]", r"float(\1)", text).replace("·", "*")
    text = re.sub(r"(\d) ?(?=[(lσ])", r"\1*", text)
    text = re.sub(r"log ([\d.]+)", r"log(\1)", text)
    names = {
        "log": math.log, "cos": math.cos, "sin": math.sin, "float": float,
        "sign": lambda v: math.copysign(1, v), "σ": lambda v: 1 / (1 + math.exp(-v)),
    }  # fmt: skip
    return float(eval(text, {"__builtins__": {}}, names))


def plain_digits(text: str) -> str:
    return text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", SCALAR_OPERATIONS)
def test_formulas_say_what_autograd_computes(name: str, order: int) -> None:
    a, b = scalar(0.7), scalar(1.3)
    params = {"a": a, "b": b} if order == 1 else {"a": a}  # f′ by one parameter, not a sum

    def function(p: Params) -> Tensor:
        return SCALAR_OPERATIONS[name](p["a"], p.get("b", b))

    try:
        told = trace(function, params, order=order)
    except ValueError:
        assert order == 2
        return
    for node in told.nodes:
        for edge in node.edges:
            if order == 1:
                assert edge.formula is not None
            if edge.formula is not None:
                value = evaluated(edge.numbers or edge.formula)
                assert value == pytest.approx(known(edge.local).scalar, rel=2e-3, abs=1e-3)


def test_the_length_of_a_graph_is_not_bounded_by_the_stack() -> None:
    code = """
import threading
from stat4830_grad.graph import trace
from traces import chain, scalar

def run():
    print(len(trace(chain, {"x": scalar(0.5)}).nodes))

threading.stack_size(2**19)  # a sixteenth of what Linux gives the main thread
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout == "5000\n", done.stderr


def test_json_has_finite_numbers_only_as_numbers() -> None:
    told = trace(lambda p: (p["x"] / 0.0) * p["x"] + p["x"] * float("nan"), {"x": scalar(-1.0)})
    text = json.dumps(told.to_dict(), allow_nan=False)
    assert {'"-inf"', '"inf"', '"nan"'} <= set(re.findall(r'"-?inf"|"nan"', text))


def test_json_of_x_cubed_minus_3x_follows_the_schema() -> None:
    told = polynomial().to_dict()
    assert set(told) == {"schema", "function", "meaning", "order", "value", "nodes", "leaves"}
    number = {"shape": [], "dtype": "float64", "norm": 3.0}
    assert told["nodes"][2] == {
        "step": 3,
        "name": "z₁",
        "operation": "power",
        "torch": "PowBackward0",
        "expression": "x³",
        "outputs": [{**number, "values": [1.0], "norm": 1.0}],
        "incoming": [{**number, "values": [1.0], "norm": 1.0}],
        "edges": [
            {
                "target": "x",
                "output": 0,
                "slot": 0,
                "derivative": "3x²",
                "numbers": "3·1²",
                "jacobian": [1, 1],
                "local": {**number, "values": [3.0]},
                "contribution": {**number, "values": [3.0]},
                "through": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("function", "order", "words"),
    [
        (lambda p: p["a"] * 2, 1, "one number"),
        (lambda p: torch.zeros(()), 1, "does not depend on the parameters"),
        (lambda p: p["s"] * 2, 2, "no graph of order 2"),
        (lambda p: p["s"] ** 2, 0, "order=0"),
    ],
)
def test_what_cannot_be_traced_is_refused_with_the_reason(
    function: Callable[[Params], Tensor], order: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        trace(function, zoo_params(), order=order)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_every_problem_and_model_is_traced_with_its_gradient(name: str, order: int) -> None:
    problem = objective(name)
    params = {key: p.double() for key, p in problem.init(torch.Generator().manual_seed(3)).items()}
    told = trace(problem.loss, params, order=order, keep=10_000)
    assert_reverse_topological(told)
    for leaf in told.leaves:
        summed = torch.zeros(leaf.gradient.size, dtype=torch.float64)
        for c in leaf.contributions:
            summed += torch.tensor(c.value.values, dtype=torch.float64)
        assert summed.tolist() == pytest.approx(list(numbers(leaf.gradient)), rel=1e-12, abs=1e-13)
    if order == 1:
        by_hand = problem.loss_and_gradient(params)[1]
        for leaf in told.leaves:
            expected = by_hand[leaf.name].flatten().tolist()
            assert list(numbers(leaf.gradient)) == pytest.approx(expected, rel=1e-9, abs=1e-12)
