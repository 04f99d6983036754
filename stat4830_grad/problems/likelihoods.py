"""What logits mean: the probability of the second of two classes, or of each of C.

Both losses are mean cross-entropies, −1/n Σ log P(y), and for both the derivative by the logits is
(predicted probability − observed)/n (Bishop, PRML, §4.3.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.functional import cross_entropy as torch_cross_entropy


class Likelihood(Protocol):
    """How logits z and labels y (n,) become a loss; z is (*K, n), or (*K, n, C) for C classes."""

    @property
    def outputs(self) -> int:
        """Logits that a model computes for each sample."""

    @property
    def error(self) -> str:
        """n ∂loss/∂z as a formula."""

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy (*K,)."""

    def slope(self, z: Tensor, y: Tensor) -> Tensor:
        """∂loss/∂z, in the shape of z."""

    def accuracy(self, z: Tensor, y: Tensor) -> Tensor:
        """Share (*K,) of samples in their own class, in float64 so that 0.873 is 0.873."""


@dataclass(frozen=True)
class Binary:
    """P(1) = σ(z) for a logit z (*K, n); y (n,) is 0 or 1, in the dtype of z.

    f = 1/n Σ softplus(z) − y z, so ∂f/∂z = (σ(z) − y)/n (Bishop, PRML, eq. 4.90–4.91).
    """

    outputs: int = 1
    error: str = "σ(z) − y"

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean of log(1 + exp(z)) − y z over samples: (*K,)."""
        if z.ndim == 1:
            return binary_cross_entropy_with_logits(z, y)
        return binary_cross_entropy_with_logits(z, y.expand_as(z), reduction="none").mean(-1)

    def slope(self, z: Tensor, y: Tensor) -> Tensor:
        """∂loss/∂z = (σ(z) − y)/n: (*K, n)."""
        return (torch.sigmoid(z) - y) / len(y)

    def accuracy(self, z: Tensor, y: Tensor) -> Tensor:
        """Share of samples with z > 0 where y = 1, z ≤ 0 where y = 0: (*K,), float64."""
        return ((z > 0) == (y > 0.5)).double().mean(-1)


@dataclass(frozen=True)
class Softmax:
    """P(c) = exp(z_c)/Σ exp(z) for logits z (*K, n, C); y (n,) int64 is a class, 0 to C − 1.

    f = 1/n Σ log Σ exp(z) − z_y, so ∂f/∂z = (softmax(z) − Y)/n, where Y (n, C) is 1 in column y
    of each row and 0 elsewhere (Bishop, PRML, eq. 4.108–4.109).
    """

    outputs: int  # C
    error: str = "softmax(z) − Y"

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean of −log P(y) over samples: (*K,)."""
        if z.ndim == 2:
            return torch_cross_entropy(z, y)
        of_y = y.expand(z.shape[:-1]).unsqueeze(-1)
        return -torch.log_softmax(z, -1).gather(-1, of_y).squeeze(-1).mean(-1)

    def slope(self, z: Tensor, y: Tensor) -> Tensor:
        """∂loss/∂z = (P − indicator of y)/n: (*K, n, C)."""
        return (torch.softmax(z, -1) - self.indicators(z, y)) / len(y)

    def accuracy(self, z: Tensor, y: Tensor) -> Tensor:
        """Share of samples whose greatest logit is that of y: (*K,), float64."""
        return (z.argmax(-1) == y).double().mean(-1)

    def indicators(self, z: Tensor, y: Tensor) -> Tensor:
        """Y (n, C) in the dtype of z."""
        return (y[:, None] == torch.arange(self.outputs, device=y.device)).to(z.dtype)


@dataclass(frozen=True)
class CompiledBinary(Binary):
    """The same for logits on the CPU, each sum in one order: a run gets the bits it gets alone."""

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """`Binary.loss`, differentiable any number of times."""
        if not (z.requires_grad and torch.is_grad_enabled()):
            return on_rows("losses", z, y).reshape(z.shape[:-1])
        loss: Tensor = CompiledLoss.apply(z, y)
        return loss

    def slope(self, z: Tensor, y: Tensor) -> Tensor:
        """`Binary.slope`."""
        return on_rows("slopes", z, y).reshape(z.shape)


class CompiledLoss(torch.autograd.Function):
    """z ↦ the loss, whose derivative is g ↦ g · slope; where that is differentiated, torch's."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, y: Tensor) -> Tensor:
        """The loss (*K,) of logits z (*K, n) and labels y (n,)."""
        ctx.save_for_backward(z, y)
        return COMPILED.loss(z, y)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """∂f/∂z (*K, n) for ∂f/∂loss = g (*K,); nothing for y, which is data."""
        z, y = ctx.saved_tensors
        slope = BINARY.slope(z, y) if torch.is_grad_enabled() else COMPILED.slope(z, y)
        return g.unsqueeze(-1) * slope, None


def on_rows(name: Literal["losses", "slopes"], z: Tensor, y: Tensor) -> Tensor:
    """What the function of this name in `cross_entropy` makes of z (*K, n) as (K, n) and y (n,)."""
    from ..compiled import compilation, cross_entropy  # numba takes 0.2 s to import

    compilation.take_torchs_threads()
    function = cross_entropy.losses if name == "losses" else cross_entropy.slopes
    rows = z.detach().reshape(-1, z.shape[-1]).contiguous()
    return torch.from_numpy(function(rows.numpy(), y.numpy()))


BINARY, COMPILED = Binary(), CompiledBinary()


def likelihood_of(classes: int, *, compiled: bool = False) -> Likelihood:
    """That of labels of so many classes; of two, `compiled` for images that stay bytes."""
    if classes == 2:
        return COMPILED if compiled else BINARY
    return Softmax(classes)
