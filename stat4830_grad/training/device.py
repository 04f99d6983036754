"""Where a run computes: the device asked for, or the best there is."""

from __future__ import annotations

import torch

from ..system.errors import ConfigError

LACKING = {("mps", "float64")}
"""Devices without a dtype."""


def pick_device(name: str, dtype: str) -> torch.device:
    """The device of this name; `auto` is the accelerator that is there, else the CPU.

    Raises:
        ConfigError: it is not there, or cannot compute in the dtype asked for.
    """
    available: dict[str, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(d for d in available if available[d] and (d, dtype) not in LACKING)
    if not available[name]:
        raise ConfigError(f"device={name}: this machine or this torch has none; try device=cpu")
    if (name, dtype) in LACKING:
        raise ConfigError(f"device={name} has no {dtype}: use dtype=float32 or device=cpu")
    return torch.device(name)
