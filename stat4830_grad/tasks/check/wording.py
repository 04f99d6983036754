"""What is found, in sentences: mistakes, factors, penalties; and what else fits as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...core import Objective
from ...problems import Classification, Composite, LeastSquares
from ...sandbox.answers import Finding
from .coefficients import NICE, WHOLE, Coefficients
from .evidence import Candidate, Evidence, Found
from .penalty_wording import Said, of_both, penalty_sentence
from .places import sizes
from .scales import scales

NEARLY = 1e-3
"""A factor that is so close to 1 was not meant."""


def factor_sentence(found: Coefficients, f: Objective, *, several: bool, part: str) -> Said:
    """What a factor means for this objective, and where to look.

    Args:
        several: whether it was found at points of several sizes.
        part: what has the factor, if it is not the whole.
    """
    if not found.c:
        if found.bare:
            return "zero", "has the part of the penalty only, that of the data is missing"
        return "zero", f"is {found.b:.6g} times the parameter, the gradient is missing"
    text = f"{part}is {spelled(found, f)} times the right gradient"
    if not found.scale and abs(found.c - 1) < NEARLY:
        text = f"{part}is nearly right, {found.c:.8g} times the right gradient"
        return "rounding", f"{text}: a numerical derivative, or a rounded constant?"
    hint = of_kind(factor_hints(found.name), f)
    if not found.scale and abs(found.c) not in NICE and abs(found.c) < 1:
        hint = "perhaps a step size is in it"
        if several:
            hint = f"it is so for any number of samples and parameters, so {hint}"
    return "factor", with_hint(text, hint)


def sign_sentence(f: Objective, *, part: str) -> Said:
    """That it is minus the gradient, and where to look; `part` as in `factor_sentence`."""
    hints: dict[type, str] = {LeastSquares: "look at the residual, which is Xw − y"}
    if isinstance(f, Classification):
        hints[Classification] = f"look at the error, which is {f.likelihood.error}"
    text = f"{part}has the wrong sign: it is minus the gradient"
    return "sign", with_hint(text, of_kind(hints, f))


def of_kind(hints: dict[type, str], f: Objective) -> str | None:
    """The hint for objectives of this kind, if there is one."""
    return next((said for kind, said in hints.items() if isinstance(f, kind)), None)


def with_hint(text: str, hint: str | None) -> str:
    """A sentence and where to look."""
    return f"{text}; {hint}" if hint else text


def spelled(found: Coefficients, f: Objective) -> str:
    """The factor's name with the size that is in it: `2/n (n = 100)`."""
    base = found.scale.removeprefix("1/").rstrip("²")
    return f"{found.name} ({base} = {sizes(f)[base]})" if base else found.name


def factor_hints(name: str) -> dict[type, str]:
    """Why a gradient may be off by the factor `name`, by the kind of objective."""
    mean, total = (
        "the loss is a mean over the samples, this is the gradient of their sum: divide by n",
        "the loss ½‖Xw − y‖² is a sum over the samples, this is the gradient of a mean",
    )
    features = "divided by the number of features, where no mean over them is taken"
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
        case "1/p" | "1/d":
            return {LeastSquares: features, Classification: features}
        case "1/m" | "2/m":
            return {Composite: "½‖tanh(v) − y‖² is a sum over the outputs, this is of a mean"}
    return {}


def multiple_sentences(
    found: Coefficients, f: Objective, *, several: bool, part: str
) -> Iterator[Said]:
    """What is to be said of a sign and of a factor; as in `factor_sentence`."""
    if found.c < 0:
        yield sign_sentence(f, part=part)
        found = replace(found, c=-found.c)
    if found.factor:
        yield factor_sentence(found, f, several=several, part=part)


def coefficient_sentences(
    found: Coefficients, name: str, f: Objective, *, several: bool, beside: bool
) -> Iterator[Said]:
    """What is to be said of c and b in the gradient of a parameter."""
    if found.updated:
        if found.minus:
            yield sign_sentence(f, part="")
        size = abs(found.c)
        step = spelled(replace(found, c=size), f) if found.scale else f"{size:.6g}"
        text = f"is the parameter after a step of {step}, not the gradient: return ∇f alone"
        yield "updated_parameter", text
        return
    penalty = f.penalty if isinstance(f, LeastSquares | Classification) else None
    part = "its part without the penalty " if beside else ""
    if penalty and (both := of_both(found, name, penalty)):
        whole, found = both
        yield from multiple_sentences(whole, f, several=several, part="")
        part = f"besides, {part}"
    yield from multiple_sentences(found, f, several=several, part=part)
    if penalty is None:
        if found.b and found.c:
            times = f"{found.b:.6g}" + (f"·{found.of}" if found.of else "")
            what = "the parameter" if found.column == WHOLE else found.column
            yield "penalty", f"has {times} times {what} added: a penalty that is not in the loss"
    elif found.bare or found.b:
        yield from penalty_sentence(found, name, penalty)


