"""The lecture's loop, in which `torch.optim.SGD` makes the step."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import Convergence, OptimizerState, Params, apart
from .rules import GRADIENT_DESCENT


class TorchSGD:
    """The lecture's loop: `torch.optim.SGD` makes the step from each tensor's `.grad`.

    It updates the parameters in place. A batch (*K, …) is one parameter group per run, made of
    views, since each run has its own step size.
    """

    convergence: Convergence | None = GRADIENT_DESCENT
    capturable = True
    fixed_state = True
    note = None

    def __init__(self) -> None:
        self._params: Params | None = None
        self._lr: Tensor | None = None

    def init(self, params: Params) -> OptimizerState:
        """Nothing to remember: torch does."""
        return {}

    def update(
        self, params: Params, grads: Params, lr: Tensor, state: OptimizerState
    ) -> tuple[Params, OptimizerState]:
        """`Optimizer.update`, in place: the parameters returned are those given."""
        if params is not self._params:
            self._bind(params, lr)
        if lr is not self._lr:
            self._take(lr)
        for group, row in zip(self._sgd.param_groups, apart(grads, lr.ndim), strict=True):
            for p, g in zip(group["params"], row.values(), strict=True):
                p.grad = g
        self._sgd.step()
        self._sgd.zero_grad()
        return params, state

    def _bind(self, params: Params, lr: Tensor) -> None:
        self._sgd = torch.optim.SGD(
            [{"params": list(row.values())} for row in apart(params, lr.ndim)]
        )
        self._params, self._lr = params, None

    def _take(self, lr: Tensor) -> None:
        """Give each run's group its step size; reading them makes the host wait for a device."""
        for group, size in zip(self._sgd.param_groups, lr.reshape(-1).tolist(), strict=True):
            group["lr"] = size
        self._lr = lr
