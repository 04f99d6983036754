"""Which mistakes make this wrong gradient? If none that is known, what can be said of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...core import Objective
from ...sandbox.answers import Finding
from .evidence import EXACT, Candidate, Evidence
from .mistakes.recipe import Recipe
from .search import candidates, cover
from .trial import Trial
from .wording import findings


def same(a: Tensor, b: Tensor, bound: float = EXACT) -> bool:
    """‖a − b‖∞ ≤ bound · max(‖a‖∞, ‖b‖∞), for the same shapes."""
    if a.shape != b.shape or not a.numel():
        return a.shape == b.shape
    scale = torch.maximum(a.abs().max().double(), b.abs().max().double())
    return bool((a.double() - b.double()).abs().max() <= bound * scale)


@dataclass(frozen=True)
class Case:
    """Wrong answers, at the problem's own points and at other places."""

    objective: Objective
    recipe: Recipe
    own: Sequence[Trial]
    elsewhere: Sequence[Trial]  # none where the function could not be asked
    wrong: Sequence[str]
    right: Sequence[str]
    bound: float = EXACT


@np.errstate(all="ignore")
def explain(case: Case) -> tuple[list[Finding], list[str]]:
    """A finding for each mistake, and the parameters that no mistake explains."""
    found: list[Finding] = []
    left = list(case.wrong)
    own = Evidence(case.recipe, case.own, left, case.right, case.bound)
    telling = [name for name in left if any(differs(t, name) for t in case.elsewhere)]
    if telling:
        evidence = Evidence(case.recipe, case.elsewhere, telling, case.right, case.bound)
        said, explained = explained_by(evidence, own, case.objective)
        found += said
        left = [name for name in left if name not in explained]
    if left and (not case.elsewhere or not telling):
        recipe = case.recipe
        if case.elsewhere:  # it is right there: what differs is the number of samples
            recipe = replace(recipe, mistakes=[m for m in recipe.mistakes if m.alone], families=[])
        evidence = Evidence(recipe, case.own, left, case.right, case.bound)
        said, explained = explained_by(evidence, evidence, case.objective)
        found += said
        left = [name for name in left if name not in explained]
    return found, left


def differs(trial: Trial, name: str) -> bool:
    """Whether the answer of a trial is wrong there."""
    right = trial.gradient[name]
    answer = trial.answers[name]
    if answer.squeeze().shape != right.shape:
        return True
    return bool(np.abs(answer.squeeze() - right).max() > EXACT * np.abs(right).max())


def explained_by(
    evidence: Evidence, own: Evidence, f: Objective
) -> tuple[list[Finding], list[str]]:
    """What explains the answers at the places of `evidence` and at the problem's own points."""
    pool = candidates(evidence)
    chosen: list[tuple[Candidate, list[str]]] = []
    left = set(evidence.wrong)
    while left and (best := next(iter(cover(evidence, pool, left)), None)):
        for name in [n for n in best.explains if n in left]:
            if own is not evidence and not own.holds(best, name):
                del best.explains[name]
        if names := [n for n in best.explains if n in left]:
            chosen.append((best, names))
            left -= set(names)
    return findings(evidence, own, chosen, pool, f), [n for n in evidence.wrong if n not in left]


def characterise(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str]:
    """What can be said of any wrong gradient, in (answer, right) at each point: kind, sentence."""
    flat = [(g.double().flatten(), right.double().flatten()) for g, right in pairs]
    gap = max(relative(g, right) for g, right in flat)
    if gap < 1e-3:
        dtype = pairs[0][0].dtype
        if dtype in (torch.float32, torch.float16, torch.bfloat16) and (
            gap < 200 * torch.finfo(dtype).eps
        ):
            kind = str(dtype).removeprefix("torch.")
            text = f"is right as far as {kind} goes: within {gap:.0e}, and it comes as {kind}"
            return "rounding", f"{text}; compute in the dtype of the parameters"
        why = "a numerical derivative, or a rounded constant?"
        return "rounding", f"is nearly right, within {gap:.0e} of it: {why}"
    ratios = [float(g @ right / (right @ right)) for g, right in flat if right.any()]
    parallel = all(same(g, c * right) for (g, right), c in zip(flat, ratios, strict=False))
    if ratios and parallel and len(ratios) == len(flat):
        if max(ratios) - min(ratios) <= EXACT * max(map(abs, ratios)):
            ask = "" if abs(ratios[0]) > 1 else "; is a step size in it?"
            return "factor", f"is {ratios[0]:.6g} times the right gradient{ask}"
        if flat[0][0].numel() > 1:
            text = " and ".join(f"{c:.3g}" for c in ratios)
            return "length", f"has the right direction but not the right length: {text} times it"
    if entries := wrong_entries(pairs):
        return "entries", entries
    g, right = flat[-1]
    cosine = float(torch.nn.functional.cosine_similarity(g, right, dim=0))
    size = float(g.norm() / right.norm())
    text = f"cosine with the right gradient {cosine:.3f}, length {size:.3g} times the right one"
    return "unexplained", f"differs, and by no mistake known here: {text}"


def relative(a: Tensor, b: Tensor) -> float:
    """Largest difference of two tensors as a share of their largest entry."""
    return float((a - b).abs().max() / torch.maximum(a.abs().max(), b.abs().max()))


def wrong_entries(pairs: list[tuple[Tensor, Tensor]]) -> str | None:
    """Where the wrong entries are, if at least half of all are right."""
    off = torch.zeros_like(pairs[0][1], dtype=torch.bool)
    for g, right in pairs:
        off |= (g.double() - right).abs() > EXACT * right.abs().max()
    if not 0 < 2 * int(off.sum()) <= off.numel():
        return None
    places = [tuple(place) for place in off.nonzero()[:3].tolist()]
    shown = ", ".join(str(list(place)) for place in places)
    more = ", …" if int(off.sum()) > len(places) else ""
    return f"is right but for {int(off.sum())} of {off.numel()} entries: {shown}{more}"
