"""Weights of pixels as images, at a few steps of a run."""

from __future__ import annotations

import base64
from pathlib import Path

import torch
from torch import Tensor

from ..core import Params, State
from ..data.weights import load
from ..system.errors import UserError
from .packing import Data

SIDE = 28
"""Of an image, in pixels."""

UNITS = 32
"""Units of a layer that are shown, at most."""

FRAMES = 12
"""Steps at which they are shown, at most, besides the first and the last."""

LEVELS = 127
"""Shades of a colour, above zero and below."""


class Snapshots:
    """The weights of pixels at some of a run's records, evenly chosen; told each state in turn.

    Args:
        wanted: false for a run that has none, or whose report is not written.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.taken: list[tuple[int, dict[str, Tensor]]] = []  # step, images by parameter
        self._wanted, self._every, self._seen = wanted, 1, 0

    def __call__(self, state: State) -> None:
        """Keep a copy of its weights, if it is their turn."""
        if self._wanted and self._seen % self._every == 0:
            self.taken.append((state.updates, images_of(state.params)))
            if len(self.taken) > FRAMES:
                self.taken, self._every = self.taken[::2], 2 * self._every
        self._seen += 1


def weights(directory: Path, snapshots: Snapshots | None) -> list[Data]:
    """The weights of each unit that sees the image, from the initial point to the end.

    [{name, units, top, steps, frames}]: `frames` has for each of `steps` the images of all units
    one after another, as base64 of int8, in which 127 is `top`, the largest size of all.
    """
    cpu = torch.device("cpu")
    try:
        first = images_of(load(directory / "initial_weights.pt", cpu))
        checkpoint = load(directory / "checkpoint.pt", cpu)
        last, updates = images_of(checkpoint["params"]), int(checkpoint["updates"])
    except (UserError, KeyError):
        return []
    between = [one for one in snapshots.taken if 0 < one[0] < updates] if snapshots else []
    states = [(0, first), *between, *([(updates, last)] if updates else [])]
    return [layer(name, states) for name in last]


def layer(name: str, states: list[tuple[int, dict[str, Tensor]]]) -> Data:
    """One parameter at some steps."""
    values = torch.stack([images[name].cpu() for _, images in states]).double()
    finite = values.nan_to_num(0.0, 0.0, 0.0)
    top = float(finite.abs().max()) or 1.0
    levels = (finite / top * LEVELS).round().to(torch.int8)
    frames = [base64.b64encode(frame.numpy().tobytes()).decode() for frame in levels]
    steps = [step for step, _ in states]
    return {"name": name, "units": values.shape[1], "top": top, "steps": steps, "frames": frames}


def images_of(params: Params) -> dict[str, Tensor]:
    """A copy of each parameter that is weights of pixels, as images (units, 784)."""
    found = {}
    for name, values in params.items():
        if values.ndim == 1 and values.numel() == SIDE**2:
            found[name] = values.detach()[None].clone()
        elif values.ndim == 2 and SIDE**2 in values.shape:
            units = values if values.shape[1] == SIDE**2 else values.mT
            found[name] = units.detach()[:UNITS].clone()
    return found
