"""Functions of one number for compiled code, each with the conventions that torch has for it."""

from __future__ import annotations

import math
from typing import Any

from . import overloads  # noqa: F401 (numba learns `constant` and others there)
from .compilation import compiled
from .functions import at_least, constant


@compiled
def sigmoid(x: Any) -> Any:
    """1/(1 + exp(−x))."""
    one = constant(1, x)
    return one / (one + math.exp(-x))


@compiled
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), x itself beyond 20 as torch has it."""
    return x if x > constant(20, x) else math.log1p(math.exp(x))


@compiled
def relu(x: Any) -> Any:
    """max(x, 0); NaN stays."""
    return at_least(x, 0)


@compiled
def maximum(a: Any, b: Any) -> Any:
    """The larger; NaN if one is."""
    return a if a >= b or math.isnan(a) else b


@compiled
def minimum(a: Any, b: Any) -> Any:
    """The smaller; NaN if one is."""
    return a if a <= b or math.isnan(a) else b


@compiled
def positive(x: Any) -> Any:
    """1 for x > 0, else 0."""
    return constant(1, x) if x > 0 else constant(0, x)


@compiled
def sign(x: Any) -> Any:
    """1, 0 or −1; 0 of NaN, as torch has it."""
    return positive(x) - positive(-x)


@compiled
def step(x: Any) -> Any:
    """1 for x > 0, ½ for 0, else 0."""
    return (sign(x) + constant(1, x)) / constant(2, x)


@compiled
def power_log(a: Any, b: Any) -> Any:
    """aᵇ log a, whose limit for a → 0 is 0 where b ≥ 0."""
    return constant(0, a) if a == 0 and b >= 0 else a**b * math.log(a)


FUNCTIONS = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "abs": abs,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "max": maximum,
    "min": minimum,
    "sign": sign,
    "step": step,
    "positive": positive,
    "power_log": power_log,
}
"""What a tree may call, by name; the names are those of the table of problems/formula.py."""
