"""Normalised images as a matrix that is kept as bytes: `X @ W` and `X.mT @ Z` as for a tensor.

With B (n, d) the bytes as stored, X = (B/255 − mean)/std is scale · B + shift everywhere, so

    X W = scale · B W + shift · 1 (1ᵀ W)        and the same with Xᵀ and Bᵀ,

where a black pixel, B = 0, costs nothing: four fifths of MNIST. B is a quarter of X's memory.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

FEW = 4
"""Columns that are multiplied one by one: a panel of 32, mostly filled up, would take longer."""


class Pixels:
    """X (n, d) = (B/255 − mean)/std for B (n, d) uint8, on the CPU.

    Not a tensor: it knows `@`, `mT`, `shape` and `dense()`. `X @ W` is differentiable in
    W any number of times, and is `X.dense() @ W` to rounding.
    """

    def __init__(self, stored: Tensor, mean: float, std: float, dtype: torch.dtype) -> None:
        self.stored = stored  # B, as it lies in memory
        self.mean, self.std, self.dtype = mean, std, dtype

    @property
    def shape(self) -> torch.Size:
        """(n, d)."""
        return self.stored.shape

    @cached_property
    def mT(self) -> Pixels:
        """Xᵀ (d, n)."""
        turned = Pixels(self.stored.mT, self.mean, self.std, self.dtype)
        turned.__dict__["mT"] = self
        return turned

    @cached_property
    def _not_empty(self) -> tuple[Any, Any, Any]:
        """B without its empty rows and columns, and the numbers of those that are left.

        B is filled up with zeros and cut into (segments, blocks, SEGMENT, LANES): columns in
        segments, rows in blocks, as `times_vector` reads it.
        """
        from .kernels import LANES, SEGMENT

        rows, columns = (self.stored.any(dim).nonzero().flatten() for dim in (1, 0))
        segments, blocks = -(-len(columns) // SEGMENT), -(-len(rows) // LANES)
        B = self.stored.new_zeros(blocks * LANES, segments * SEGMENT)
        B[: len(rows), : len(columns)] = self.stored[rows][:, columns]
        cut = B.view(blocks, LANES, segments, SEGMENT).permute(2, 0, 3, 1).contiguous()
        return cut.numpy(), rows.numpy(), columns.numpy()

    @cached_property
    def _entries(self) -> tuple[Any, Any, Any]:
        """The entries of B that are not 0."""
        from .kernels import compress

        entries: tuple[Any, Any, Any] = compress(self.stored.contiguous().numpy())
        return entries

    def dense(self) -> Tensor:
        """X (n, d) as a tensor, with the roundings of torchvision's ToTensor and Normalize."""
        X = self.stored.to(self.dtype).div_(255)
        mean, std = (torch.tensor(value, dtype=self.dtype) for value in (self.mean, self.std))
        return X.sub_(mean).div_(std)

    def __matmul__(self, W: Tensor) -> Tensor:
        """X W: (n, m) for W (d, m), (n,) for W (d,)."""
        if not (W.requires_grad and torch.is_grad_enabled()):
            return self.times(W)
        product: Tensor = Product.apply(W, self)
        return product

    def times(self, W: Tensor) -> Tensor:
        """X W, outside any graph."""
        from ..compiled import compilation  # numba takes a fifth of a second to import
        from . import kernels

        n, scale, shift = len(self.stored), 1 / (255 * self.std), -self.mean / self.std
        if W.ndim > 1 and W.shape[1] <= FEW:
            return torch.stack([self.times(w) for w in W.mT], dim=1)
        threads = compilation.take_torchs_threads()
        if W.ndim == 1:
            base = shift * W.sum().item()
            v = W.contiguous().numpy()
            return torch.from_numpy(kernels.times_vector(n, *self._not_empty, v, scale, base))
        panels = to_panels(W, kernels.PANEL)  # (p, d, 32)
        bases = panels.sum(1).mul_(shift).numpy()
        out = kernels.times_panels(n, *self._entries, panels.numpy(), scale, bases, threads)
        return torch.from_numpy(out).movedim(0, 1).flatten(1)[:, : W.shape[1]]


def to_panels(W: Tensor, width: int) -> Tensor:
    """(d, m) -> (p, d, width): the columns of W, `width` side by side, filled up with zeros."""
    if missing := -W.shape[1] % width:
        W = torch.nn.functional.pad(W, (0, missing))
    panels: Tensor = W.unflatten(1, (-1, width)).movedim(1, 0).contiguous()
    return panels


class Product(torch.autograd.Function):
    """W ↦ X W, whose derivative is G ↦ Xᵀ G."""

    @staticmethod
    def forward(ctx: Any, W: Tensor, X: Pixels) -> Tensor:
        """X W (n, …) for X (n, d) and W (d, …); keeps X for `backward`."""
        ctx.X = X
        return X.times(W)

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> tuple[Tensor, None]:
        """Xᵀ G (d, …) for G (n, …); nothing for X, which is data."""
        return ctx.X.mT @ G, None
