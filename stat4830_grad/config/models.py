"""Every model with its keys and their bounds. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .fields import Count, PerRun, Seed, Strict


class Logistic(Strict, frozen=True, tag="logistic"):
    bias: bool
    init_seed: Annotated[Seed | None, PerRun]
    init_from: Annotated[str | None, PerRun]


class MLP(Strict, frozen=True):
    hidden: Annotated[list[Count], Meta(min_length=1)]
    init_seed: Annotated[Seed | None, PerRun]
    init_from: Annotated[str | None, PerRun]


class ReluMLP(MLP, frozen=True, tag="relu_mlp"):
    pass


class TanhMLP(MLP, frozen=True, tag="tanh_mlp"):
    pass


class ModelFile(Strict, frozen=True, tag="file"):
    path: Annotated[str, Meta(min_length=1)]
    init_seed: Annotated[Seed | None, PerRun]
    init_from: Annotated[str | None, PerRun]


OurModel = Logistic | ReluMLP | TanhMLP
Model = OurModel | ModelFile
