"""What the diagnosis says of a mutant, compared with what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stat4830_grad.core import Objective, Params
from stat4830_grad.gradients.methods import backward
from stat4830_grad.sandbox.answers import NAME, Finding, offer, read
from stat4830_grad.sandbox.student import Answer
from stat4830_grad.system.user_file import run_source
from stat4830_grad.tasks.check.diagnosis import diagnose
from stat4830_grad.tasks.check.methods import nearby

VAGUE = {"unexplained", "entries", "length", "shape", "rounding", "elsewhere"}
"""Kinds of findings that name no mistake."""

RIGHTLY, AMONG, IN_PART, UNKNOWN, WRONGLY = OUTCOMES = (
    "named rightly",
    "named among two",
    "named in part",
    "not known",
    "named wrongly",
)


class InProcess:
    """A source that is trusted, asked in this process: starting one for each takes too long."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.load()

    def load(self) -> None:
        """Run it anew."""
        self.function = run_source(self.source.encode(), Path("mutant.py"), "mutant").function(NAME)

    def ask(self, data: Mapping[str, Any], params: Params, *, quiet: bool = False) -> Answer:
        """Its answer to copies of these."""
        mine = {name: p.clone() for name, p in params.items()}
        own = {k: v.clone() if isinstance(v, Tensor) else list(v) for k, v in data.items()}
        with warnings.catch_warnings():
            if quiet:
                warnings.simplefilter("ignore")
            answer = self.function.called_with(offer(own, mine))
        values, findings = read(answer, params)
        return Answer(values, findings, (), 0.0)


@dataclass(frozen=True)
class Case:
    """A problem, with the points at which a gradient is compared."""

    objective: Objective
    points: list[tuple[Params, Params]]


def case_of(objective: Objective) -> Case:
    """At an initial point and one near it."""
    start = objective.init(torch.Generator().manual_seed(1))
    first = {name: p.double() for name, p in start.items()}
    points = [nearby(first, torch.Generator().manual_seed(seed)) for seed in (2, 3)]
    return Case(objective, [(p, backward(objective, p)[1]) for p in points])


def findings_of(source: str, case: Case) -> list[Finding]:
    """What the diagnosis says of a source; nothing of one that is right.

    Raises:
        ConfigError: it raises an error.
    """
    return diagnose(InProcess(source), case.objective, case.points, 1e-9).findings


def outcome(kinds: Sequence[Sequence[str]], findings: list[Finding]) -> str:
    """How what is said compares with what is wrong.

    Args:
        kinds: of each mistake those of the diagnosis that say it.
    """
    said = {f.kind for f in findings} - VAGUE
    besides = {kind for f in findings for kind in f.others}
    wanted = [set(one) for one in kinds]
    accepted = set().union(*wanted)
    alternatives = [(f.kind, *f.others) for f in findings if f.kind not in VAGUE]
    if any(not set(each) & accepted for each in alternatives):
        return WRONGLY
    if any(f.kind in VAGUE for f in findings):
        return IN_PART if said else UNKNOWN
    if all(one & said for one in wanted):
        return AMONG if besides else RIGHTLY
    return AMONG if all(one & (said | besides) for one in wanted) else IN_PART
