"""The gradient of a linear model or a network as steps: least squares, cross-entropy, composite.

Index legend: n samples, d inputs, h units of a layer, m outputs; layers are counted from 1 to L.
Values: `X` (n, d), `labels` and `Y` (n, m), and for a layer l its weights `Wl` (h, d), bias `bl`
(h,), `zl` = a Wᵀ + b and `al` = φ(zl) (n, h); `p` (n, m) is what is predicted, `e` = p − Y. On the
way back `sl` is the derivative of what follows zl, `dl` = ∂f/∂zl, `hl` = ∂f/∂al, `dWl`, `dbl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ....core import Objective, Params
from ....problems import Classification, Composite, LeastSquares
from ....problems.likelihoods import Binary, Softmax
from ....problems.models import MLP, Activation, Logistic
from .curves import CURVES, TANH, Curve, Function, sigma
from .recipe import Array, Values


@dataclass(frozen=True)
class Link:
    """How the last layer's z becomes a prediction p, and the texts of p and of p − y."""

    name: str
    said: str  # the name in a sentence
    value: Function
    prediction: str
    error: str
    label: str = "y"


def softmax(z: Array, axis: int = -1) -> Array:
    """exp(z)/Σ exp(z) along an axis."""
    powers = np.exp(z - z.max(axis, keepdims=True))
    shares: Array = powers / powers.sum(axis, keepdims=True)
    return shares


IDENTITY = Link("identity", "Xw", lambda z: z, "Xw", "Xw − y")
LOGIT = Link("sigmoid", "the sigmoid", sigma, "σ(z)", "σ(z) − y")
SOFTMAX = Link("softmax", "softmax", softmax, "softmax(z)", "softmax(z) − Y", "Y")
OUTER_TANH = Link("tanh", "tanh", np.tanh, "tanh(v)", "tanh(v) − y")


@dataclass(frozen=True)
class Network:
    """What there is to know of a model and its loss."""

    layers: int
    bias: bool
    link: Link
    mean: bool  # over samples; or else a sum
    hidden: Curve | None = None  # between layers
    names: str = "w{}"  # of weights; those of biases have b in place of w
    of_input: bool = False  # whether the input is a parameter, x

    def weight(self, layer: int) -> str:
        """The parameter that a layer multiplies by."""
        return self.names.format(layer)

    def offset(self, layer: int) -> str:
        """The parameter that a layer adds."""
        return self.weight(layer).replace("w", "b")

    @property
    def whole(self) -> str:
        """∂f/∂z of the last layer in words."""
        error = self.link.error
        return f"∂f/∂z is ({error})/n" if self.mean else f"the error is {error}"


def network_of(f: Objective) -> Network | None:
    """The structure of an objective; None where it is none of these."""
    match f:
        case LeastSquares():
            return Network(1, False, IDENTITY, False, names="w")
        case Composite():
            return Network(2, True, OUTER_TANH, False, CURVES["relu"], of_input=True)
        case Classification(model=MLP(hidden, activation)):
            return Network(len(hidden) + 1, True, link_of(f), True, curve_of(activation))
        case Classification(model=Logistic(bias)):
            return Network(1, bias, link_of(f), True, names="w")
    return None


def link_of(f: Classification) -> Link:
    """That of two classes, or of more."""
    return LOGIT if isinstance(f.likelihood, Binary) else SOFTMAX


def labels_of(f: Classification) -> Array:
    """What is subtracted from the prediction: y (n, 1), or the indicators Y (n, C)."""
    train = f.data.train
    if isinstance(f.likelihood, Softmax):
        return array(f.likelihood.indicators(train.X, train.y))
    return array(train.y)[:, None]


def curve_of(activation: Activation) -> Curve:
    """That of an activation; one that is not known here is asked for its value and derivative."""
    if known := CURVES.get(activation.name):
        return known

    def value(z: Array) -> Array:
        return array(activation.value(torch.from_numpy(z)))

    def slope(a: Array) -> Array:
        output = torch.from_numpy(a)
        return array(activation.pullback(torch.ones_like(output), output))

    name, text = activation.name, f"the derivative of {activation.name}"
    at_input = f"{text} taken at {{}}"
    return Curve(
        name, value, slope, lambda z: slope(value(z)), f"{name}({{}})", at_input, f"{text} at {{}}"
    )


