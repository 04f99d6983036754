"""f around the iterates of runs whose parameters are one or two numbers, as pictures take it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as Directory

import msgspec
import numpy as np
import torch
from omegaconf import OmegaConf

from ..config.load import parse, plain
from ..config.schema import Config
from ..core import Objective, Params
from ..metrics import LARGEST
from ..problems.reduction import reduced
from ..system.errors import UserError
from .coordinates import coordinates, located
from .experiment import build
from .landscape import Array, Landscape, Path, window
from .rows import Row
from .saved_params import initial_params
from .setup import prepare

POINTS = {1: 400, 2: 150}
"""Of the grid along its longest side, by the number of parameters."""
AT_ONCE = 1 << 20
"""Numbers that the loss may hold at once while it is computed on the grid."""
ON_IT = 1e-3
"""Iterates lie on f if they are off by no more than this share of the picture's height."""


def landscape(
    objective: Objective, like: Params, runs: Sequence[Sequence[Row]]
) -> Landscape | None:
    """f around the iterates of `runs`; None where rows do not hold them, or no window does.

    Args:
        like: parameters of one run (*K = ()).
        runs: rows of metrics.csv of each.
    """
    names = tuple(coordinates(like, 0))
    if not names or not runs or not all(set(names) <= set(rows[0]) for rows in runs):
        return None
    loss = objective.columns[0].name
    paths = tuple(path(rows, loss, names) for rows in runs)
    if any(len(path.steps) == 0 for path in paths):
        return None
    known = objective.solution()
    solution = None if known is None else as_array(torch.stack([*coordinates(known, 0).values()]))
    shown = window(paths, solution)
    if not (np.isfinite(shown).all() and (shown[:, 0] < shown[:, 1]).all()):
        return None  # numbers at the ends of float64
    found = sampled(objective, like, shown, paths, solution)
    return found if np.isfinite(found.values).any() else None


def landscape_of_files(directory: Directory, runs: Sequence[Sequence[Row]]) -> Landscape | None:
    """The same for runs that have ended, f being that of the first, which is in `directory`.

    None too where f can no longer be had, or where it is not the function that all of them
    minimised: what they recorded as their loss says so.
    """
    like = initial_params(directory)
    if not coordinates(like, 0):
        return None
    try:
        config = parse(plain(OmegaConf.load(directory / "config.yaml")))
        return landscape_if_one(config, like, runs)
    except (UserError, OSError):
        return None


def landscape_of(config: Config, runs: Sequence[Sequence[Row]]) -> Landscape | None:
    """The same for runs that left no files, f being that of `config`."""
    try:
        setup = prepare(msgspec.structs.replace(config, device="cpu"))
        like = build([config], torch.Size(()), setup).params
        return landscape_if_one(config, like, runs) if coordinates(like, 0) else None
    except (UserError, OSError):
        return None


def landscape_if_one(
    config: Config, like: Params, runs: Sequence[Sequence[Row]]
) -> Landscape | None:
    """f of `config` around the iterates of `runs`, if all of them minimised it.

    Raises:
        UserError, OSError: f can no longer be had.
    """
    objective = reduced(prepare(msgspec.structs.replace(config, device="cpu")).objective)
    found = landscape(objective, like, runs)
    return found if found is not None and fits(found, objective, like) else None


def path(rows: Sequence[Row], loss: str, names: Sequence[str]) -> Path:
    """The iterates of a run, from its rows; `loss` and `names` are columns."""
    table = np.array([[row[name] for name in ("step", loss, *names)] for row in rows])
    finite = (np.abs(table) <= LARGEST).all(axis=1)
    end = len(table) if finite.all() else int(finite.argmin())
    return Path(table[:end, 0], table[:end, 2:], table[:end, 1], diverged=end < len(table))


def sampled(
    objective: Objective,
    like: Params,
    shown: Array,
    paths: tuple[Path, ...] = (),
    solution: Array | None = None,
) -> Landscape:
    """f on a grid over the window `shown` (c, 2), of at least 60 points along each side.

    It is infinite where it is too large for a picture.
    """
    objective = reduced(objective)
    size = shown[:, 1] - shown[:, 0]
    counts = np.maximum(60, np.round(POINTS[len(size)] * size / size.max())).astype(int)
    grid = tuple(
        np.linspace(low, high, count) for (low, high), count in zip(shown, counts, strict=True)
    )
    points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)
    values = losses(objective, like, points.reshape(-1, len(grid))).reshape(points.shape[:-1])
    values[np.abs(values) > LARGEST] = np.inf
    return Landscape(tuple(coordinates(like, 0)), grid, values, paths, solution)


def losses(objective: Objective, like: Params, points: Array) -> Array:
    """f at points (m, c), as one batch or, where that would take much memory, as several: (m,)."""
    parts = torch.from_numpy(points).split(max(1, AT_ONCE // max(1, objective.workspace())))
    with torch.no_grad():
        return as_array(torch.cat([objective.loss(located(part, like)) for part in parts]))


def as_array(values: torch.Tensor) -> Array:
    """In float64 and in host memory."""
    array: Array = values.detach().double().cpu().numpy()
    return array


def fits(found: Landscape, objective: Objective, like: Params) -> bool:
    """Whether the losses that the runs recorded are f at their iterates, as far as it shows."""
    height = float(np.ptp(found.values[np.isfinite(found.values)]))
    for one in found.paths:
        here = found.shown(one)
        off = losses(objective, like, one.points[here]) - one.losses[here]
        if not (np.abs(off) <= ON_IT * height).all():
            return False
    return True
