"""Other points, of other sizes and other data, at which a student's function is asked besides.

There n, the number of features, widths and data all differ, so that what is the same by accident
on the problem's own data is not the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ...core import Objective, Params
from ...data import Part
from ...gradients.methods import backward
from ...problems import Classification, Composite, LeastSquares
from ...problems.file_classification import FileClassification
from ...problems.likelihoods import Binary
from ...problems.models import MLP, Logistic
from .methods import nearby

Place = tuple[Objective, Params]

SIZES = ((37, 7), (13, 11), (23, 3), (17, 12), (29, 10))  # samples, inputs
WIDTHS = (5, 6, 4, 8, 9)
SHARES = (1, 0.7, 0.4)  # of the samples, where the inputs have to be those of the problem
POINTS = 8  # of a function without sizes


def places(f: Objective, params: Params, seed: int = 0) -> Iterator[list[Place]]:
    """Places of all sizes; then, for a function that knows its sizes, of the sizes it knows.

    Args:
        params: a point of the problem itself, in float64.
    """
    g = torch.Generator().manual_seed(seed)
    match f:
        case LeastSquares():
            yield [least_squares(f, n, d, g) for n, d in SIZES]
            yield [least_squares(f, n, f.X.shape[1], g) for n, _ in SIZES]
        case FileClassification():  # its model may know the shape of its inputs, and have one only
            some = [min(1, n / f.samples) for n, _ in SIZES]
            yield [(fewer(f, share, g), nearby(params, g)) for share in some]
            yield [(fewer(f, share, g), nearby(params, g)) for share in SHARES]
        case Classification(data=data) if isinstance(f.model, MLP):
            hidden = len(f.model.hidden)
            yield [
                classification(f, n, d, g, tuple(WIDTHS[(i + k) % 5] for k in range(hidden)))
                for i, (n, d) in enumerate(SIZES)
            ]
            own = f.model.hidden
            yield [classification(f, n, data.train.X.shape[1], g, own) for n, _ in SIZES]
        case Classification(data=data):
            if isinstance(f.model, Logistic):  # any other may know the number of its inputs
                yield [classification(f, n, d, g) for n, d in SIZES]
            yield [classification(f, n, data.train.X.shape[1], g) for n, _ in SIZES]
        case Composite():
            yield [
                composite(f, m, d, h, g)
                for m, d, h in ((3, 5, 7), (4, 6, 9), (2, 7, 5), (5, 3, 8), (6, 4, 10))
            ]
            yield [composite(f, len(f.y), f.d, f.h, g) for _ in SIZES]
        case _:
            yield far(f, params, g) + [(f, nearby(params, g)) for _ in range(POINTS // 2)]
            yield [(f, nearby(params, g)) for _ in range(POINTS)]


def normal(g: torch.Generator, *shape: int) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(shape, generator=g, dtype=torch.float64)


def least_squares(f: LeastSquares, n: int, d: int, g: torch.Generator) -> Place:
    """Least squares on normal data."""
    other = replace(f, X=normal(g, n, d), y=normal(g, n), minimiser=normal(g, d), w0=None)
    return other, {"w": normal(g, d)}


def classification(
    f: Classification, n: int, d: int, g: torch.Generator, hidden: tuple[int, ...] = ()
) -> Place:
    """Normal inputs with labels by chance, and weights that are not small."""
    classes = 2 if isinstance(f.likelihood, Binary) else f.likelihood.outputs
    y = torch.randint(0, classes, (n,), generator=g)
    y[0], y[-1] = n // 2 % classes, n % classes  # so that a sample left out shows
    part = Part(normal(g, n, d), y.double() if classes == 2 else y)
    model = replace(f.model, hidden=hidden) if isinstance(f.model, MLP) else f.model
    data = replace(f.data, train=part, val=None, test=None)
    other = replace(f, model=model, data=data, drawn_before=())
    drawn = {name: p.double() for name, p in model.init(g, d).items()}
    return other, {name: 1.5 * p + 0.3 * normal(g, *p.shape) for name, p in drawn.items()}


def fewer(f: FileClassification, share: float, g: torch.Generator) -> FileClassification:
    """On some of its own samples, drawn at random."""
    drawn = torch.randperm(f.samples, generator=g)[: max(1, round(share * f.samples))]
    return f.on(drawn.to(f.data.train.y.device))


def composite(f: Composite, m: int, d: int, h: int, g: torch.Generator) -> Place:
    """Other y, weights and input."""
    other = replace(f, y=normal(g, m), d=d, h=h)
    drawn = {name: p.double() for name, p in other.init(g).items()}
    return other, {name: p + 0.3 * normal(g, *p.shape) for name, p in drawn.items()}


def far(f: Objective, params: Params, g: torch.Generator) -> list[Place]:
    """Points of all signs and twice as large, of those at which there is a gradient."""
    found: list[Place] = []
    for _ in range(3 * POINTS):
        p = {k: 2 * (v.abs() + 0.5) * normal(g, *v.shape).to(v) for k, v in params.items()}
        if all(d.isfinite().all() for d in backward(f, p)[1].values()):
            found.append((f, p))
    return found[: POINTS - POINTS // 2]


def sizes(f: Objective) -> dict[str, int]:
    """What sums and means may differ by, by the name that people give it."""
    match f:
        case LeastSquares(X):
            return {"n": X.shape[0], "p": X.shape[1]}
        case Classification():
            n, *features = f.data.train.inputs.shape
            classes = {} if isinstance(f.likelihood, Binary) else {"C": f.likelihood.outputs}
            return {"n": n, **({"d": features[0]} if len(features) == 1 else {}), **classes}
        case Composite(y):
            return {"m": len(y), "h": f.h, "d": f.d}
    return {}
