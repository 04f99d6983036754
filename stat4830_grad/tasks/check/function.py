"""A gradient written by hand against torch's own, for any function of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...core import Params
from ...gradients.methods import autograd_grad_of, backward_of
from ...problems.rows import one_by_one
from ...sandbox.answers import read
from .comparison import Pair, compare
from .methods import Loss, Method, evaluate, nearby, probes

GIVEN = "gradient"
"""What the method that is checked is called."""


@dataclass(frozen=True)
class Agreement:
    """How far every two ways to a gradient are apart, at the given point and at one near it."""

    pairs: tuple[Pair, ...]

    @property
    def agree(self) -> bool:
        """Whether every two of them agree in every parameter, to rounding."""
        return all(pair.agree for pair in self.pairs)

    def __bool__(self) -> bool:
        return self.agree

    def __str__(self) -> str:
        """One line for every two methods: the parameter in which they differ most, and how much."""
        lines = []
        for pair in self.pairs:
            name = max(pair.parameters, key=lambda name: pair.parameters[name].relative)
            verdict = "agree" if pair.agree else "DIFFER"
            lines.append(
                f"{pair.a:13} {pair.b:13} {verdict:6}  {pair.worst.relative:.1e} in {name} "
                f"(allowed {pair.worst.allowed:.1e})"
            )
        return "\n".join(lines)


def check_function(
    loss: Callable[..., Tensor], gradient: Callable[..., Any] | None, params: Mapping[str, Tensor]
) -> Agreement:
    """Every two ways to ∇loss; the arguments are those of `stat4830_grad.check`.

    Raises:
        ValueError: as there.
    """
    start = {name: p.detach() for name, p in params.items()}
    if not start:
        raise ValueError("a gradient is by parameters: name them, as in check(loss, gradient, w=w)")
    if (value := loss(**start)).numel() != 1:
        raise ValueError(f"the loss has shape {tuple(value.shape)}; one number is needed")
    of_rows = rows_of(loss, start)
    methods: dict[str, Method] = {
        "backward": partial(backward_of, of_rows),
        "autograd_grad": partial(autograd_grad_of, of_rows),
    }
    if gradient is not None:
        methods = {GIVEN: given(loss, gradient), **methods}
    generator = torch.Generator().manual_seed(0)
    points, directions = [start, nearby(start, generator)], probes(start, generator)
    found = [evaluate(of_rows, point, methods, directions) for point in points]
    dtype = str(next(iter(start.values())).dtype).removeprefix("torch.")
    return Agreement(tuple(compare(found, dtype)))


def rows_of(loss: Callable[..., Tensor], like: Params) -> Loss:
    """`loss` for parameters with leading dimensions: (*K,), called once for each row.

    Args:
        like: parameters of one row.
    """

    def of_one(row: Params) -> dict[str, Tensor]:
        return {"loss": loss(**row).reshape(())}

    return lambda params: one_by_one(of_one, params, like)["loss"]


def given(loss: Callable[..., Tensor], gradient: Callable[..., Any]) -> Method:
    """The function that is checked, as a way to a gradient.

    Raises:
        ValueError: when called, for an answer that is no gradient of the parameters.
    """

    def answer(params: Params) -> tuple[Tensor, Params]:
        grads, findings = read(gradient(**params), params)
        for finding in findings:
            raise ValueError(finding.sentence)
        for name, p in params.items():
            if grads[name].shape != p.shape:
                raise ValueError(
                    f"the gradient by {name} has shape {tuple(grads[name].shape)}, "
                    f"{name} has {tuple(p.shape)}"
                )
        return loss(**params), {name: grads[name].to(p) for name, p in params.items()}

    return answer
