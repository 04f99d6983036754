"""Who makes the updates of a run: a CUDA graph, compiled code, or one after another."""

from __future__ import annotations

import torch

from .compiled import compiled_stepper
from .steppers import Eager, MakeStepper, Parts, Replayed


def stepper_for(parts: Parts, device: torch.device, t: int, steps: int) -> MakeStepper:
    """What makes the updates from `t` to `steps` on a device.

    On CUDA they are replayed from a graph if one can hold the objective, the gradient and the
    optimizer, and all updates see the same data. On the CPU, code that the objective has of its
    own may make them (`compiled_stepper`).
    """
    if device.type == "cpu":
        return compiled_stepper(parts, t, steps) or Eager
    held = all(part.capturable for part in (parts.objective, parts.gradient, parts.optimizer))
    return Replayed if device.type == "cuda" and held and not parts.minibatches else Eager
