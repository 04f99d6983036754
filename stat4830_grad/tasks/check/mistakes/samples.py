"""Samples that are left out; and mistakes with a number in them that has to be found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .network import Network
from .recipe import Array, Mistake, Values

COUNTS = (*range(2, 41), 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024)
"""Samples that are tried as the first or the last of all."""


def sample_mistakes(network: Network) -> Iterator[Mistake]:
    """Not all of the samples are there."""
    if network.of_input:
        return
    step = f"d{network.layers}"

    def kept(which: str, rows: Callable[[int], slice], *, alone: bool = True) -> Mistake:
        def change(v: Values, d: Array) -> Array:
            made = np.zeros_like(d)
            made[rows(len(d))] = d[rows(len(d))]
            return made

        text = f"only {which} of the samples are used: the loss is over all of them"
        return Mistake("subset", text, step, change, alone)

    yield kept("the first", lambda n: slice(0, 1), alone=False)
    yield kept("the last", lambda n: slice(-1, None), alone=False)
    yield kept("all but the first", lambda n: slice(1, None), alone=False)
    yield kept("all but the last", lambda n: slice(0, n - 1), alone=False)
    yield kept("every second", lambda n: slice(0, None, 2))
    yield kept("the first half", lambda n: slice(0, n // 2))
    yield kept("the second half", lambda n: slice(n // 2, None))
    for k in COUNTS:
        yield kept(f"the first {k}", always(slice(0, k)))
        yield kept(f"the last {k}", always(slice(-k, None)))


def always(rows: slice) -> Callable[[int], slice]:
    """The same rows of any number."""
    return lambda n: rows


def families(network: Network) -> list[Callable[[float], Mistake]]:
    """Mistakes with a number in them that is found out: a leaky slope, an updated weight."""
    return [
        family
        for layer in range(1, network.layers)
        for family in (updated(network, layer), leaky(network, layer))
    ]


def updated(network: Network, layer: int) -> Callable[[float], Mistake]:
    """The weight above a layer after a step of c."""
    above, name = layer + 1, network.weight(layer + 1)

    def with_step(c: float) -> Mistake:
        text = f"{name} is updated before it is used on the way back, with a step of {c:.6g}: "
        return Mistake(
            "updated_weight",
            text + "finish all gradients first",
            f"h{layer}",
            lambda v, h: v[f"d{above}"] @ (v[f"W{above}"] - c * v[f"dW{above}"]),
        )

    return with_step


def leaky(network: Network, layer: int) -> Callable[[float], Mistake]:
    """Another slope where z is not positive, or a constant added to the slope."""
    assert network.hidden
    name = network.hidden.name
    z = f"z{layer}"

    def with_slope(c: float) -> Mistake:
        text = f"the derivative of {name} is {c:.6g} too large where z ≤ 0"
        if name == "relu":
            text = f"where z ≤ 0 the derivative is taken as {c:.6g}, as of a leaky relu; "
            text += "relu's is 0 there"
        return Mistake("leaky", text, f"s{layer}", lambda v, s: s + c * (v[z] <= 0))

    return with_slope
