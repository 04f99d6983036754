"""L9 to L11: least squares, its gradient field, its graph, and gradient descent two ways."""

from __future__ import annotations

from functools import partial

import msgspec
import numpy as np
import torch
from torch import Tensor

from ...config.composing import compose
from ...config.schema import Gradient
from ...core import Params, Record, State
from ...figures.descent import draw_descent, draw_gradients
from ...gradients.methods import GRADIENTS
from ...graph import trace
from ...problems import LeastSquares
from ...system.wording import typeset
from ...training.landscape import Landscape
from ...training.sampling import as_array, sampled
from .calculus import edge, graph_picture, node, scalar, walked
from .protocol import column, history, single
from .row import Claim, Picture, Row, same, scientific, value, values

POINTS = torch.tensor([[-1.5, 1.0], [0.0, 0.0], [1.5, -1.0]], dtype=torch.float64)
SMALL = 1e-14
WINDOW = np.array([[-2, 2.5], [-2, 1.5]])


def lecture_problem() -> LeastSquares:
    """X, y and the minimiser of `experiment=lecture_least_squares`."""
    objective = single(compose("experiment=lecture_least_squares", "device=cpu")).objective
    assert isinstance(objective, LeastSquares)
    return objective


def landscape(objective: LeastSquares) -> Landscape:
    """Its contours around w*."""
    solution = objective.solution()
    return sampled(objective, solution, WINDOW, solution=as_array(solution["w"]))


def gradient_field() -> Row:
    """L9: contours, and the negative gradient at three points."""
    objective = lecture_problem()
    ways = {name: g(objective, {"w": POINTS})[1]["w"] for name, g in GRADIENTS.items()}
    formula = (POINTS @ objective.X.mT - objective.y) @ objective.X  # rows Xᵀ(Xw − y)
    claims = [values("w*", "(1.0, −0.5)", objective.minimiser.tolist())]
    for k, point in enumerate(POINTS.tolist()):
        what = f"∇f({', '.join(map(typeset, point))}), hand and autograd"
        claims.append(same(what, ways["manual"][k], ways["autograd_grad"][k]))
    claims.append(same("∇f and Xᵀ(Xw − y)", ways["backward"], formula))
    both = (ways["manual"], ways["autograd_grad"])
    draw = partial(draw_gradients, landscape(objective), POINTS, *both)
    caption = "Contours of ½‖Xw − y‖² with −∇f at three points, by hand and by autograd."
    return Row(
        "L9",
        "Least squares ½‖Xw − y‖² and its gradient",
        tuple(claims),
        (Picture("L09_gradients", caption, draw),),
    )


def graph() -> Row:
    """L10: the graph of ½z₁ᵀz₁, z₁ = Xw − y, and the total derivatives along it."""
    objective = lecture_problem()
    X, minus_y, (n, p) = objective.X, -objective.y, objective.X.shape
    w = {"w": POINTS[0]}

    def f(params: Params) -> Tensor:
        z1 = torch.addmv(minus_y, X, params["w"])  # Xw − y as one operation, as the lecture has it
        return 0.5 * (z1 @ z1)

    traced = trace(f, w, constants={"X": X, "−y": minus_y}, keep=n)
    shown = trace(f, w, constants={"X": X, "−y": minus_y})
    half, dot = edge(traced, "multiply"), node(traced, "dot")
    product = edge(traced, "add matmul", slot=2)
    gradient = traced.leaves[0].gradient
    z1 = X @ w["w"] + minus_y
    twice = sum(vector(e.local) for e in dot.edges)
    row_at_z1 = vector(node(traced, "add matmul").incoming[0])
    assert isinstance(twice, Tensor)
    return Row(
        "L10",
        "Its graph and backward() with total derivatives",
        (
            value("derivative of ½z₂ is ½", "0.5", scalar(half.local)),
            value("its shape", "1×1", shape(half.jacobian)),
            same("derivative of z₁ᵀz₁ and 2z₁ᵀ", twice, 2 * z1),
            value("its shape, 1×n", f"1×{n}", shape(dot.edges[0].jacobian)),
            same("(½)(2z₁ᵀ) and z₁ᵀ", row_at_z1, z1),
            value("derivative of Xw", "X", str(product.formula)),
            value("its shape, n×p", f"{n}×{p}", shape(product.jacobian)),
            same("z₁ᵀX (1×p), transposed, and ∇f", vector(gradient), manual(objective, w)),
        ),
        (graph_picture("L10_graph", "The graph of ½z₁ᵀz₁, z₁ = Xw − y, at w = (−1.5, 1)", shown),),
        details=walked(shown),
    )


def vector(summary: object) -> Tensor:
    """The entries that a trace kept: (size,)."""
    return torch.tensor(getattr(summary, "values", None), dtype=torch.float64)


def shape(jacobian: tuple[int, int]) -> str:
    """`5×2`."""
    return f"{jacobian[0]}×{jacobian[1]}"


def manual(objective: LeastSquares, params: Params) -> Tensor:
    """∇f by hand: (*K, p)."""
    return objective.loss_and_gradient(params)[1]["w"]


def descent() -> Row:
    """L11: gradient descent by hand and by autograd."""
    config = compose("experiment=lecture_least_squares", "device=cpu")
    runs = {}
    for name in ("manual", "autograd_grad"):
        chosen = msgspec.structs.replace(config, gradient=Gradient(name))
        experiment = single(chosen)
        runs[name] = history(experiment, chosen)
    paths = {name: trajectory(run) for name, run in runs.items()}
    losses = {name: column([r for _, r in run], "loss") for name, run in runs.items()}
    draw = partial(draw_descent, landscape(lecture_problem()), paths, losses)
    caption = (
        f"{config.steps} steps of gradient descent with step size {config.optimizer.lr:g}: the "
        "path over the contours and the loss, by hand and by autograd."
    )
    return Row(
        "L11",
        "Gradient descent by hand and by autograd",
        (
            same("the trajectory, both ways", paths["manual"], paths["autograd_grad"]),
            same("the loss curve, both ways", losses["manual"], losses["autograd_grad"]),
            small_loss("loss, by hand", losses["manual"]),
            small_loss("loss, by autograd", losses["autograd_grad"]),
        ),
        (Picture("L11_descent", caption, draw),),
    )


def trajectory(run: list[tuple[State, Record]]) -> Tensor:
    """Every iterate: (number of records, 2)."""
    return torch.stack([state.params["w"] for state, _ in run])


def small_loss(what: str, losses: Tensor) -> Claim:
    """Whether the loss is about 1e−14, that is at most that, at some step before the hundredth."""
    below = (losses <= SMALL).nonzero().flatten().tolist()
    stated = f"{scientific(SMALL)}, < 100 steps"
    if not below:
        return Claim(what, stated, f"{scientific(float(losses[-1]))} at the end", False)
    text = f"{scientific(float(losses[below[0]]))} after {below[0]}"
    return Claim(what, stated, text, below[0] < 100)
