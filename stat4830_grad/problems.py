"""The objectives: each formula with its gradient by hand beside it.

Index legend: n samples, d inputs, h hidden units, m outputs, p parameters; *K leading dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .core import Model, Params
from .data import Part, Split
from .models import linear_bias, linear_weight


@dataclass(frozen=True)
class Polynomial:
    """f(x) = Σ cᵢ xⁱ for x (*K,), by default the lecture's x³ − 3x."""

    coefficients: tuple[float, ...]  # highest power first, as numpy.polyval takes them
    x0: float
    columns: tuple[str, ...] = ("loss", "x", "grad_norm")

    @cached_property
    def terms(self) -> list[tuple[int, float]]:
        """(power, coefficient) of every term that is not zero, highest power first."""
        powers = range(len(self.coefficients) - 1, -1, -1)
        return [(i, c) for i, c in zip(powers, self.coefficients, strict=True) if c != 0]

    def init(self, generator: torch.Generator) -> Params:
        return {"x": torch.tensor(self.x0, dtype=torch.float64)}

    def loss(self, params: Params) -> Tensor:
        return reduce(add, [monomial(c, params["x"], i) for i, c in self.terms])

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        x = params["x"]
        slopes = [monomial(i * c, x, i - 1) for i, c in self.terms if i > 0]  # c i xⁱ⁻¹
        return self.loss(params), {"x": reduce(add, slopes)}

    def metrics(self, params: Params) -> dict[str, Tensor]:
        return {"loss": self.loss(params), "x": params["x"]}


def monomial(c: float, x: Tensor, power: int) -> Tensor:
    """c xⁱ without the factors that do nothing, so that the graph of x³ − 3x is the lecture's."""
    if power == 0:
        return torch.full_like(x, c)
    xi = x if power == 1 else x**power
    return xi if c == 1 else c * xi


@dataclass(frozen=True)
class Composite:
    """f = ½‖tanh(W₂ relu(W₁ x + b₁) + b₂) − y‖², the lecture's opening function.

    Parameters: x (*K, d), w1 (*K, h, d), b1 (*K, h), w2 (*K, m, h), b2 (*K, m); y (m,) is given.
    """

    y: Tensor  # (m,)
    d: int
    h: int
    columns: tuple[str, ...] = ("loss", "grad_norm")

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

    def loss(self, params: Params) -> Tensor:
        r = torch.relu(apply(params["w1"], params["x"]) + params["b1"])  # (*K, h)
        o = torch.tanh(apply(params["w2"], r) + params["b2"])  # (*K, m)
        return 0.5 * ((o - self.y) ** 2).sum(-1)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
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
        return {"loss": self.loss(params)}


def apply(W: Tensor, x: Tensor) -> Tensor:
    """W x for W (*K, m, d) and x (*K, d): (*K, m)."""
    return (W @ x.unsqueeze(-1)).squeeze(-1)


def outer(a: Tensor, b: Tensor) -> Tensor:
    """a bᵀ for a (*K, m) and b (*K, d): (*K, m, d)."""
    return a.unsqueeze(-1) * b.unsqueeze(-2)


@dataclass(frozen=True)
class LeastSquares:
    """f(w) = ½‖Xw − y‖² for w (*K, p), ∇f = Xᵀ(Xw − y)."""

    X: Tensor  # (n, p)
    y: Tensor  # (n,)
    minimiser: Tensor  # (p,), of least norm where there are many
    w0: tuple[float, ...] | None = None  # initial point; None is the origin
    columns: tuple[str, ...] = ("loss", "grad_norm", "distance")

    def init(self, generator: torch.Generator) -> Params:
        w0: Sequence[float] = self.w0 or [0.0] * self.X.shape[1]
        return {"w": torch.tensor(w0, dtype=torch.float64)}

    def residual(self, params: Params) -> Tensor:
        return params["w"] @ self.X.mT - self.y  # (*K, n)

    def loss(self, params: Params) -> Tensor:
        return 0.5 * (self.residual(params) ** 2).sum(-1)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        r = self.residual(params)
        return 0.5 * (r**2).sum(-1), {"w": r @ self.X}

    def metrics(self, params: Params) -> dict[str, Tensor]:
        distance = torch.linalg.vector_norm(params["w"] - self.minimiser, dim=-1)
        return {"loss": self.loss(params), "distance": distance}


def minimiser(X: Tensor, y: Tensor) -> Tensor:
    """argmin ½‖Xw − y‖², the one of least norm, solved in float64: (p,)."""
    solution = torch.linalg.lstsq(X.double().cpu(), y.double().cpu()[:, None], driver="gelsd")
    return solution.solution.squeeze(-1).to(X)


@dataclass(frozen=True)
class Parity:
    """Odd or even? Mean binary cross-entropy of a model's logits z against y = label mod 2.

    f = 1/n Σ softplus(z) − y z, so ∂f/∂z = (σ(z) − y)/n (Bishop, PRML, eq. 4.90–4.91).
    """

    model: Model
    data: Split

    def parts(self) -> dict[str, Part]:
        """The parts of the data that exist: train, val, test."""
        parts = {"train": self.data.train, "val": self.data.val, "test": self.data.test}
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        names = [f"{part}_{metric}" for part in self.parts() for metric in ("loss", "accuracy")]
        return (*names, "grad_norm")

    def init(self, generator: torch.Generator) -> Params:
        return self.model.init(generator, self.data.train.inputs.shape[1])

    def loss(self, params: Params) -> Tensor:
        train = self.data.train
        return cross_entropy(self.model.logits(params, train.inputs), train.y)

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        X, y = self.data.train.inputs, self.data.train.y
        z, pullback = self.model.vjp(params, X)
        return cross_entropy(z, y), pullback((torch.sigmoid(z) - y) / len(y))

    def metrics(self, params: Params) -> dict[str, Tensor]:
        values = {}
        for name, part in self.parts().items():
            z = self.model.logits(params, part.inputs)
            values[f"{name}_loss"] = cross_entropy(z, part.y)
            values[f"{name}_accuracy"] = accuracy(z, part.y)
        return values


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Mean binary cross-entropy (*K,) of logits z (*K, n) against y (n,) in {0, 1}."""
    if z.ndim == 1:
        return binary_cross_entropy_with_logits(z, y)
    return binary_cross_entropy_with_logits(z, y.expand_as(z), reduction="none").mean(-1)


def accuracy(z: Tensor, y: Tensor) -> Tensor:
    """Share (*K,) of samples on the right side of z = 0, in float64 so that 0.873 is 0.873."""
    return ((z > 0) == (y > 0.5)).double().mean(-1)
