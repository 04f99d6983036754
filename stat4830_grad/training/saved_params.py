"""The parameters that a run began with and came to, from its files, whether it has ended or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ..core import Params
from ..data.weights import load
from ..system.errors import UserError


def initial_params(directory: Path) -> Params:
    """Those of the initial point, on the CPU; none where there is no sound file of them."""
    return loaded(directory / "initial_weights.pt")


def last_params(directory: Path) -> tuple[int, Params]:
    """Those of the last checkpoint and the updates made until then; (0, {}) where there is none."""
    content = loaded(directory / "checkpoint.pt")
    return int(content.get("updates", 0)), content.get("params", {})


def loaded(path: Path) -> dict[str, Any]:
    """What is in a file of tensors; nothing where it is missing or damaged."""
    try:
        found: dict[str, Any] = load(path, torch.device("cpu"))
    except UserError:
        return {}
    return found
