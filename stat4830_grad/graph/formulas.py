"""Formulas of the table of derivatives, with the names or numbers of a node put in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from torch import Tensor

from .derivatives import fields
from .nodes import GradFn
from .recorder import saved
from .summary import Summary, number


def permuted(formula: str) -> str:
    """A derivative by what a permutation P makes of the input, as one by the input."""
    if formula == "I":
        return "P"
    return f"({formula}) P" if re.search(r"[ ⊗]", formula) else f"{formula} P"


def constant(value: object, known: Mapping[str, Tensor]) -> str:
    """A number, the name of one of the `known` tensors, else `c` or, for a matrix, `C`."""
    if isinstance(value, int | float):
        return signed(float(value))
    if not isinstance(value, Tensor) or value.is_complex():
        return "c"
    if value._is_zerotensor():
        return "0"
    if value.ndim == 0:
        return "c" if value.requires_grad else signed(value.item())
    for name, tensor in known.items():
        if tensor.data_ptr() == value.data_ptr() and tensor.numel() == value.numel():
            turned = tensor.ndim == value.ndim == 2 and tensor.stride() != value.stride()
            return f"{name}ᵀ" if turned else name
    return "c" if value.ndim == 1 else "C"


def fill(
    template: str, grad_fn: GradFn, operands: list[str], out: str, shape: tuple[int, ...], size: int
) -> str:
    """A formula of the table with the names or numbers of this node put in."""
    alpha = saved(grad_fn, "alpha")
    alpha = "1" if alpha is None else number(float(alpha))
    delta = saved(grad_fn, "delta")
    delta = "δ" if delta is None else number(float(delta))
    text = template.format_map(fields(operands, out, alpha, shape, size, delta)).replace("−−", "")
    return re.sub(r"^\((−[\d.]+)\)", r"\1", text)  # (−3)x -> −3x


def operand(value: Summary | None) -> str | None:
    """A number as it stands in a formula; None for a tensor."""
    return None if value is None or value.scalar is None else signed(value.scalar)


def signed(value: float) -> str:
    """The number, in parentheses when a sign or a power of ten would run into what is near."""
    text = number(value)
    return f"({text})" if value < 0 or not math.isfinite(value) or "e" in text else text
