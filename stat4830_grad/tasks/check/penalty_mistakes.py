"""Wrong gradients of a loss with an L2 penalty: what people make of the penalty's part."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from ...core import Objective, Params
from ...problems import Classification, LeastSquares
from ...problems.penalty import L2

Wrong = tuple[str, str, Callable[[Params], Params]]
"""Kind, sentence and gradient of a `Mistake`."""


FORGOTTEN = "the penalty is forgotten: add l2·w"


def penalty_of(objective: Objective) -> L2 | None:
    """The penalty in an objective, if it has one."""
    return objective.penalty if isinstance(objective, Classification | LeastSquares) else None


def with_penalty(gradient: Callable[[Params], Params], penalty: L2) -> Callable[[Params], Params]:
    """A gradient of the data with that of the penalty, where it has the parameter's shape."""

    def both(params: Params) -> Params:
        slopes, found = penalty.gradient(params), gradient(params)
        alike = {name: s for name, s in slopes.items() if name in found}
        return found | {n: found[n] + s for n, s in alike.items() if s.shape == found[n].shape}

    return both


def penalty_mistakes(f: Classification | LeastSquares, penalty: L2) -> Iterator[Wrong]:
    """The gradient of the data right, that of its penalty wrong; the likelier first."""
    n = f.samples

    def times(factor: float) -> Callable[[Params], Params]:
        """The right gradient, the penalty's part that many times."""

        def gradient(params: Params) -> Params:
            right, slopes = f.loss_and_gradient(params)[1], penalty.gradient(params)
            return {name: right[name] + (factor - 1) * slopes[name] for name in slopes}

        return gradient

    is_ = "the gradient of the penalty (l2/2)‖w‖² is l2·w"
    yield "penalty_forgotten", FORGOTTEN, times(0)
    yield "penalty_factor", f"{is_}, not 2·l2·w: the ½ cancels the 2 of the square", times(2)
    yield "penalty_factor", f"{is_}, not l2/2·w: the square brings down a 2", times(0.5)
    yield "penalty_sign", f"the penalty has the wrong sign: {is_}", times(-1)
    yield "penalty_factor", f"{is_}, not l2·w/n: it is no mean over the samples", times(1 / n)
    yield "penalty_factor", f"{is_}, not n·l2·w: it is no sum over the samples", times(n)
    yield "penalty_squared", f"{is_}, not l2·w²", with_slope(f, penalty, lambda s, w: s * w)
    left_out = "an intercept" if penalty.constant else "a bias"
    said = f"the penalty is on {left_out} too: leave it out there"
    yield "penalty_too_wide", said, on_everything(f, penalty)


def with_slope(
    f: Classification | LeastSquares, penalty: L2, slope: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Params], Params]:
    """The right gradient with another slope of the penalty, made of λw and w."""

    def gradient(params: Params) -> Params:
        right, slopes = f.loss_and_gradient(params)[1], penalty.gradient(params)
        return {
            name: right[name] - right_slope + slope(right_slope, params[name])
            for name, right_slope in slopes.items()
        }

    return gradient


def on_everything(f: Classification | LeastSquares, penalty: L2) -> Callable[[Params], Params]:
    """The right gradient, with λ times the parameter also where the penalty leaves it out."""

    def gradient(params: Params) -> Params:
        right, slopes = f.loss_and_gradient(params)[1], penalty.gradient(params)
        return {
            name: g - slopes.get(name, 0) + penalty.strength * params[name]
            for name, g in right.items()
        }

    return gradient
