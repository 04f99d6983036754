"""Mistakes in a layer: its slope, its weights on the way back, its gradients, its forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .curves import CURVES, Curve, wrong_slopes
from .network import LOGIT, Network
from .outputs import at, slope_sentence
from .recipe import Array, Change, Mistake, Values

Part = Callable[[Values], Array]

AFTER = "its weight's gradient needs the output of the activation"


def layer_mistakes(network: Network) -> Iterator[Mistake]:
    """All of them, the likelier first."""
    for layer in range(network.layers - 1, 0, -1):
        yield from in_slope(network, layer)
        yield from in_way_back(network, layer)
    if network.of_input:
        text = "W₁ᵀ is missing: x enters through W₁ x, so its gradient is W₁ᵀ times that of b₁"
        yield Mistake("factor_forgotten", text, "h0", lambda v, h: v["d1"])
    for layer in range(network.layers, 0, -1):
        yield from in_weights(network, layer)
        if network.bias:
            yield from in_bias(network, layer)
    for layer in range(1, network.layers + 1):
        yield from in_forward(network, layer)


def in_slope(network: Network, layer: int) -> Iterator[Mistake]:
    """What stands where φ′(z) belongs."""
    assert network.hidden
    arrays = {"z": f"z{layer}", "a": f"a{layer}", "da": f"h{layer}"}
    symbols = {"z": "z", "a": "a", "g": "da"}
    where = f"in hidden layer {layer}, " if network.layers > 2 else ""
    for one in wrong_slopes(network.hidden, symbols, network.hidden.of_output):
        text = where + slope_sentence(one, network.hidden.name, "z", "a")
        yield Mistake(one.kind, text, f"s{layer}", at(one, arrays))
    for other in range(1, network.layers):
        if other != layer:
            text = f"the derivative of the activation in hidden layer {layer} is taken at the "
            text += f"values of layer {other}"
            yield Mistake("slope_of_other_layer", text, f"s{layer}", same_shape(f"s{other}"))


def same_shape(name: str) -> Callable[[Values, Array], Array]:
    """Another value, if it has the shape of what is right."""

    def change(v: Values, right: Array) -> Array:
        if name not in v or v[name].shape != right.shape:
            raise ValueError(name)
        return v[name]

    return change


def in_way_back(network: Network, layer: int) -> Iterator[Mistake]:
    """What stands where d W belongs, on the way to ∂f/∂a of a layer."""
    above, name = layer + 1, network.weight(layer + 1)
    step, d, W = f"h{layer}", f"d{above}", f"W{above}"
    text = f"{name} is missing on the way back: multiply by its transpose"
    yield Mistake("factor_forgotten", text, step, lambda v, h: v[d].sum(1)[:, None] + 0 * h)
    text = f"{name} is not transposed on the way back"
    yield Mistake("weight_not_transposed", text, step, lambda v, h: v[d] @ v[W].T + 0 * h)
    text = f"layer {above}'s slope is left out on the way back: begin with ∂f/∂z, not ∂f/∂a"
    if above < network.layers:
        yield Mistake("slope_left_out", text, step, lambda v, h: v[f"h{above}"] @ v[W])
    elif network.of_input:
        yield Mistake("slope_left_out", text, step, lambda v, h: v["e"] @ v[W])
    text = f"{name} is squared on the way back"
    yield Mistake("weight_squared", text, step, lambda v, h: v[d] @ v[W] ** 2)


def in_weights(network: Network, layer: int) -> Iterator[Mistake]:
    """What stands where dᵀ a belongs, the gradient of a layer's weights."""
    step, d, below, name = f"dW{layer}", f"d{layer}", f"a{layer - 1}", network.weight(layer)
    yield from without_input(network, layer, step, d)
    for other in range(network.layers):
        if other != layer - 1:
            text = f"the input of layer {other + 1} stands where that of layer {layer} belongs"
            yield Mistake(
                "input_of_other_layer",
                text,
                step,
                with_input(d, f"a{other}"),
            )
    if layer < network.layers or network.of_input:
        above = f"h{layer}" if layer < network.layers else "e"
        text = f"the derivative of the activation is left out in the gradient of {name} only"
        yield Mistake("slope_left_out", text, step, lambda v, g: v[above].T @ v[below])
    text = "error and input are summed over the samples before they are multiplied"
    yield Mistake(
        "summed_too_early", text, step, lambda v, g: np.outer(v[d].sum(0), v[below].sum(0))
    )
    yield Mistake(
        "input_squared",
        f"layer {layer}'s input is squared",
        step,
        lambda v, g: v[d].T @ v[below] ** 2,
    )
    if not network.of_input:
        yield from of_one_sample(step, lambda v: v[d], lambda v: v[below])


