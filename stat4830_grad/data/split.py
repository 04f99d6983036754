"""The lecture's split: which images train and which validate, normalised, with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, TypeVar

import torch
from torch import Tensor

from ..system.errors import ConfigError
from .images import Images
from .pixels import Pixels

Labels = Literal["parity", "digit"]

CLASSES: dict[Labels, int] = {"parity": 2, "digit": 10}
"""How many there are of what images are told apart by."""


@dataclass(frozen=True)
class Part:
    """The samples of one part of a split and their labels, on the device."""

    inputs: Tensor | Pixels  # (n, d) dtype: what formulas multiply with
    y: Tensor  # (n,): of two classes 0 or 1 in dtype, of more the class in int64

    @cached_property
    def X(self) -> Tensor:
        """(n, d) dtype: the inputs as a tensor, made when first asked for."""
        return self.inputs.dense() if isinstance(self.inputs, Pixels) else self.inputs

    def rows(self, rows: Tensor) -> Part:
        """The samples `rows` (m,) int64 alone, as tensors."""
        return Part(self.X.index_select(0, rows), self.y.index_select(0, rows))


@dataclass(frozen=True)
class ImagePart(Part):
    """Flattened, normalised images with their parity or digit; as stored they stay on the CPU."""

    images: Tensor  # (n, 28, 28) uint8
    labels: Tensor  # (n,) uint8


P = TypeVar("P", bound=Part, covariant=True)


@dataclass(frozen=True)
class Split(Generic[P]):
    """The parts of one data set; `val` and `test` are None where they were not asked for."""

    name: str
    train: P
    val: P | None
    test: P | None
    sha256: str = ""  # of images, as they are published

    def parts(self) -> dict[str, Part]:
        """Those that exist, by name."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}


def split_images(
    images: Images,
    *,
    generator: torch.Generator,
    n_train: int,
    n_val: int,
    use_test: bool,
    mean: float,
    std: float,
    labels: Labels = "parity",
    dtype: torch.dtype,
    device: torch.device | str,
    compiled: bool = False,
    indices: Tensor | None = None,
    indices_are: str = "The indices of the split",
) -> Split[ImagePart]:
    """The first `n_train` of a random permutation train, the next `n_val` validate.

    `indices` (n_train + n_val,) int64 takes the permutation's place. The permutation is drawn all
    the same, so that what is drawn from `generator` later (weights) does not depend on it.
    `indices_are` is what messages call them. `compiled` keeps the inputs as bytes (on the CPU).

    Raises:
        ConfigError: sizes, indices, a test part or a `std` that cannot be had.
    """
    check_split(images, n_train, n_val, use_test, mean, std)
    chosen = chosen_images(len(images.train), n_train + n_val, generator, indices, indices_are)

    def part(stored: Tensor, digits: Tensor) -> ImagePart:
        pixels = Pixels(stored.flatten(1), mean, std, dtype)
        inputs = pixels if compiled else pixels.dense().to(device)
        y = (digits % 2).to(dtype) if labels == "parity" else digits.long()
        return ImagePart(inputs, y.to(device), stored, digits)

    both = (chosen[:n_train], chosen[n_train:])
    train, val = (part(images.rows("train", rows), images.train_labels[rows]) for rows in both)
    test = None
    if use_test and images.test is not None and images.test_labels is not None:
        test = part(images.rows("test"), images.test_labels)
    return Split(images.name, train, val if n_val else None, test, images.sha256)


def check_split(
    images: Images, n_train: int, n_val: int, use_test: bool, mean: float, std: float
) -> None:
    """Whether such a split can be had.

    Raises:
        ConfigError: there are not so many images, none would train, or they cannot be normalised.
    """
    if n_train < 1 or n_val < 0:
        raise ConfigError(
            f"n_train={n_train} and n_val={n_val}: at least one image must train, and none or "
            "more validate."
        )
    if n_train + n_val > len(images.train):
        raise ConfigError(
            f"n_train={n_train} and n_val={n_val} make {n_train + n_val} images; {images.name} "
            f"has {len(images.train)} to split."
        )
    if use_test and images.test is None:
        raise ConfigError(f"{images.name} has no test images; leave them out.")
    if not 0 < std < float("inf") or not abs(mean) < float("inf"):
        raise ConfigError(f"Images cannot be normalised by mean {mean} and std {std}.")


def chosen_images(
    available: int, n: int, generator: torch.Generator, indices: Tensor | None, name: str
) -> Tensor:
    """Which `n` images of those `available`: (n,) int64, on the CPU.

    The first of a random permutation, or `indices`, which messages call `name`.

    Raises:
        ConfigError: `indices` are not `n` distinct integers in [0, available).
    """
    drawn = torch.randperm(available, generator=generator, device=generator.device)
    if indices is None:
        return drawn.cpu()[:n]
    indices = indices.cpu()
    if indices.dtype != torch.int64 or indices.shape != (n,):
        raise ConfigError(
            f"{name}: {indices.dtype} of shape {tuple(indices.shape)}; "
            f"n_train + n_val = {n} integers (int64) are needed."
        )
    outside = indices[(indices < 0) | (indices >= available)]
    if len(outside):
        raise ConfigError(
            f"{name}: {outside[0].item()} is in it; they must be 0 to {available - 1}."
        )
    values, counts = indices.unique(return_counts=True)
    if len(values) < n:
        twice = values[counts > 1][0].item()
        raise ConfigError(f"{name}: {twice} is in it more than once.")
    return indices