def array(t: Tensor) -> Array:
    """As NumPy's, in float64."""
    made: Array = t.detach().double().cpu().numpy()
    return made


def given(network: Network, f: Objective, params: Params) -> Values:
    """X, the labels, weights and biases, as matrices and vectors."""
    match f:
        case LeastSquares(X, y):
            values = {"X": array(X), "labels": array(y)[:, None]}
        case Classification():
            values = {"X": array(f.data.train.X), "labels": labels_of(f)}
        case Composite(y):
            values = {"X": array(params["x"])[None], "labels": array(y)[None]}
        case _:
            raise TypeError(f"{type(f).__name__} is no network")
    for layer in range(1, network.layers + 1):
        values[f"W{layer}"] = np.atleast_2d(array(params[network.weight(layer)]))
        if network.bias:
            values[f"b{layer}"] = np.atleast_1d(array(params[network.offset(layer)]))
    return values


def steps(network: Network) -> dict[str, Callable[[Values], Array]]:
    """Forward, then back."""
    last = network.layers
    made: dict[str, Callable[[Values], Array]] = {"a0": lambda v: v["X"]}
    for layer in range(1, last + 1):
        made |= forward(network, layer)
    made["p"] = lambda v: network.link.value(v[f"z{last}"])
    made["Y"] = lambda v: v["labels"]
    made["e"] = lambda v: v["p"] - v["Y"]
    for layer in range(last, 0, -1):
        made |= back(network, layer)
    if network.of_input:
        made["h0"] = lambda v: v["d1"] @ v["W1"]
    return made


def forward(network: Network, layer: int) -> dict[str, Callable[[Values], Array]]:
    """z and, but for the last layer, a."""

    def z(v: Values) -> Array:
        product: Array = v[f"a{layer - 1}"] @ v[f"W{layer}"].T
        return product + v[f"b{layer}"] if network.bias else product

    steps: dict[str, Callable[[Values], Array]] = {f"z{layer}": z}
    if network.hidden and layer < network.layers:
        value = network.hidden.value
        steps[f"a{layer}"] = lambda v: value(v[f"z{layer}"])
    return steps


def back(network: Network, layer: int) -> dict[str, Callable[[Values], Array]]:
    """From ∂f/∂a of a layer to the gradients of its weights and bias."""

    def d(v: Values) -> Array:
        above = v["e"] if layer == network.layers else v[f"h{layer}"]
        product = above * v[f"s{layer}"]
        return product / len(product) if network.mean and layer == network.layers else product

    steps: dict[str, Callable[[Values], Array]] = {}
    if layer < network.layers:
        steps[f"h{layer}"] = lambda v: v[f"d{layer + 1}"] @ v[f"W{layer + 1}"]
    steps[f"s{layer}"] = lambda v: slope(network, layer, v)
    steps[f"d{layer}"] = d
    steps[f"dW{layer}"] = lambda v: v[f"d{layer}"].T @ v[f"a{layer - 1}"]
    if network.bias:
        steps[f"db{layer}"] = lambda v: v[f"d{layer}"].sum(0)
    return steps


def slope(network: Network, layer: int, v: Values) -> Array:
    """The derivative of what follows z of a layer, as far as it does not cancel."""
    if layer < network.layers:
        assert network.hidden
        return network.hidden.of_output(v[f"a{layer}"])
    if network.link is OUTER_TANH:
        return TANH.of_output(v["p"])
    return np.ones_like(v["p"])  # cross-entropy cancels it


def outputs(network: Network) -> dict[str, str]:
    """Parameter -> the step that makes its gradient."""
    made = {"x": "h0"} if network.of_input else {}
    for layer in range(1, network.layers + 1):
        made[network.weight(layer)] = f"dW{layer}"
        if network.bias:
            made[network.offset(layer)] = f"db{layer}"
    return made
