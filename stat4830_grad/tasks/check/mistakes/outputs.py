"""Mistakes at the output: in the prediction, the labels, the error and what follows the last z."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from .curves import CURVES, SIGMOID, TANH, WrongSlope, positive, wrong_slopes
from .network import LOGIT, OUTER_TANH, SOFTMAX, Network, softmax
from .recipe import Array, Mistake, Values


def output_mistakes(network: Network) -> Iterator[Mistake]:
    """All of them, the likelier first."""
    yield from in_prediction(network)
    yield from in_labels(network)
    yield from in_error(network)
    yield from in_last_slope(network)


def in_prediction(network: Network) -> Iterator[Mistake]:
    """What stands where σ(z), softmax(z), tanh(v) or Xw belongs."""
    last, link = f"z{network.layers}", network.link

    def wrong(kind: str, what: str, value: Callable[[Array], Array]) -> Mistake:
        return Mistake(kind, f"{what}: {network.whole}", "p", lambda v, p: value(v[last]))

    text = f"{link.prediction} is forgotten"
    yield wrong("prediction_forgotten", text, np.zeros_like)
    if link.name == "identity":
        return
    yield wrong(f"{link.name}_forgotten", f"{link.said} is forgotten", lambda z: z)
    text = f"{link.said} is taken twice"
    yield wrong(f"{link.name}_twice", text, lambda z: link.value(link.value(z)))
    yield wrong("prediction_sign", f"{link.said} is taken at −z", lambda z: link.value(-z))
    for other in CURVES.values():
        if other.name.removeprefix("the ") != link.name:
            name = f"{other.name.removeprefix('the ')}_not_{link.name}"
            text = f"{other.name} stands where {link.said} belongs"
            yield wrong(name, text, other.value)
    decision = "the decision {} stands where the probability {} belongs"
    if link is LOGIT:
        text = decision.format("z > 0", link.prediction)
        yield wrong("decision_not_probability", text, positive)
    if link is SOFTMAX:
        text = decision.format("for the largest logit", link.prediction)
        yield wrong("decision_not_probability", text, decided)
        text = "softmax is taken over the samples; it is taken over the classes, and"
        yield wrong("softmax_over_samples", text, lambda z: softmax(z, 0))
        yield wrong("not_normalised", "exp(z) is not divided by its sum over the classes", np.exp)
        text = "exp(z) is divided by its sum over everything, not by that of each sample"
        yield wrong("not_normalised", text, lambda z: np.exp(z) / np.exp(z).sum())


def decided(z: Array) -> Array:
    """1 in the column of each row's largest logit, 0 elsewhere."""
    made: Array = (z == z.max(-1, keepdims=True)).astype(np.float64)
    return made


def in_labels(network: Network) -> Iterator[Mistake]:
    """What stands where y belongs."""
    y = network.link.label

    def wrong(
        kind: str, text: str, change: Callable[[Array], Array], chains: bool = True
    ) -> Mistake:
        said = f"{text}: {network.whole}"
        return Mistake(kind, said, "Y", lambda v, Y: change(Y), chains=chains)

    yield wrong("label_forgotten", f"{y} is forgotten", np.zeros_like, chains=False)
    if network.mean:
        text = "the labels are taken as −1 and 1, where they are 0 and 1"
        yield wrong("labels_of_other_sign", text, lambda Y: 2 * Y - 1)
        yield wrong("labels_exchanged", "0 and 1 are exchanged in the labels", lambda Y: 1 - Y)
    if network.link is SOFTMAX:
        text = "the class itself, a number from 0, stands where the indicators Y belong"
        yield wrong("not_indicators", text, classes)
        for step, counted in ((1, "1"), (-1, "−1")):
            text = f"the classes are counted from {counted}, not from 0"
            yield wrong("classes_shifted", text, partial(np.roll, shift=step, axis=1))
    yield wrong("label_sign", f"{y} has the wrong sign", np.negative)
    if network.link is not OUTER_TANH:
        for how, change in PERMUTED.items():
            text = f"{y} is {how}, so that samples get the {y} of others"
            yield wrong("labels_permuted", text, change)


def classes(Y: Array) -> Array:
    """The column of the 1 in each row, in all columns."""
    return np.broadcast_to(Y.argmax(1)[:, None], Y.shape).astype(np.float64)


PERMUTED: dict[str, Callable[[Array], Array]] = {
    "reversed": lambda Y: Y[::-1],
    "moved on by one": lambda Y: np.roll(Y, 1, 0),
    "moved back by one": lambda Y: np.roll(Y, -1, 0),
    "sorted": lambda Y: np.sort(Y, 0),
}

Error = tuple[str, str, Callable[[Values, Array], Array]]


def in_error(network: Network) -> Iterator[Mistake]:
    """What is made of the error, or stands in its place."""
    for kind, text, change in errors(network):
        yield Mistake(kind, f"{text}; {network.whole}", "e", change)


