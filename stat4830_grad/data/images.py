"""Images by name: read from a cache, or else from their files, and put into the cache."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..system.errors import ConfigError
from . import cache, digits, download, idx

# Belongs to every cache key: raise it when the preparation of the images changes.
FORMAT = 1


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
    key = f"{FORMAT} digits scikit-learn {version('scikit-learn')}"
    images = from_cache("digits.pt", key)
    if images is None:
        train, labels = digits.draw_digits()
        sha256 = hashlib.sha256(train.tobytes()).hexdigest()
        images = Images("digits", as_tensor(train), as_tensor(labels), None, None, sha256)
        to_cache("digits.pt", key, images)
    return images


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
    images = from_cache(file_name, key)
    if images is None:
        images = read_idx(source, found)
        to_cache(file_name, key, images)
    return images


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


def from_cache(file_name: str, key: str) -> Images | None:
    """The images of an earlier process, if they are there under this key."""
    stored = cache.load(file_name, key)
    try:
        return None if stored is None else Images(**stored)
    except TypeError:  # a file of ours by its key, but with other fields
        return None


def to_cache(file_name: str, key: str, images: Images) -> None:
    """Keep the images for later processes."""
    cache.save(file_name, key, dict(vars(images)))
