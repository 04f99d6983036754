"""Every method's gradient at one point: whole, or along directions for those that give no more.

Forward mode and central differences give a slope along one direction at a time. A direction moves
one parameter only, so that each parameter is checked by itself. A tensor of up to 16 entries is
asked along every coordinate; a larger one along 4 random directions, since a wrong gradient has the
right slope along a random direction with probability zero.

The m directions of a parameter go through the loss as one batch: they are leading dimensions *K.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ...core import Gradient, Objective, Params
from ...system.errors import ConfigError

COORDINATES = 16  # entries up to which every coordinate is a direction of its own
DIRECTIONS = 4  # random ones for a larger tensor
ROWS = 8  # directions that go through the loss together; bounds the memory
FORWARD, CENTRAL = "forward", "central"
FILE = "file"
"""The method of a student's file."""


Loss = Callable[[Params], Tensor]
"""Parameters (*K, …) -> loss (*K,)."""

Method = Callable[[Params], tuple[Tensor, Params]]
"""A way to the gradient of one loss: parameters -> loss (*K,) and gradients (*K, …)."""


def bound(methods: Mapping[str, Gradient], objective: Objective) -> dict[str, Method]:
    """The methods as ways to the gradient of this objective."""
    return {name: partial(method, objective) for name, method in methods.items()}


@dataclass(frozen=True)
class Evaluation:
    """What every method says at one point, in one dtype."""

    gradients: dict[str, Params]  # method -> whole gradient
    slopes: dict[str, Params]  # method -> slopes (m,) of each parameter; all methods
    uncertainty: Params  # (m,): how far a central difference can be from the slope


def evaluate(
    loss: Loss,
    params: Params,
    methods: Mapping[str, Method],
    directions: Params,
    central: tuple[Params, Params] | None = None,
) -> Evaluation:
    """`methods`, forward mode and central differences at `params` (*K = ()).

    Args:
        directions: name -> (m, *shape), from `probes`.
        central: slopes and uncertainty measured already, for a dtype too coarse to do so.
    """
    gradients = {name: method(params)[1] for name, method in methods.items()}
    slopes = {name: project(grads, directions) for name, grads in gradients.items()}
    if (along := forward_if_known(loss, params, directions)) is not None:
        slopes[FORWARD] = along
    slopes[CENTRAL], uncertainty = central or differences(loss, params, directions)
    return Evaluation(gradients, slopes, uncertainty)


def nearby(params: Params, generator: torch.Generator) -> Params:
    """A point of no special kind: each tensor moved by half its own size (or ½) at random.

    Initial points can hide mistakes: at w = 0 the gradient of ½‖Xw − y‖² does not show its Xw.
    """
    moved = {}
    for name, p in params.items():
        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p)
        size = p.square().mean().sqrt()
        moved[name] = p + 0.5 * noise * (size if size > 0 else 1)
    return moved


def probes(params: Params, generator: torch.Generator) -> Params:
    """Directions of length 1 for each parameter: name -> (m, *shape)."""
    directions = {}
    for name, p in params.items():
        size = p.numel()
        if size <= COORDINATES:
            rows = torch.eye(size, dtype=torch.float64)
        else:
            signs = torch.randint(0, 2, (DIRECTIONS, size), generator=generator)
            rows = (2.0 * signs - 1).double() / size**0.5
        directions[name] = rows.reshape(-1, *p.shape).to(p)
    return directions


def project(grads: Params, directions: Params) -> Params:
    """⟨∇f, v⟩ for every direction v: name -> (m,)."""
    return {name: (v * grads[name]).reshape(len(v), -1).sum(1) for name, v in directions.items()}


def forward_if_known(loss: Loss, params: Params, directions: Params) -> Params | None:
    """As `forward`; None where the loss lacks it, as a user's `autograd.Function` may its jvp."""
    try:
        return forward(loss, params, directions)
    except NotImplementedError:
        return None
    except ConfigError as error:
        if isinstance(error.__cause__, NotImplementedError):
            return None
        raise


