"""The function that opens the lecture: "annoying" to differentiate by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ..config import problems as choices
from ..core import Params
from ..metrics import GRAD_NORM, LOSS, Metric
from .environment import Environment
from .models import linear_bias, linear_weight

METRICS = (LOSS, GRAD_NORM)


@dataclass(frozen=True)
class Composite:
    """f = ½‖tanh(W₂ relu(W₁ x + b₁) + b₂) − y‖².

    Parameters: x (*K, d), w1 (*K, h, d), b1 (*K, h), w2 (*K, m, h), b2 (*K, m); y (m,) is constant.
    """

    y: Tensor  # (m,)
    d: int
    h: int
    columns: tuple[Metric, ...] = METRICS
    by_hand: ClassVar[bool] = True
    capturable: ClassVar[bool] = True

    def init(self, generator: torch.Generator) -> Params:
        """x standard normal, then the layers as `torch.nn.Linear` draws them."""
        d, h, m = self.d, self.h, len(self.y)
        return {
            "x": torch.randn(d, generator=generator),
            "w1": linear_weight(generator, h, d),
            "b1": linear_bias(generator, h, d),
            "w2": linear_weight(generator, m, h),
            "b2": linear_bias(generator, m, h),
        }

    def starting_at(self, problem: choices.Problem) -> Self:
        """Itself: the initial point is drawn."""
        return self

    def loss(self, params: Params) -> Tensor:
        """½‖o − y‖²: (*K,)."""
        r = torch.relu(apply(params["w1"], params["x"]) + params["b1"])  # (*K, h)
        o = torch.tanh(apply(params["w2"], r) + params["b2"])  # (*K, m)
        return 0.5 * ((o - self.y) ** 2).sum(-1)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """The loss (*K,) and ∂f by the chain rule, from the output back to x."""
        x, w1, w2 = params["x"], params["w1"], params["w2"]
        r = torch.relu(apply(w1, x) + params["b1"])
        o = torch.tanh(apply(w2, r) + params["b2"])
        e = o - self.y
        dv = e * (1 - o**2)  # (*K, m): through tanh
        du = apply(w2.mT, dv) * (r > 0)  # (*K, h): through W₂ and relu
        grads = {
            "x": apply(w1.mT, du),  # W₁ᵀ du
            "w1": outer(du, x),  # du xᵀ
            "b1": du,
            "w2": outer(dv, r),  # dv rᵀ
            "b2": dv,
        }
        return 0.5 * (e**2).sum(-1), grads

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The loss."""
        return {LOSS.name: self.loss(params)}

    def constants(self) -> dict[str, Any]:
        """`y` (m,)."""
        return {"y": self.y}

    def solution(self) -> None:
        """None is known."""

    def workspace(self) -> int:
        """Both layers: h + m."""
        return self.h + len(self.y)

    def notes(self, runs: int) -> list[str]:
        """None."""
        return []


def apply(W: Tensor, x: Tensor) -> Tensor:
    """W x for W (*K, m, d) and x (*K, d): (*K, m)."""
    return (W @ x.unsqueeze(-1)).squeeze(-1)


def outer(a: Tensor, b: Tensor) -> Tensor:
    """a bᵀ for a (*K, m) and b (*K, d): (*K, m, d)."""
    return a.unsqueeze(-1) * b.unsqueeze(-2)


def build(
    problem: choices.Composite, model: None, where: Environment
) -> tuple[Composite, dict[str, Any]]:
    """The function with a standard normal y."""
    y = torch.randn(problem.outputs, generator=where.generator).to(where.device, where.dtype)
    return Composite(y, problem.inputs, problem.hidden), {"name": problem.name}
