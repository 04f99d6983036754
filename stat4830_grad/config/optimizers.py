"""Every optimizer with its keys and their bounds. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .fields import Fraction, PerRun, Positive, Stepped
from .torch_classes import TorchClass


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


class File(Stepped, frozen=True, kw_only=True, tag="file"):
    path: Annotated[str, Meta(min_length=1)]


Rule = GD | Momentum | Nesterov | Adam
Optimizer = Rule | TorchSGD | TorchClass | File
