"""Wrong gradients of models: backpropagation with one of its factors exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ...core import Params
from ...problems import Classification, Composite
from ...problems.likelihoods import Binary, Softmax
from ...problems.models import MLP, RELU, Activation, Logistic
from .backpropagation import Tape, run_backward, run_forward
from .slopes import BINARY_ERRORS, SOFTMAX_ERRORS, TANH_SLOPES, Slope, wrong_slopes

Wrong = tuple[str, str, Callable[[Params], Params]]
"""Kind, sentence and gradient of a `Mistake`."""


def classification_mistakes(f: Classification) -> Iterator[Wrong]:
    """Of a model with mean cross-entropy."""
    X, y = f.data.train.X, f.data.train.y

    def error(tape: Tape) -> Tensor:
        z = tape.z[-1] if isinstance(f.likelihood, Binary) else tape.z[-1].mT
        slope = f.likelihood.slope(z, y)
        return slope if isinstance(f.likelihood, Binary) else slope.mT

    yield from wrong_errors(f)
    match f.model:  # of another model no more is known
        case MLP(hidden, activation):
            yield from hidden_mistakes(
                layers=len(hidden) + 1,
                activation=activation,
                forward=lambda params: run_forward(params, X.mT, activation.value),
                error=error,
            )
        case Logistic():
            then = "multiply by Xᵀ from the left" if f.model.outputs == 1 else "w's is (∂f/∂z)ᵀ X"
            yield (
                "factor_forgotten",
                f"this is ∂f/∂z = ({f.likelihood.error})/n; {then}",
                lambda params: {"w": f.likelihood.slope(f.model.logits(params, X), y)},
            )


def error_at(error: Slope, labels: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """∂loss/∂z of the last layer, with the labels as the mistake has them."""
    return error(z, labels(z))


def wrong_errors(f: Classification) -> Iterator[Wrong]:
    """The model's own pullback, fed with a wrong ∂f/∂z."""
    y = f.data.train.y

    def gradient(error: Callable[[Tensor], Tensor]) -> Callable[[Params], Params]:
        def changed(params: Params) -> Params:
            z, pullback = f.model.vjp(params, f.data.train.inputs)
            return pullback(error(z) / len(y))

        return changed

    match f.likelihood:
        case Binary():
            for kind, sentence, error in BINARY_ERRORS:
                yield kind, sentence, gradient(partial(error_at, error, lambda z: y))
        case Softmax(indicators=Y):
            for kind, sentence, error in SOFTMAX_ERRORS:
                yield kind, sentence, gradient(partial(error_at, error, lambda z: Y(z, y)))


def composite_mistakes(f: Composite) -> Iterator[Wrong]:
    """Of ½‖tanh(W₂ relu(W₁ x + b₁) + b₂) − y‖²."""

    def forward(params: Params) -> Tape:
        return run_forward(params, params["x"][:, None], torch.relu)

    def error(tape: Tape, slope: Slope = lambda z, a: 1 - a * a) -> Tensor:
        o = torch.tanh(tape.z[-1])
        return (o - f.y[:, None]) * slope(tape.z[-1], o)

    def relu(tape: Tape) -> Callable[[int], Tensor]:
        return lambda layer: (tape.z[layer - 1] > 0).to(tape.z[layer - 1])

    def outer(dz: Callable[[Tape], Tensor]) -> Callable[[Params], Params]:
        def gradient(params: Params) -> Params:
            tape = forward(params)
            return run_backward(tape, params, dz(tape), relu(tape))

        return gradient

    for kind, sentence, slope in TANH_SLOPES:
        yield kind, sentence, outer(partial(error, slope=slope))
    text = "y is forgotten: the error is tanh(…) − y"
    yield "label_forgotten", text, outer(lambda tape: error(tape) + f.y[:, None] * d_tanh(tape))
    text = "tanh is forgotten in the error, which is tanh(v) − y; here it is v − y"
    yield (
        "activation_forgotten",
        text,
        outer(lambda tape: (tape.z[-1] - f.y[:, None]) * d_tanh(tape)),
    )
    yield from hidden_mistakes(layers=2, activation=RELU, forward=forward, error=error)
    text = "W₁ᵀ is missing: x enters through W₁ x, so its gradient is W₁ᵀ times that of b₁"
    yield "factor_forgotten", text, without_w1(forward, error, relu)


