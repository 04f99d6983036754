"""A student's function that takes long: asked on all samples once, and otherwise on few of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...core import Objective, Params, Sampled
from ...gradients.methods import backward
from ...sandbox.answers import Finding, fits
from ...sandbox.student import Answer
from .comparison import TOLERANCES
from .diagnosis import Diagnosis
from .explanation import same

LONG, SHORT = 1.0, 0.1
"""Seconds of a call that takes long, and that one on fewer samples may take instead."""

FEWEST = 20
"""Samples on which mistakes still show."""


@dataclass(frozen=True)
class FewerSamples:
    """The samples on which everything is compared, and what the function says of all of them."""

    rows: Tensor  # (m,) int64
    samples: int  # that there are
    seconds: float  # of the call on all samples
    answer: Params
    right: Params

    def of(self, objective: Objective) -> Objective:
        """The objective on these samples."""
        assert isinstance(objective, Sampled)
        return objective.on(self.rows)

    def confirmed(self, found: Diagnosis) -> Diagnosis:
        """The diagnosis, unless it accepts a function that is wrong on all samples."""
        bound = TOLERANCES["float64"]
        wrong = [
            name
            for name, right in self.right.items()
            if name in found.right
            and not (
                name in self.answer
                and fits(self.answer[name], right)
                and same(self.answer[name].reshape(right.shape), right, bound)
            )
        ]
        if not wrong:
            return found
        text = f"is right on {len(self.rows):,} of the samples, and wrong on all {self.samples:,}"
        return replace(
            found,
            accepted=False,
            findings=[*found.findings, Finding("all_samples", tuple(wrong), text)],
            right=[name for name in found.right if name not in wrong],
            remarks=[],
        )


def fewer_samples(
    objective: Objective, params: Params, answer: Answer, generator: torch.Generator
) -> FewerSamples | None:
    """Samples for a function whose `answer` at `params` took long; None if it did not."""
    if answer.seconds <= LONG or not isinstance(objective, Sampled):
        return None
    n = objective.samples
    few = max(FEWEST, round(n * SHORT / answer.seconds))
    if few >= n:
        return None
    rows = torch.randperm(n, generator=generator)[:few].sort().values
    device = next(iter(params.values())).device
    right = backward(objective, params)[1]
    return FewerSamples(rows.to(device), n, answer.seconds, answer.values, right)
