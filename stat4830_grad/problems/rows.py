"""Functions of one run's parameters, applied to batches of runs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..core import Params, apart, stacked

OfOneRun = Callable[[Params], dict[str, Tensor]]
"""From parameters of one run (*K = ()) to tensors by name."""


def leading(params: Params, like: Params) -> torch.Size:
    """*K, to which the leading dimensions of all parameters broadcast.

    Args:
        like: parameters of one run, whose shapes tell how many dimensions lead.
    """
    sizes = [p.shape[: p.ndim - like[name].ndim] for name, p in params.items()]
    if len(set(sizes)) == 1:  # as in training; torch takes longer to find that out
        return sizes[0]
    return torch.Size(torch.broadcast_shapes(*sizes))


def flat(params: Params, like: Params, rows: torch.Size) -> Params:
    """The parameters with one leading dimension in the place of *K = `rows`."""
    shapes = {name: (*rows, *p.shape) for name, p in like.items()}
    if len(rows) == 1 and all(p.shape == shapes[name] for name, p in params.items()):
        return params
    return {
        name: p.expand(shapes[name]).reshape(-1, *like[name].shape) for name, p in params.items()
    }


def one_by_one(function: OfOneRun, params: Params, like: Params) -> dict[str, Tensor]:
    """What `function` makes of each row of the parameters, stacked: each (*K, …)."""
    rows = leading(params, like)
    if not rows:
        return function(params)
    return stacked([function(row) for row in apart(flat(params, like, rows), 1)], rows)


def together(function: OfOneRun, params: Params, like: Params) -> dict[str, Tensor]:
    """The same in one call for all rows, by `torch.func.vmap`.

    Raises:
        RuntimeError, or what `function` makes of it: it does what vmap cannot.
    """
    rows = leading(params, like)
    if not rows:
        return function(params)
    made: dict[str, Tensor] = torch.func.vmap(function)(flat(params, like, rows))
    if len(rows) == 1:
        return made
    return {name: value.reshape(*rows, *value.shape[1:]) for name, value in made.items()}


def of_one_run(params: Params, like: Params) -> bool:
    """Whether no dimensions lead."""
    return all(p.ndim == like[name].ndim for name, p in params.items())


def takes_vmap(function: OfOneRun, like: Params) -> bool:
    """Whether vmap takes the function, and makes of two runs what it makes of each.

    Args:
        like: parameters of one run, of which the two are made.
    """
    two = {name: torch.stack([p, p + 0.25 * p.abs()]) for name, p in like.items()}
    try:
        found = together(function, two, like)
    except (Exception, SystemExit):  # whatever a file does when it is given other tensors
        return False
    right = one_by_one(function, two, like)
    return all(
        torch.allclose(found[name], value, 1e-3, 1e-5, equal_nan=True)
        for name, value in right.items()
    )
