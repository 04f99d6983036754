"""The numbers that runs left, and how many of them differ."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .conditions import DTYPES

Numbers = dict[str, dict[str, NDArray[np.float64] | NDArray[np.float32]]]
"""Configuration -> file, or file and tensor -> its numbers."""


def read(runs: Path) -> Numbers:
    """Of every configuration: metrics.csv without the seconds, parameters and optimizer's state."""
    return {directory.name: read_one(directory) for directory in sorted(runs.iterdir())}


def read_one(directory: Path) -> dict[str, NDArray[np.float64] | NDArray[np.float32]]:
    """The same of one configuration; a sweep has the files of all its jobs below it."""
    found = {}
    for file in directory.rglob("metrics.csv"):
        with file.open(encoding="utf-8") as lines:
            rows = [{**row, "seconds": "0"} for row in csv.DictReader(lines)]
        name = str(file.relative_to(directory))
        found[name] = np.array([[float(value) for value in row.values()] for row in rows])
    for file in directory.rglob("checkpoint.pt"):
        state = torch.load(file, weights_only=True)
        for part, tensors in {"params": state["params"], **state["optimizer"]}.items():
            for name, tensor in tensors.items():
                found[f"{file.relative_to(directory)} {part} {name}"] = tensor.numpy()
    return found


def differing(one: Numbers, other: Numbers) -> int:
    """How many numbers have other bits; one that is there on one side only counts too."""
    count = 0
    for configuration in one.keys() | other.keys():
        ours, theirs = one.get(configuration, {}), other.get(configuration, {})
        for name in ours.keys() | theirs.keys():
            a, b = (side.get(name, np.empty(0)) for side in (ours, theirs))
            if (a.shape, a.dtype) == (b.shape, b.dtype):
                count += int((bits(a) != bits(b)).sum())
            else:
                count += max(a.size, b.size)
    return count


def bits(numbers: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.int64]:
    """Each number as its bits, so that two NaN can be the same and 0 and −0 differ."""
    return np.ascontiguousarray(numbers).view(f"i{numbers.itemsize}").astype(np.int64)


def size(numbers: Numbers) -> int:
    """How many numbers there are in all files."""
    return sum(array.size for files in numbers.values() for array in files.values())


@dataclass(frozen=True)
class Contrast:
    """What differs between two settings."""

    configurations: list[str]
    """Those with a differing number."""
    largest: dict[str, float]
    """dtype -> greatest |a − b| / max(1, |a|) of a metric."""


def contrast(one: Numbers, other: Numbers) -> Contrast:
    """What differs between the runs of two settings."""
    apart = [c for c in one if differing({c: one[c]}, {c: other[c]})]
    largest = dict.fromkeys(DTYPES, 0.0)
    for configuration in apart:
        dtype = next(dtype for dtype in DTYPES if dtype in configuration)
        for name, a in one[configuration].items():
            if name.endswith("metrics.csv"):
                ratio = np.abs(a - other[configuration][name]) / np.maximum(1, np.abs(a))
                largest[dtype] = max(largest[dtype], float(ratio.max()))
    return Contrast(apart, largest)
