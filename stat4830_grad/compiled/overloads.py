"""What shared texts call beside operators, told to numba.

Its square roots and cosines are the machine's, whose last bit torch's may have otherwise.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from .compilation import overload, real
from .functions import at_least, at_most, constant


@overload(torch.sqrt)
def _sqrt(x: Any) -> Any:
    def compiled_sqrt(x: Any) -> Any:
        return math.sqrt(x)

    return compiled_sqrt


@overload(torch.cos)
def _cos(x: Any) -> Any:
    def compiled_cos(x: Any) -> Any:
        return math.cos(x)

    return compiled_cos


@overload(constant)
def _constant(value: Any, like: Any) -> Any:
    number = real(like)

    def typed(value: Any, like: Any) -> Any:
        return number(value)

    return typed


@overload(at_least)
def _at_least(x: Any, low: Any) -> Any:
    number = real(x)

    def larger(x: Any, low: Any) -> Any:
        return number(low) if x < low else x

    return larger


@overload(at_most)
def _at_most(x: Any, high: Any) -> Any:
    number = real(x)

    def smaller(x: Any, high: Any) -> Any:
        return number(high) if x > high else x

    return smaller
