"""What is wrong with the part of an L2 penalty in a gradient, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...problems.penalty import L2
from .coefficients import BUT_FIRST, NICE, WHOLE, Coefficients, rounded

Said = tuple[str, str]
"""Kind and sentence."""


def belongs(name: str, penalty: L2) -> str:
    """What of a weight the penalty is on."""
    return BUT_FIRST if name == penalty.constant else WHOLE


def of_both(
    found: Coefficients, name: str, penalty: L2
) -> tuple[Coefficients, Coefficients] | None:
    """A factor of the whole, and what there is besides it; None where that says it no simpler.

    −½ times the data's part beside −1 times the penalty's is minus the gradient, of which the
    data's part is besides ½ times what it should be.
    """
    if name not in penalty.weights or not (found.bare and found.b):
        return None
    strength = float(penalty.strength)
    ratio, scale = rounded(found.b / strength), quotient(found.scale, found.of)
    if scale is None or found.column != belongs(name, penalty) or (ratio == 1 and not found.of):
        return None
    besides = replace(found, c=rounded(found.c / ratio), scale=scale, b=strength, of="")
    now, then = (Coefficients(one.c, one.scale).cost for one in (found, besides))
    if then > now or (then == now and abs(ratio) in NICE):
        return None
    return Coefficients(ratio, found.of), besides


def quotient(scale: str, of: str) -> str | None:
    """The name of a size divided by another, if it has one."""
    if not of or scale == of:
        return "" if of else scale
    return {("", "n"): "1/n", ("", "1/n"): "n", ("n", "1/n"): "n²", ("1/n", "n"): "1/n²"}.get(
        (scale, of)
    )


def penalty_sentence(found: Coefficients, name: str, penalty: L2) -> Iterator[Said]:
    """What is wrong with the part of an L2 penalty, λ times the parameter, or nothing."""
    is_ = "the gradient of the penalty (l2/2)‖w‖² is l2·w"
    ratio = rounded(found.b / float(penalty.strength))
    if not found.b:
        yield "penalty_forgotten", "the penalty is forgotten: add l2·w"
    elif name not in penalty.weights or found.column == WHOLE != belongs(name, penalty):
        left_out = "a bias" if name not in penalty.weights else "an intercept"
        yield "penalty_too_wide", f"the penalty is on {left_out} too: leave it out there"
    elif found.column != belongs(name, penalty):
        yield "penalty_squared", f"{is_}, not l2 times {found.column}"
    elif ratio == -1:
        yield "penalty_sign", f"the penalty has the wrong sign: {is_}"
    elif ratio != 1 or found.of:
        why = {
            (2.0, ""): "not 2·l2·w: the ½ cancels the 2 of the square",
            (0.5, ""): "not l2/2·w: the square brings down a 2",
            (1.0, "1/n"): "not l2·w/n: it is no mean over the samples",
            (1.0, "n"): "not n·l2·w: it is no sum over the samples",
        }
        times = f"{ratio:.6g}" + (f"·{found.of}" if found.of else "")
        yield "penalty_factor", f"{is_}, {why.get((ratio, found.of), f'not {times} times that')}"
