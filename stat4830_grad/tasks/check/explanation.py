"""Which mistake makes this wrong gradient? Known ones first, then what can be said of any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Objective, Params
from ...problems import Classification, LeastSquares
from ...sandbox.answers import Finding
from .mistakes import mistakes_of, sample_count
from .penalty_mistakes import penalty_of

EXACT = 1e-7
"""Relative difference, in float64, up to which an answer counts as a known wrong one."""


def same(a: Tensor, b: Tensor, bound: float = EXACT) -> bool:
    """‖a − b‖∞ ≤ bound · max(‖a‖∞, ‖b‖∞), for the same shapes."""
    if a.shape != b.shape:
        return False
    scale = torch.maximum(a.abs().max().double(), b.abs().max().double())
    return bool((a.double() - b.double()).abs().max() <= bound * scale)


@dataclass(frozen=True)
class Hypothesis:
    """A wrong gradient at every point, which may lack parameters, times a factor."""

    kind: str
    sentence: str
    gradients: list[Params]
    factor: float = 1.0

    def fits(self, name: str, answers: list[Params]) -> bool:
        """Whether this is what the answers have for a parameter, at every point."""
        return all(
            name in wrong and same(answer[name], self.factor * wrong[name], coarse(answer[name]))
            for wrong, answer in zip(self.gradients, answers, strict=True)
        )


def coarse(answer: Tensor) -> float:
    """The bound for "the same" that the answer's own dtype allows."""
    eps = torch.finfo(answer.dtype).eps if answer.is_floating_point() else 0.0
    return max(EXACT, 100 * eps)


def explain(
    answers: list[Params], rights: list[Params], points: list[Params], objective: Objective
) -> list[Finding]:
    """For wrong parameters, again and again what explains most of them; ties to the simplest.

    Args:
        answers: the wrong gradients at each point, in the parameters' shapes.
        rights: the right ones; points: the parameters there.
    """
    left = list(answers[0])
    if not left:
        return []
    known = list(hypotheses(rights, points, objective))
    findings = []
    while left:
        explained = [[name for name in left if h.fits(name, answers)] for h in known]
        best = max(range(len(known)), key=lambda i: len(explained[i]))
        names = explained[best]
        if not names:
            break
        findings.append(Finding(known[best].kind, tuple(names), known[best].sentence))
        left = [name for name in left if name not in names]
    for name in left:
        pairs = [(a[name], r[name]) for a, r in zip(answers, rights, strict=True)]
        kind, text = with_parameter(pairs, [p[name] for p in points]) or characterise(pairs)
        findings.append(Finding(kind, (name,), text))
    return findings


def explain_shape(
    name: str, answers: list[Tensor], points: list[Params], objective: Objective
) -> Finding | None:
    """The known mistake that gives a gradient of this other shape, such as an Xᵀ left out."""
    for m in mistakes_of(objective):
        wrong = [m.gradient(params) for params in points]
        if all(name in w and same(a, w[name]) for a, w in zip(answers, wrong, strict=True)):
            return Finding(m.kind, (name,), f"has the wrong shape: {m.sentence}")
    return None


def hypotheses(
    rights: list[Params], points: list[Params], objective: Objective
) -> Iterator[Hypothesis]:
    """From the simplest to combinations."""
    factors = known_factors(objective)
    zero = "is zero: its term is missing"
    yield Hypothesis("zero", zero, rights, 0.0)
    for name, factor in factors.items():
        kind = "sign" if factor == -1 else "factor"
        yield Hypothesis(kind, factor_sentence(name, objective), rights, factor)
    yield from factors_of_data(rights, points, objective)
    transposed = [{k: g.mT for k, g in right.items() if g.ndim == 2} for right in rights]
    yield Hypothesis("transposed", "is transposed", transposed)
    mistakes = mistakes_of(objective)
    wrong = [[m.gradient(params) for params in points] for m in mistakes]
    for m, gradients in zip(mistakes, wrong, strict=True):
        yield Hypothesis(m.kind, m.sentence, gradients)
    for name, factor in factors.items():
        besides = f"besides, it is off by the factor {spelled(name, objective)}"
        yield Hypothesis("transposed", f"is transposed; {besides}", transposed, factor)
        for m, gradients in zip(mistakes, wrong, strict=True):
            yield Hypothesis(m.kind, f"{m.sentence}; {besides}", gradients, factor)


