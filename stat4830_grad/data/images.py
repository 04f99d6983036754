"""Images by name: read from a cache, or else from their files, and put into the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..system.errors import ConfigError
from . import cache, digits, download, idx

EVERY = slice(None)

# Belongs to every cache key: raise it when the preparation of the images changes.
FORMAT = 2


@dataclass(frozen=True)
class Images:
    """Grey 28x28 images and their labels, as stored.

    `sha256` is of the uncompressed training images: of the file's bytes for the idx sets, of the
    pixels for digits, which have no such file and no test part.
    """

    name: str
    train: Tensor  # (N, 28, 28) uint8
    train_labels: Tensor  # (N,) uint8
    test: Tensor | None  # (M, 28, 28) uint8
    test_labels: Tensor | None  # (M,) uint8
    sha256: str
    digests: dict[str, Tensor] = field(default_factory=dict)
    """Of each image of `train` and `test`, if they come from the cache."""
    read: Callable[[], Images] | None = None
    """Makes them anew where the cache turns out to be damaged."""

    def rows(self, part: Literal["train", "test"], rows: Tensor | slice = EVERY) -> Tensor:
        """Images (m, 28, 28) uint8 of a part, as they were when they were put into the cache."""
        images, digests = {"train": self.train, "test": self.test}[part], self.digests.get(part)
        assert images is not None  # else nobody asks for them
        taken = images[rows]
        if digests is None or torch.equal(row_digests(taken), digests[rows]):
            return taken
        assert self.read is not None
        return self.read().rows(part, rows)


def row_digests(images: Tensor) -> Tensor:
    """(m,) int64 of images (m, 28, 28) uint8: Σ wᵢ vᵢ mod 2⁶⁴ over the 8-byte words v, w odd.

    A change within one word always changes it, any other change all but surely.
    """
    words = images.flatten(1).contiguous().view(torch.int64)
    return (words * WEIGHTS).sum(1)


def weight(i: int) -> int:
    """An odd number of 64 bits with a sign, different for each i."""
    value = (2 * i + 1) * 0x9E3779B97F4A7C15 % 2**64
    return value - 2**64 if value >= 2**63 else value


WEIGHTS = torch.tensor([weight(i) for i in range(28 * 28 // 8)])


def load_images(name: str, data_dir: Path) -> Images:
    """The images called `name`: mnist, fashion_mnist, kmnist or digits.

    Files are looked for under `data_dir` in torchvision's layout and downloaded there only where
    they are missing; digits need none. Files that are present are never written to.

    Raises:
        ConfigError: another name.
        DataError: files are damaged or cannot be had.
    """
    if name == "digits":
        return load_digits()
    if name not in idx.SETS:
        known = ", ".join([*idx.SETS, "digits"])
        raise ConfigError(f"There are no images called {name!r}; choose from {known}.")
    return load_idx(name, Path(os.path.expanduser(data_dir)).absolute())


def load_digits() -> Images:
    """Those of scikit-learn, enlarged."""

    def read() -> Images:
        train, labels = digits.draw_digits()
        sha256 = hashlib.sha256(train.tobytes()).hexdigest()
        return Images("digits", as_tensor(train), as_tensor(labels), None, None, sha256)

    return cached("digits.pt", f"{FORMAT} digits scikit-learn {version('scikit-learn')}", read)


def load_idx(name: str, data_dir: Path) -> Images:
    """A set in MNIST's format, from its files; downloaded if need be."""
    source = idx.SETS[name]
    paths = idx.find_files(source, data_dir)
    if None in paths.values():
        missing = [file for file, path in paths.items() if path is None]
        download.fetch_files(source, data_dir, missing)
        paths = idx.find_files(source, data_dir)
    found = {file: path for file, path in paths.items() if path is not None}

    # One cache file for each set and folder, so that replaced files replace their cache too.
    folder = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    file_name = f"{name}-{folder}.pt"
    key = f"{FORMAT} {name} {cache.fingerprint(list(found.values()))}"
    return cached(file_name, key, lambda: read_idx(source, found))


def read_idx(source: idx.Source, paths: dict[str, Path]) -> Images:
    """The images in four files of a set.

    Raises:
        DataError: one of them is damaged.
    """
    arrays: dict[str, NDArray[np.uint8]] = {}
    sha256 = ""
    for file, path in paths.items():
        content = idx.read_verified(source, file, path)
        arrays[file] = idx.parse(content, file, path)
        if file == idx.TRAIN_IMAGES:
            sha256 = hashlib.sha256(content).hexdigest()
    train, train_labels, test, test_labels = (as_tensor(arrays[file]) for file in idx.SHAPES)
    return Images(source.name, train, train_labels, test, test_labels, sha256)


def as_tensor(array: NDArray[np.uint8]) -> Tensor:
    """A copy in memory of its own."""
    return torch.from_numpy(array.copy())  # the parsed arrays are read-only views of bytes


def cached(file_name: str, key: str, read: Callable[[], Images]) -> Images:
    """The images that an earlier process kept under this key, or else those that `read` makes."""

    def anew() -> Images:
        images = read()
        parts = {"train": images.train, "test": images.test}
        digests = {part: row_digests(p) for part, p in parts.items() if p is not None}
        fields = {name: value for name, value in vars(images).items() if name != "read"}
        cache.save(file_name, key, {**fields, "digests": digests})
        return images

    stored = cache.load(file_name, key)
    try:
        return anew() if stored is None else Images(**stored, read=anew)
    except TypeError:  # a file of ours by its key, but with other fields
        return anew()
