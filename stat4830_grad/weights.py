"""Initial weights and splits from files, so that somebody else's run can be repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .checkpoint import load
from .core import Params
from .errors import ConfigError, DataError


def load_weights(path: Path, like: Params) -> Params:
    """Parameters with the names and shapes of `like` (*K = ()), from a file.

    Takes what a run leaves as initial_weights.pt, or the saved `state_dict()` of a PyTorch model
    whose weights and biases come in the same order (`torch.save(model.state_dict(), path)`).

    Raises:
        DataError: the file is missing or damaged.
        ConfigError: its tensors are not those of the model.
    """
    content = load(path, torch.device("cpu"))
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise DataError(f"{path} does not hold a dict of tensors")
    tensors = (
        [content[name] for name in like] if content.keys() == like.keys() else content.values()
    )
    wanted = [tuple(p.shape) for p in like.values()]
    found = [tuple(t.shape) for t in tensors]
    if [squeezed(s) for s in found] != [squeezed(s) for s in wanted]:
        raise ConfigError(f"model.init_from={path} has shapes {found}, the model takes {wanted}")
    return {name: t.reshape(p.shape) for (name, p), t in zip(like.items(), tensors, strict=True)}


def load_indices(path: Path) -> Tensor:
    """(n,) int64 from .npy, .pt, or text with one index a line.

    Raises:
        DataError: the file is missing or holds something else.
    """
    try:
        if path.suffix == ".npy":
            indices = torch.from_numpy(np.load(path, allow_pickle=False))
        elif path.suffix == ".pt":
            indices = load(path, torch.device("cpu"))
        else:
            indices = torch.from_numpy(np.loadtxt(path, dtype=np.int64, ndmin=1))
    except OSError as error:
        raise DataError(f"problem.indices={path}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"problem.indices={path} is not a list of whole numbers: {error}") from None
    if not isinstance(indices, Tensor) or indices.ndim != 1 or indices.is_floating_point():
        raise DataError(f"problem.indices={path} is not a list of whole numbers")
    return indices.long()


def squeezed(shape: tuple[int, ...]) -> list[int]:
    """Without sizes of 1: `Linear(784, 1)` keeps (1, 784) where a logistic w is (784,)."""
    return [size for size in shape if size != 1]
