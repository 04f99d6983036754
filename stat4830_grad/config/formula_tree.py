"""What a formula is once it is read: a tree of operations on numbers and parameters."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A constant; a whole number is an int."""

    value: float


@dataclass(frozen=True)
class Name:
    """A parameter."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operation, a key of `OPERATIONS`, on one or two arguments."""

    operation: str
    arguments: tuple[Tree, ...]


Tree = Number | Name | Call


def sigmoid(x: float) -> float:
    """1/(1 + exp(−x)), which does not overflow."""
    return 0.5 * (1 + math.tanh(x / 2))


FUNCTIONS: dict[str, Callable[..., float]] = {
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
    "sigmoid": sigmoid,
    "softplus": lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
    "relu": lambda x: max(x, 0),
    "abs": abs,
    "max": max,
    "min": min,
}
"""What a formula may call, by name, for numbers: constants are computed when it is read."""

SEVERAL = ("max", "min")
"""Functions of two arguments or more; the others take one."""

OPERATIONS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "negate": operator.neg,
    **FUNCTIONS,
}


def constants(tree: Tree) -> Iterator[float]:
    """Every number in a tree."""
    match tree:
        case Number(value):
            yield value
        case Call(_, arguments):
            for one in arguments:
                yield from constants(one)
