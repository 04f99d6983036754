"""Every optimizer with its keys and their bounds. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .fields import Fraction, PerRun, Positive, Strict


class Stepped(Strict, frozen=True, kw_only=True):
    """An optimizer, whose step size may follow a schedule."""

    lr: Annotated[Positive, PerRun]
    schedule: Literal["constant", "inverse", "inverse_sqrt", "cosine"] = "constant"
    warmup: Annotated[int, Meta(ge=0, le=2**53), PerRun] = 0

    @property
    def scheduled(self) -> bool:
        """Whether the step size changes in the course of a run."""
        return self.schedule != "constant" or self.warmup > 0


class GD(Stepped, frozen=True, tag="gd"):
    pass


class TorchSGD(Stepped, frozen=True, tag="torch_sgd"):
    pass


class Momentum(Stepped, frozen=True, kw_only=True, tag="momentum"):
    beta: Annotated[Fraction, PerRun]


class Nesterov(Stepped, frozen=True, kw_only=True, tag="nesterov"):
    beta: Annotated[Fraction, PerRun]


class Adam(Stepped, frozen=True, kw_only=True, tag="adam"):
    beta1: Annotated[Fraction, PerRun]
    beta2: Annotated[Fraction, PerRun]
    eps: Annotated[Positive, PerRun]


Optimizer = GD | TorchSGD | Momentum | Nesterov | Adam
