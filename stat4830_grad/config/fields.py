"""What the structs of a configuration are made of: bounds of values, and their base class."""

from __future__ import annotations

import sys
from functools import cache
from typing import Annotated, ClassVar, Literal, get_type_hints

from msgspec import Meta, Struct

LARGEST = sys.float_info.max  # keeps out infinity and, as every bound does, NaN
Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Meta(ge=0, le=LARGEST)]
Fraction = Annotated[float, Meta(ge=0, lt=1)]
PerRun = Meta(extra={"per_run": True})
"""Marks what each run of a batch may have of its own; jobs that differ in nothing else train
together, with leading dimensions *K = (K,)."""

Count = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Strict(Struct, frozen=True, forbid_unknown_fields=True, tag_field="name"):
    """A part of the configuration: unknown keys are errors, values never change."""

    @property
    def name(self) -> str:
        """The option chosen, e.g. "mnist" of problem=mnist."""
        return str(type(self).__struct_config__.tag)


class Stepped(Strict, frozen=True, kw_only=True):
    """An optimizer, whose step size may follow a schedule."""

    lr: Annotated[Positive, PerRun]
    schedule: Literal["constant", "inverse", "inverse_sqrt", "cosine"] = "constant"
    warmup: Annotated[int, Meta(ge=0, le=2**53), PerRun] = 0
    batches: ClassVar[bool] = True  # several runs may train together

    @property
    def scheduled(self) -> bool:
        """Whether the step size changes in the course of a run."""
        return self.schedule != "constant" or self.warmup > 0


@cache
def per_run_fields(option: type[Struct]) -> tuple[str, ...]:
    """The keys of an option that are marked `PerRun`."""
    hints = get_type_hints(option, include_extras=True)
    return tuple(key for key, hint in hints.items() if PerRun in getattr(hint, "__metadata__", ()))