def forward(loss: Loss, params: Params, directions: Params) -> Params:
    """Slopes (m,) by forward mode: a dual number carries its tangent through the whole loss."""

    def slopes(name: str, v: Tensor) -> Tensor:
        with forward_ad.dual_level(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # at the first call, torch imports its own torch.jit
            dual = forward_ad.make_dual(params[name].expand_as(v).clone(), v)
            value = loss({**batch(params), name: dual})
            tangent = forward_ad.unpack_dual(value).tangent
        return torch.zeros(len(v)).to(v) if tangent is None else tangent

    return {
        name: torch.cat([slopes(name, part) for part in v.split(ROWS)])
        for name, v in directions.items()
    }


def differences(loss: Loss, params: Params, directions: Params) -> tuple[Params, Params]:
    """Central differences (f(x + hv) − f(x − hv)) / 2h and their uncertainty, each (m,).

    h = ∛ε · max(1, ‖x‖∞) balances the error of truncation, h²|f‴|/6, with that of rounding,
    ε|f|/h (Nocedal & Wright, Numerical Optimization, section 8.1). The uncertainty is measured, so
    that a kink of relu between x − hv and x + hv loosens the comparison instead of failing it: see
    `difference`. It is the largest along any direction of the same parameter.
    """
    values, uncertainty = {}, {}
    for name, v in directions.items():
        parts = [difference(loss, params, name, part) for part in v.split(ROWS)]
        values[name] = torch.cat([value for value, _ in parts])
        widest = torch.cat([u for _, u in parts]).max()
        uncertainty[name] = widest.expand_as(values[name])
    return values, uncertainty


def difference(loss: Loss, params: Params, name: str, v: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes along v (m, *shape) in parameter `name`, and their uncertainty: (m,) each.

    With slopes D(h) and bends B(h) = (f(x + hv) − 2f(x) + f(x − hv)) / 2h, the uncertainty is
    2|D(h) − D(h/2)| + 2|B(h) − 2B(h/2)| + 100 ε|f|/h. The first two vanish to second order where f
    is smooth. If the slope jumps by J at x + cv, c < h, then D(h) is off by J(h − c)/2h, which is
    never more than the two make together; so a kink near x is seen as well as one near x + hv.
    """
    h = step(params[name])
    middle = loss(params)

    def slope_and_bend(h: float) -> tuple[Tensor, Tensor]:
        up, down = around(loss, params, name, v, h)
        return (up - down) / (2 * h), ((up - middle) + (down - middle)) / (2 * h)

    (slope, bend), (near_slope, near_bend) = slope_and_bend(h), slope_and_bend(h / 2)
    rounding = 100 * torch.finfo(v.dtype).eps * middle.abs() / h
    kink = (slope - near_slope).abs() + (bend - 2 * near_bend).abs()
    return slope, 2 * kink + rounding


def step(p: Tensor) -> float:
    """∛ε · max(1, ‖p‖∞)."""
    return float(torch.finfo(p.dtype).eps ** (1 / 3) * max(1.0, float(p.abs().max())))


def around(loss: Loss, params: Params, name: str, v: Tensor, h: float) -> tuple[Tensor, Tensor]:
    """f(x + hv) and f(x − hv) for directions v (m, *shape) of parameter `name`: (m,) each."""
    others, p = batch(params), params[name]
    up = loss({**others, name: p + h * v})
    return up, loss({**others, name: p - h * v})


def batch(params: Params) -> Params:
    """Leading dimensions *K = (1,), which broadcast against those of the parameter that moves."""
    return {name: p[None] for name, p in params.items()}


def floors(evaluations: list[Evaluation], method: str) -> dict[str, float]:
    """The size of each parameter's gradient: its largest finite entry over all points."""
    sizes: dict[str, float] = {}
    for evaluation in evaluations:
        for name, g in evaluation.gradients[method].items():
            entry = float(g.abs().nan_to_num(0.0, 0.0, 0.0).max())
            sizes[name] = max(entry, sizes.get(name, 0.0))
    return sizes