def factors_of_data(
    rights: list[Params], points: list[Params], objective: Objective
) -> Iterator[Hypothesis]:
    """The penalty is right, and what the data add to the gradient is off by a factor."""
    if (penalty := penalty_of(objective)) is None:
        return
    slopes = [penalty.gradient(params) for params in points]
    pairs, zero = list(zip(rights, slopes, strict=True)), torch.zeros(())
    for name, factor in known_factors(objective).items():
        off = [
            {k: factor * g + (1 - factor) * own.get(k, zero) for k, g in right.items()}
            for right, own in pairs
        ]
        said = f"its part without the penalty {factor_sentence(name, objective)}"
        yield Hypothesis("factor", said, off)


def known_factors(objective: Objective) -> dict[str, float]:
    """Factors that have a name, the simplest first: −1, 2, ½, those of n, and products."""
    factors = {"−1": -1.0, "2": 2.0, "½": 0.5}
    if counted := sample_count(objective):
        name, n = counted
        factors |= {name: float(n), f"1/{name}": 1 / n}
        factors |= {f"2/{name}": 2 / n, f"{name}/2": n / 2, f"2{name}": 2.0 * n}
        factors |= {f"1/(2{name})": 0.5 / n, f"1/{name}²": n**-2.0}
    factors |= {f"−{name}": -value for name, value in factors.items() if value > 0}
    distinct: dict[float, str] = {}
    for name, value in factors.items():
        if value != 1:
            distinct.setdefault(value, name)
    return {name: value for value, name in distinct.items()}


def factor_sentence(name: str, objective: Objective) -> str:
    """What a factor means for this objective, and where to look."""
    if name == "−1":
        what = "has the wrong sign: it is minus the gradient"
        hints: dict[type, str] = {LeastSquares: "look at the residual, which is Xw − y"}
        if isinstance(objective, Classification):
            hints[Classification] = f"look at the error, which is {objective.likelihood.error}"
    else:
        what = f"is {spelled(name, objective)} times the right gradient"
        hints = factor_hints(name)
    hint = next((said for kind, said in hints.items() if isinstance(objective, kind)), None)
    return f"{what}; {hint}" if hint else what


def spelled(name: str, objective: Objective) -> str:
    """The factor's name with the count that is in it: `2/n (n = 100)`."""
    counted = sample_count(objective)
    return f"{name} ({counted[0]} = {counted[1]})" if counted and counted[0] in name else name


def factor_hints(name: str) -> dict[type, str]:
    """Why a gradient may be off by the factor `name`, by the kind of objective."""
    mean, total = (
        "the loss is a mean over the samples, this is the gradient of their sum: divide by n",
        "the loss ½‖Xw − y‖² is a sum over the samples, this is the gradient of a mean",
    )
    match name:
        case "2":
            return {LeastSquares: "the ½ of ½‖Xw − y‖² cancels the 2 of the square"}
        case "½":
            return {LeastSquares: "the square brings down a 2, which cancels the ½"}
        case "n":
            return {Classification: mean}
        case "1/n":
            return {LeastSquares: total, Classification: "it is divided by n once too often"}
        case "2/n":
            return {LeastSquares: f"{total} without its ½"}
    return {}


def with_parameter(
    pairs: list[tuple[Tensor, Tensor]], parameter: list[Tensor]
) -> tuple[str, str] | None:
    """Whether (answer, right) tell of the parameter p itself: g + cp, or the update p − cg."""
    places = list(zip(pairs, parameter, strict=True))
    if c := common_ratio([(g.double() - right, p) for (g, right), p in places]):
        text = f"has {c:.6g} times the parameter added: a penalty that is not in the loss"
        return "penalty", text
    if c := common_ratio([(p - g.double(), right) for (g, right), p in places]):
        text = f"is the parameter after a step of {c:.6g}, not the gradient: return ∇f alone"
        return "updated_parameter", text
    return None


def common_ratio(pairs: list[tuple[Tensor, Tensor]]) -> float | None:
    """The c with a = c b for all pairs (a, b), if there is one."""
    a, b = (torch.cat([pair[i].double().flatten() for pair in pairs]) for i in (0, 1))
    if not b.any():
        return None
    c = float(a @ b / (b @ b))
    return c if same(a, c * b, 1e-6) else None


def characterise(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str]:
    """What can be said of any wrong gradient, in (answer, right) at each point: kind, sentence."""
    flat = [(g.double().flatten(), right.double().flatten()) for g, right in pairs]
    gap = max(relative(g, right) for g, right in flat)
    if gap < 1e-3:
        single = any(g.dtype in (torch.float32, torch.float16, torch.bfloat16) for g, _ in pairs)
        why = "computed in float32" if single else "a numerical derivative, or a rounded constant"
        return "rounding", f"is nearly right, within {gap:.0e} of it: {why}?"
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
