"""Three ways to the same gradient: by hand, by `backward()`, by `autograd.grad`.

Each takes an objective and parameters (*K, …) and returns the loss (*K,) and gradients (*K, …),
both detached. Rows are independent, so differentiating `loss.sum()` differentiates every row.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..core import Gradient, Objective, Params


def capturable(function: Callable[[Objective, Params], tuple[Tensor, Params]]) -> Gradient:
    """`function` as a `Gradient` that a CUDA graph can hold."""
    return Gradient(function, capturable=True)


@capturable
def manual(objective: Objective, params: Params) -> tuple[Tensor, Params]:
    """The formula that stands beside the objective; autograd is not involved."""
    return objective.loss_and_gradient(params)


@capturable
def backward(objective: Objective, params: Params) -> tuple[Tensor, Params]:
    """`loss.backward()` adds into each leaf's `.grad`, which starts out empty here."""
    return backward_of(objective.loss, params)


def backward_of(function: Callable[[Params], Tensor], params: Params) -> tuple[Tensor, Params]:
    """`backward`, of a function that returns the loss (*K,) and is no more."""
    leaves = as_leaves(params)
    loss = function(leaves)
    total(loss).backward()
    return loss.detach(), {name: present(leaf.grad, leaf) for name, leaf in leaves.items()}


@capturable
def autograd_grad(objective: Objective, params: Params) -> tuple[Tensor, Params]:
    """`torch.autograd.grad` returns the gradients and leaves `.grad` alone."""
    return autograd_grad_of(objective.loss, params)


def autograd_grad_of(function: Callable[[Params], Tensor], params: Params) -> tuple[Tensor, Params]:
    """`autograd_grad`, of a function that returns the loss (*K,) and is no more."""
    leaves = as_leaves(params)
    loss = function(leaves)
    # Its own `materialize_grads` takes longer to look for what is missing.
    grads = torch.autograd.grad(total(loss), [*leaves.values()], allow_unused=True)
    given = zip(leaves.items(), grads, strict=True)
    return loss.detach(), {name: present(grad, leaf) for (name, leaf), grad in given}


def present(grad: Tensor | None, leaf: Tensor) -> Tensor:
    """The gradient of a leaf: zeros where the loss does not depend on it."""
    return torch.zeros_like(leaf) if grad is None else grad


def total(loss: Tensor) -> Tensor:
    """The sum over all rows (*K,), which of one run is its loss."""
    return loss.sum() if loss.ndim else loss


def as_leaves(params: Params) -> Params:
    """The same values as new leaves of a graph."""
    return {name: p.detach().requires_grad_() for name, p in params.items()}


GRADIENTS: dict[str, Gradient] = {
    "manual": manual,
    "backward": backward,
    "autograd_grad": autograd_grad,
}


def methods_for(objective: Objective) -> dict[str, Gradient]:
    """The ways that there are to this objective's gradient."""
    return {name: one for name, one in GRADIENTS.items() if one is not manual or objective.by_hand}
