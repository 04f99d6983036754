"""L7: a tracked result keeps alive whatever its gradient would need. X is 1000×1000, float32."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way
from .storages import Storages


def tracked(print: Print) -> None:
    with Storages() as made:
        X = torch.ones(1000, 1000)
        X.requires_grad_()
        y = torch.ones(1000)
        r = X @ X.mT @ y - y
        loss = r @ r
        del X, y, r
    tracked = loss.requires_grad
    print("requires_grad", tracked)
    print("bytes made", made.total())
    print("bytes kept", made.alive())


def untracked(print: Print) -> None:
    off = torch.no_grad()
    with Storages() as made, off:
        X = torch.ones(1000, 1000)
        X.requires_grad_()
        y = torch.ones(1000)
        r = X @ X.mT @ y - y
        loss = r @ r
        del X, y, r
    tracked = loss.requires_grad
    print("requires_grad", tracked)
    print("bytes made", made.total())
    print("bytes kept", made.alive())


MEMORY = Pitfall(
    name="memory",
    lecture="L7",
    title="One number can keep megabytes alive",
    why=(
        "A tracked loss holds its graph, and the graph holds every tensor that the backward pass "
        "would read; under no_grad no graph is recorded and only the number itself remains."
    ),
    ways=(
        Way("wrong", "tracked", tracked),
        Way("right", "under torch.no_grad()", untracked),
    ),
)
