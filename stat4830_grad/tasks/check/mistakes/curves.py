"""Functions that people take for the derivative of an activation, each at each argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .recipe import Array

Function = Callable[[Array], Array]


def sigma(t: Array) -> Array:
    """1/(1 + exp(−t)), which does not overflow."""
    half: Array = 0.5 * (1 + np.tanh(0.5 * t))
    return half


@dataclass(frozen=True)
class Curve:
    """An activation a = φ(z), its derivative from a and from z; `{}` in a text is the argument."""

    name: str
    value: Function
    of_output: Function
    of_input: Function
    value_text: str
    of_output_text: str
    of_input_text: str


def positive(t: Array) -> Array:
    """1 where t > 0, else 0."""
    return (t > 0).astype(np.float64)


TANH = Curve(
    "tanh", np.tanh, lambda a: 1 - a * a, lambda z: 1 - np.tanh(z) ** 2,
    "tanh({})", "1 − {}²", "1 − tanh({})²",
)  # fmt: skip
SIGMOID = Curve(
    "the sigmoid", sigma, lambda a: a * (1 - a), lambda z: sigma(z) * (1 - sigma(z)),
    "σ({})", "{0}(1 − {0})", "σ({0})(1 − σ({0}))",
)  # fmt: skip
RELU = Curve(
    "relu", lambda z: np.maximum(z, 0), positive, positive,
    "relu({})", "1 where {} > 0 and 0 elsewhere", "1 where {} > 0 and 0 elsewhere",
)  # fmt: skip
CURVES = {"tanh": TANH, "sigmoid": SIGMOID, "relu": RELU}

SHAPES: list[tuple[str, str, Function]] = [
    ("slope_forgotten", "1", np.ones_like),
    ("slope_is_output", "{}", lambda t: t),
    ("slope_not_squared", "1 − {}", lambda t: 1 - t),
    ("slope_sign", "1 + {}²", lambda t: 1 + t * t),
    ("slope_squared", "{}²", lambda t: t * t),
    ("slope_inverted", "1 where {} ≤ 0 and 0 elsewhere", lambda t: 1 - positive(t)),
    ("slope_sign", "the sign of {}", np.sign),
]
"""What is a derivative of none of the activations."""


@dataclass(frozen=True)
class WrongSlope:
    """A function at an argument, which stands where the derivative belongs."""

    kind: str
    text: str  # the formula, with the argument in it
    argument: str
    function: Function


def wrong_slopes(own: Curve, arguments: Mapping[str, str], right: Function) -> Iterator[WrongSlope]:
    """Every function here at every argument, but what is right and what was there already.

    Args:
        own: the activation. It is asked first, then the others.
        arguments: symbol -> which array it is: "z", "a" or any other.
        right: of a = φ(z), what is no mistake.
    """
    random = np.random.default_rng(0)
    arrays = {which: random.normal(size=31) for which in arguments.values()}
    arrays["a"] = own.value(arrays["z"])
    seen = [right(arrays["a"]), 0 * arrays["a"]]
    for kind, text, function in functions(own):
        for symbol, which in arguments.items():
            made = function(arrays[which])
            if not any(np.allclose(made, known, rtol=1e-9) for known in seen):
                seen.append(made)
                named = kind
                if kind == "slope_at":
                    at = {"z": "input", "a": "output", "da": "gradient", "e": "error"}
                    named = f"slope_at_{at[which]}"
                yield WrongSlope(named, text.format(symbol), which, function)


def functions(own: Curve) -> Iterator[tuple[str, str, Function]]:
    """Kind, formula and function: those of the activation, those of none, those of others."""
    yield "slope_at", own.of_output_text, own.of_output
    yield "slope_at", own.of_input_text, own.of_input
    yield "slope_is_output", own.value_text, own.value
    yield from SHAPES
    yield "slope_twice", "the square of it", lambda t: own.of_output(t) ** 2
    for other in CURVES.values():
        if other.name != own.name:
            kind = f"slope_of_{other.name.removeprefix('the ')}"
            yield kind, other.of_output_text, other.of_output
            yield kind, other.of_input_text, other.of_input
            yield "slope_is_other", other.value_text, other.value