def d_tanh(tape: Tape) -> Tensor:
    """Derivative of the output's tanh."""
    return 1 - torch.tanh(tape.z[-1]) ** 2


def without_w1(
    forward: Callable[[Params], Tape],
    error: Callable[[Tape], Tensor],
    slope: Callable[[Tape], Callable[[int], Tensor]],
) -> Callable[[Params], Params]:
    """The gradient of x with the last factor, W₁ᵀ, left out."""

    def gradient(params: Params) -> Params:
        tape = forward(params)
        grads = run_backward(tape, params, error(tape), slope(tape))
        return {"x": grads["b1"]}

    return gradient


AFTER = "its weight's gradient needs the output of the activation"


def hidden_mistakes(
    layers: int,
    activation: Activation,
    forward: Callable[[Params], Tape],
    error: Callable[[Tape], Tensor],
) -> Iterator[Wrong]:
    """What goes wrong between layers: slopes, weights and inputs of backpropagation."""
    hidden = range(1, layers)

    def right(z: Tensor, a: Tensor) -> Tensor:
        return activation.pullback(torch.ones_like(a), a)

    def slopes(tape: Tape, wrong: Slope, where: tuple[int, ...]) -> Callable[[int], Tensor]:
        return lambda layer: (wrong if layer in where else right)(
            tape.z[layer - 1], tape.inputs[layer]
        )

    def gradient(
        wrong: Slope = right, where: tuple[int, ...] = (), **changes: int
    ) -> Callable[[Params], Params]:
        def changed(params: Params) -> Params:
            tape = forward(params)
            slope = slopes(tape, wrong, where)
            return run_backward(tape, params, error(tape), slope, **changes)

        return changed

    table = wrong_slopes(activation.name)
    for kind, sentence, wrong in table:
        yield kind, sentence, gradient(wrong, tuple(hidden))
    if len(hidden) > 1:
        for layer in hidden:
            for kind, sentence, wrong in table:
                yield kind, f"in hidden layer {layer}, {sentence}", gradient(wrong, (layer,))
    for layer in range(2, layers + 1):
        text = f"w{layer} is missing on the way back: multiply by its transpose"
        yield "factor_forgotten", text, gradient(without=layer)
        text = f"layer {layer}'s input is taken before the activation; {AFTER}"
        yield "input_before_activation", text, gradient(before_activation=layer)
    yield from neighbours_slopes(hidden, right, forward, error)


def neighbours_slopes(
    hidden: range,
    right: Slope,
    forward: Callable[[Params], Tape],
    error: Callable[[Tape], Tensor],
) -> Iterator[Wrong]:
    """The activation's derivative taken from another hidden layer of the same width."""

    def gradient(layer: int, other: int) -> Callable[[Params], Params]:
        def changed(params: Params) -> Params:
            tape = forward(params)
            slopes = [right(tape.z[i - 1], tape.inputs[i]) for i in hidden]
            if slopes[layer - 1].shape != slopes[other - 1].shape:
                return {}
            slopes[layer - 1] = slopes[other - 1]
            return run_backward(tape, params, error(tape), lambda i: slopes[i - 1])

        return changed

    for layer in hidden:
        for other in hidden:
            if other != layer:
                text = (
                    f"the derivative of the activation in hidden layer {layer} is taken at the "
                    f"values of layer {other}"
                )
                yield "slope_of_other_layer", text, gradient(layer, other)
