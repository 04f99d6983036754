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
    def strips(self) -> tuple[Any, Any, Any, Any]:
        """B in strips: `position`, `start`, `column`, `strips` of `strips.times_columns`.

        Rows with as many entries that are not 0 share a block: they leave out more columns.
        """
        from ..compiled.strips import LANES, count_strips, cut_strips

        B = self.stored.contiguous()
        filled = B.count_nonzero(1)
        order = filled.argsort(stable=True)[filled.eq(0).sum() :]
        start = count_strips(B.numpy(), order.numpy())
        position = torch.full((len(B),), -(-len(order) // LANES) * LANES)
        position[order] = torch.arange(len(order))
        return position.numpy(), start, *cut_strips(B.numpy(), order.numpy(), start)

    @cached_property
    def entries(self) -> tuple[Any, Any, Any]:
        """The entries of B that are not 0."""
        from ..compiled.panels import compress

        entries: tuple[Any, Any, Any] = compress(self.stored.contiguous().numpy())
        return entries

    @cached_property
    def entries_of_rows(self) -> tuple[Any, Any, Any]:
        """The entries of B that are not 0, as `first_layer.entries_of_rows` gives them."""
        from ..compiled.first_layer import entries_of_rows

        entries: tuple[Any, Any, Any] = entries_of_rows(self.stored.contiguous().numpy())
        return entries

    @property
    def affine(self) -> tuple[float, float]:
        """(scale, shift) of X = scale · B + shift."""
        return 1 / (255 * self.std), -self.mean / self.std

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
        from ..compiled import compilation, panels, strips  # numba takes 0.2 s to import

        scale, shift = self.affine
        threads = compilation.take_torchs_threads()
        if W.ndim == 1 or W.shape[1] < panels.PANEL:
            V = W.mT.reshape(-1, len(W)).contiguous() if W.ndim > 1 else W.contiguous()[None]
            out = strips.times_columns(*self.strips, V.numpy(), scale, shift)
            Z = torch.from_numpy(out)
            return Z[0] if W.ndim == 1 else Z.mT
        side_by_side = to_panels(W, panels.PANEL)  # (p, d, 32)
        n = len(self.stored)
        out = panels.times_panels(n, *self.entries, side_by_side.numpy(), scale, shift, threads)
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
