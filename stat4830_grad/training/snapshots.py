"""Weights of pixels as images, at a few steps of a run."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ..core import Params, State
from .saved_params import initial_params, last_params

SIDE = 28
"""Of an image, in pixels."""

UNITS = 32
"""Units of a layer that are kept, at most."""

FRAMES = 12
"""Steps at which they are kept, at most, besides the first and the last."""

Images = dict[str, Tensor]
"""By parameter, (units, 784)."""


class Snapshots:
    """The weights of pixels at some of a run's records, evenly chosen; told each state in turn.

    Args:
        wanted: false for a run that has none, or whose report is not written.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.taken: list[tuple[int, Images]] = []  # step, images
        self._wanted, self._every, self._seen = wanted, 1, 0

    def __call__(self, state: State) -> None:
        """Keep a copy of its weights, if it is their turn."""
        if self._wanted and self._seen % self._every == 0:
            self.taken.append((state.updates, images_of(state.params)))
            if len(self.taken) > FRAMES:
                self.taken, self._every = self.taken[::2], 2 * self._every
        self._seen += 1


def weights_over_time(directory: Path, snapshots: Snapshots | None) -> list[tuple[int, Images]]:
    """The images of a run from its initial point to its end, each with the updates made until then.

    Args:
        snapshots: what was kept between the two; None for a run of an earlier process.

    Returns:
        An empty list where the run's files cannot be read.
    """
    first = images_of(initial_params(directory))
    updates, params = last_params(directory)
    last = images_of(params)
    if not (first and last):
        return []
    between = [one for one in snapshots.taken if 0 < one[0] < updates] if snapshots else []
    return [(0, first), *between, *([(updates, last)] if updates else [])]


def images_of(params: Params) -> Images:
    """A copy of each parameter that is weights of pixels, as images."""
    found = {}
    for name, values in params.items():
        if values.ndim == 1 and values.numel() == SIDE**2:
            found[name] = values.detach()[None].clone()
        elif values.ndim == 2 and SIDE**2 in values.shape:
            units = values if values.shape[1] == SIDE**2 else values.mT
            found[name] = units.detach()[:UNITS].clone()
    return found