def without_input(network: Network, layer: int, step: str, d: str) -> Iterator[Mistake]:
    """The layer's input is missing, or another one."""
    if network.layers == 1:
        what = {"identity": "the residual Xw − y", "sigmoid": "∂f/∂z = (σ(z) − y)/n"}
        this = what.get(network.link.name, "∂f/∂z = (softmax(z) − Y)/n")
        then = "multiply by Xᵀ from the left" if network.link.label == "y" else "w's is (∂f/∂z)ᵀ X"
        yield Mistake("factor_forgotten", f"this is {this}; {then}", step, lambda v, g: v[d])
    text = "each entry is to be multiplied by xᵢⱼ before the sum over samples; "
    text += "that factor is missing"
    if layer > 1:
        text = f"the factor a, layer {layer}'s input, is missing: sum d aᵀ over the samples"
    yield Mistake("input_forgotten", text, step, lambda v, g: v[d].sum(0)[:, None] + 0 * g)
    if layer > 1:
        text = f"layer {layer}'s input is taken before the activation; {AFTER}"
        before = f"z{layer - 1}"
        yield Mistake("input_before_activation", text, step, lambda v, g: v[d].T @ v[before])


def with_input(d: str, a: str) -> Change:
    """dᵀ a, if it has the right shape."""
    return lambda v, g: v[d].T @ v[a] + 0 * g


def product(i: int, d: Part, a: Part) -> Change:
    """dᵀ a of sample i alone."""
    return lambda v, g: np.outer(d(v)[i], a(v)[i]).reshape(g.shape)


def summed(d: str) -> Change:
    """The sum over the samples."""
    return lambda v, g: v[d].sum(0) + 0 * g


def activated(curve: Curve, z: str) -> Change:
    """What an activation makes of z."""
    return lambda v, right: curve.value(v[z])


def of_one_sample(step: str, d: Part, a: Part) -> Iterator[Mistake]:
    """Of a weight or bias, where the others are summed over all samples."""
    for i, which in ((0, "first"), (-1, "last")):
        text = f"only the {which} sample is taken here: sum over all samples"
        yield Mistake("subset", text, step, product(i, d, a))


def in_bias(network: Network, layer: int) -> Iterator[Mistake]:
    """What stands where the sum of d over the samples belongs, the gradient of a bias."""
    step, d, name = f"db{layer}", f"d{layer}", network.offset(layer)
    if not (layer == network.layers and network.link is LOGIT):  # which has one unit
        yield from along_wrong_axis(network, step, d, name)
    if layer < network.layers or network.of_input:
        above = f"h{layer}" if layer < network.layers else "e"
        text = f"the derivative of the activation is left out in the gradient of {name} only"
        yield Mistake("slope_left_out", text, step, lambda v, g: v[above].sum(0))
    for other in range(1, network.layers + 1):
        if other != layer:
            text = f"∂f/∂z of layer {other} stands where that of layer {layer} belongs"
            yield Mistake("other_layer", text, step, summed(f"d{other}"))
    if not network.of_input:
        yield from of_one_sample(step, lambda v: v[d], lambda v: np.ones((len(v[d]), 1)))


def along_wrong_axis(network: Network, step: str, d: str, name: str) -> Iterator[Mistake]:
    """The sum over the units, or over units and samples."""
    if not network.of_input:
        text = "is summed over the wrong axis, the units: sum over the samples"
        yield Mistake("wrong_axis", text, step, lambda v, g: v[d].sum(1))
    text = f"is summed over the units too, so that {name} has one number for all: sum over the "
    text += "samples only, axis 0 of (n, h)"
    yield Mistake("wrong_axis", text, step, lambda v, g: np.asarray(v[d].sum()))
    text = text.replace("summed", "averaged")
    yield Mistake("wrong_axis", text, step, lambda v, g: np.asarray(v[d].mean()))


def in_forward(network: Network, layer: int) -> Iterator[Mistake]:
    """Of the forward pass that the gradient is computed from."""
    z, where = f"z{layer}", f"in the forward pass of layer {layer}, "
    if network.bias:
        name = network.offset(layer)
        text = f"{where}{name} is forgotten"
        yield Mistake("bias_forgotten", text, z, lambda v, right: right - v[f"b{layer}"])
        text = f"{where}{name} has the wrong sign"
        yield Mistake("bias_sign", text, z, lambda v, right: right - 2 * v[f"b{layer}"])
    if network.hidden and layer < network.layers:
        a, own = f"a{layer}", network.hidden
        text = f"{where}{own.name} is forgotten"
        yield Mistake("activation_forgotten", text, a, lambda v, right: v[z])
        text = f"{where}{own.name} is taken twice"
        yield Mistake("activation_twice", text, a, lambda v, right: own.value(right))
        for other in CURVES.values():
            if other.name != own.name:
                text = f"{where}{other.name} stands where {own.name} belongs"
                yield Mistake("other_activation", text, a, activated(other, z))
