"""Weights of pixels in the form in which a report's scripts take them."""

from __future__ import annotations

import base64
from pathlib import Path

import torch

from ..training.snapshots import Images, Snapshots, weights_over_time
from .packing import Data

LEVELS = 127
"""Shades of a colour, above zero and below."""


def weights(directory: Path, snapshots: Snapshots | None) -> list[Data]:
    """The weights of each unit that sees the image, from the initial point to the end.

    [{name, units, top, steps, frames}]: `frames` has for each of `steps` the images of all units
    one after another, as base64 of int8, in which 127 is `top`, the largest size of all.
    """
    states = weights_over_time(directory, snapshots)
    return [layer(name, states) for name in (states[-1][1] if states else ())]


def layer(name: str, states: list[tuple[int, Images]]) -> Data:
    """One parameter at some steps."""
    values = torch.stack([images[name].cpu() for _, images in states]).double()
    finite = values.nan_to_num(0.0, 0.0, 0.0)
    top = float(finite.abs().max()) or 1.0
    levels = (finite / top * LEVELS).round().to(torch.int8)
    frames = [base64.b64encode(frame.numpy().tobytes()).decode() for frame in levels]
    steps = [step for step, _ in states]
    return {"name": name, "units": values.shape[1], "top": top, "steps": steps, "frames": frames}