def errors(network: Network) -> Iterator[Error]:
    """Kind, sentence and what stands in place of e."""
    axis, link = 1 if network.link is OUTER_TANH else 0, network.link
    what = f"{link.prediction} and y of shapes ({'m' if axis else 'n'}, 1) and "
    what += f"({'m' if axis else 'n'},) make a matrix of all differences"
    if link is not SOFTMAX:
        hint = "give both the same shape, by reshape(-1) or [:, None]"
        text = f"{what}, each prediction less the y of all; {hint}"
        yield "broadcast", text, lambda v, e: spread(v["p"], v["Y"], axis)
        text = f"{what}, all predictions less each y; {hint}"
        yield "broadcast", text, lambda v, e: -spread(v["Y"], v["p"], axis)
    if link is OUTER_TANH:  # where the prediction is right in its slope
        text = f"{link.prediction} is forgotten in the error"
        yield "prediction_forgotten", text, lambda v, e: -v["Y"]
        text = f"{link.said} is forgotten in the error"
        yield "tanh_forgotten", text, lambda v, e: v["z2"] - v["Y"]
    yield "error_forgotten", "the error is missing", lambda v, e: np.ones_like(e)
    yield "error_squared", f"the error {link.error} is squared", lambda v, e: e * e
    text = f"this is the gradient of ‖{link.error}‖ without the square: it is divided by that norm"
    yield "norm_not_squared", text, lambda v, e: e / np.sqrt((e * e).sum())
    text = "the sign of the error stands in its place: this is the gradient of Σ|error|"
    yield "absolute_error", text, lambda v, e: np.sign(e)
    yield "absolute_error", "the absolute value of the error is taken", lambda v, e: np.abs(e)
    if link is LOGIT:
        text = "this is ∂loss/∂σ; the derivative of the sigmoid, which it is to be multiplied by,"
        text += " is forgotten"
        yield "sigmoid_slope_forgotten", text, lambda v, e: e / SIGMOID.of_output(v["p"])
        text = "the derivative of the sigmoid, t(1 − t), is taken at the error t = σ(z) − y"
        yield "slope_at_error", text, lambda v, e: e * (1 - e)
        text = "the term of the samples with y = 0 is missing"
        yield "term_missing", text, lambda v, e: -v["Y"] * (1 - v["p"])
        text = "the term of the samples with y = 1 is missing"
        yield "term_missing", text, lambda v, e: (1 - v["Y"]) * v["p"]
    if link in (LOGIT, SOFTMAX):
        text = f"this is −{link.label}/p with p = {link.prediction}, the derivative by p"
        yield "derivative_by_probability", text, lambda v, e: -v["Y"] / v["p"]
        text = f"only the entries of the right class are taken, {link.label}(p − 1)"
        yield "term_missing", text, lambda v, e: v["Y"] * (v["p"] - 1)


def spread(a: Array, b: Array, axis: int) -> Array:
    """Σⱼ (aᵢ − bⱼ) along an axis."""
    total: Array = a.shape[axis] * a - b.sum(axis, keepdims=True)
    return total


def in_last_slope(network: Network) -> Iterator[Mistake]:
    """Of the composite's tanh; or that of the sigmoid or softmax, which cancels."""
    last, link = network.layers, network.link
    step, arrays = f"s{last}", {"z": f"z{last}", "a": "p", "e": "e"}
    if link is OUTER_TANH:
        for one in wrong_slopes(TANH, {"v": "z", "o": "a", "e": "e"}, TANH.of_output):
            yield Mistake(one.kind, slope_sentence(one, "tanh", "v", "o"), step, at(one, arrays))
    cancels = f"with cross entropy it cancels and {network.whole}"
    if link is LOGIT:
        for one in wrong_slopes(SIGMOID, {"z": "z", "σ(z)": "a", "e": "e"}, np.ones_like):
            if one.argument == "e" and not one.kind.startswith("slope_at"):
                continue  # e times a power or the sign of e is in `errors`
            cancelled = one.function is SIGMOID.of_output and one.argument == "a"
            kind = "squared_error" if cancelled else one.kind
            text = f"there is a factor {one.text} too many"
            text += ", with e = σ(z) − y" if one.argument == "e" else ""
            yield Mistake(kind, f"{text}; {cancels}", step, at(one, arrays))
    if link is SOFTMAX:
        text = "softmax is differentiated once more: that belongs to the squared error; "
        yield Mistake("squared_error", text + cancels, "e", lambda v, e: through(v["p"], e))
        text = "there is a factor p(1 − p) too many, p = softmax(z); "
        yield Mistake("squared_error", text + cancels, step, lambda v, s: v["p"] * (1 - v["p"]))
        text = "there is a factor p too many, p = softmax(z); "
        yield Mistake("squared_error", text + cancels, step, lambda v, s: v["p"])


def through(p: Array, dp: Array) -> Array:
    """∂f/∂z from ∂f/∂p for p = softmax(z)."""
    made: Array = p * (dp - (p * dp).sum(-1, keepdims=True))
    return made


def at(one: WrongSlope, arrays: dict[str, str]) -> Callable[[Values, Array], Array]:
    """The function at its argument among the values."""
    return lambda v, right: one.function(v[arrays[one.argument]])


def slope_sentence(one: WrongSlope, name: str, z: str, a: str) -> str:
    """What is there, and what belongs there, for a = φ(z)."""
    own = CURVES.get(name)
    belongs = own.of_output_text.format(a) if own else f"taken at {z}"
    where = {"z": f"with {z} before {name}", "a": f"where {a} is {name}({z}) already"}
    where |= {"da": f"with g = ∂f/∂{a}", "e": "with e the error"}
    if one.kind == "slope_forgotten":
        return f"the derivative of {name} is forgotten: multiply by {belongs}, {a} = {name}({z})"
    if one.kind.startswith("slope_at"):
        return (
            f"the derivative of {name} is taken at the wrong value: it is {belongs} with "
            f"{a} = {name}({z}), here it is {one.text} {where[one.argument]}"
        )
    what = f"the derivative of {name} is {belongs}, {a} = {name}({z}); here it is {one.text}"
    if one.kind.startswith("slope_of_"):
        return f"{what}, which is that of {one.kind.removeprefix('slope_of_')}"
    if one.kind == "slope_not_squared":
        return f"{what}: the square is missing"
    return f"{what}, {where[one.argument]}" if one.argument in ("da", "e") else what