@dataclass
class Sentence:
    """One mistake, the parameters it is in, and what else explains them as well."""

    parameters: list[str]
    others: list[Said]


def findings(
    evidence: Evidence,
    own: Evidence,
    chosen: Sequence[tuple[Candidate, list[str]]],
    pool: Sequence[Candidate],
    f: Objective,
) -> list[Finding]:
    """A finding for each elementary mistake, with all its parameters.

    Args:
        chosen: candidates, and the parameters that each is to explain.
        pool: all that explain anything, among them what explains as much as well.
    """
    said: dict[Said, Sentence] = {}
    for candidate, names in chosen:
        others = as_likely(candidate, names, pool)
        for name in names:
            mine = sentences(evidence, own, candidate, name, f)
            for one in mine:
                said.setdefault(one, Sentence([], [])).parameters.append(name)
            for other in others:
                theirs = sentences(evidence, own, other, name, f)
                here = [one for one in mine if one not in theirs]
                there = [one for one in theirs if one not in mine]
                if here and there and there[0][0] != here[0][0]:
                    instead = there[0][0], "; and ".join(text for _, text in there)
                    said[here[0]].others.append(instead)
    order = {name: i for i, name in enumerate(evidence.trials[0].params)}
    return [finding(one, sentence, order) for one, sentence in said.items()]


def finding(one: Said, sentence: Sentence, order: dict[str, int]) -> Finding:
    """A mistake and what explains its parameters as well."""
    kind, text = one
    others = list(dict.fromkeys(sentence.others))[:2]
    text += "".join(f"; or else: {other}" for _, other in others)
    return Finding(
        kind,
        tuple(sorted(sentence.parameters, key=order.__getitem__)),
        text,
        tuple(k for k, _ in others),
    )


def sentences(
    evidence: Evidence, own: Evidence, candidate: Candidate, name: str, f: Objective
) -> list[Said]:
    """How the answer of one parameter comes about, mistake by mistake; or what fits as well."""
    found = candidate.explains[name]
    said: list[Said] = []
    if found.reading.kind:
        here = own.trials[0]
        text = found.reading.sentence(here.answers[name], here.params[name])
        said.append((found.reading.kind, text))
    whole = evidence.gradient(0, candidate.mistakes)
    for mistake in candidate.mistakes:
        without = tuple(m for m in candidate.mistakes if m is not mistake)
        if evidence.changes(whole, name, without):
            said.append((mistake.kind, mistake.sentence))
    beside = any(one.likely[0].bare for one in candidate.explains.values())
    return said + numbers(evidence, found, name, f, beside=beside)


def numbers(
    evidence: Evidence, found: Found, name: str, f: Objective, *, beside: bool
) -> list[Said]:
    """What is said of the coefficients; where several are as likely, all in one sentence."""
    several = len({tuple(t.sizes.values()) for t in evidence.trials}) > 1
    likely = (*found.likely, *by_chance(found.likely[0], f))
    first, *others = (
        list(coefficient_sentences(c, name, f, several=several, beside=beside)) for c in likely
    )
    more = [said for other in others for said in other if said not in first]
    at = next((i for i, one in enumerate(first) if not all(one in o for o in others)), None)
    if more and at is not None:
        kind, text = first[at]
        text += "".join(f"; or else it {t}" for _, t in list(dict.fromkeys(more))[:2])
        first[at] = kind, text
    return first


def by_chance(found: Coefficients, f: Objective) -> list[Coefficients]:
    """What a factor without a name amounts to at the problem's own sizes, if that has one."""
    if found.scale or found.updated or abs(found.c) in NICE:
        return []
    made = []
    for scale in scales([sizes(f)]):
        c = found.c / scale.values[0]
        if scale.name and min(abs(abs(c) - nice) for nice in (0.5, 1, 2)) < 1e-5:
            made.append(replace(found, c=round(2 * c) / 2, scale=scale.name))
    return made[:2]


def as_likely(candidate: Candidate, names: list[str], pool: Sequence[Candidate]) -> list[Candidate]:
    """Others that explain the same parameters and are no more far-fetched."""
    cost = candidate.cost(names) + 0.01
    return [
        other
        for other in pool
        if other is not candidate
        and set(names) <= set(other.explains)
        and other.cost(names) <= cost
    ]
