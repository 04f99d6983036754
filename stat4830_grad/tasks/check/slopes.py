"""Derivatives that people take for those of tanh, relu and the cross-entropy, in words.

`a` is what an activation returns, `z` what it takes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Slope = Callable[[Tensor, Tensor], Tensor]
"""(z, a) -> φ′(z), rightly or wrongly."""

TANH_SLOPES: list[tuple[str, str, Slope]] = [
    (
        "slope_forgotten",
        "the derivative of tanh is forgotten: multiply by 1 − a², a = tanh(z)",
        lambda z, a: torch.ones_like(a),
    ),
    (
        "slope_at_input",
        "the derivative of tanh is taken at the wrong value: it is 1 − a² with a = tanh(z), "
        "here it is 1 − z² with z before tanh",
        lambda z, a: 1 - z * z,
    ),
    (
        "slope_at_output",
        "the derivative of tanh is taken at the wrong value: 1 − tanh(a)², where a is tanh(z) "
        "already; use 1 − a²",
        lambda z, a: 1 - torch.tanh(a) ** 2,
    ),
    (
        "slope_not_squared",
        "the derivative of tanh is 1 − a², not 1 − a: the square is missing",
        lambda z, a: 1 - a,
    ),
    (
        "slope_of_sigmoid",
        "the derivative is that of the sigmoid, a(1 − a); tanh has 1 − a²",
        lambda z, a: a * (1 - a),
    ),
    (
        "slope_is_output",
        "tanh itself stands where its derivative 1 − a² belongs",
        lambda z, a: a,
    ),
    (
        "slope_sign",
        "the derivative of tanh is 1 − a², not a² − 1 or 1 + a²: look at its sign",
        lambda z, a: 1 + a * a,
    ),
]

RELU_SLOPES: list[tuple[str, str, Slope]] = [
    (
        "slope_forgotten",
        "the derivative of relu is forgotten: multiply by 1 where z > 0 and by 0 elsewhere",
        lambda z, a: torch.ones_like(a),
    ),
    (
        "slope_is_output",
        "relu itself stands where its derivative belongs, which is 1 where z > 0 and 0 elsewhere",
        lambda z, a: a,
    ),
    (
        "slope_inverted",
        "the derivative of relu is the wrong way round: it is 1 where z > 0, not where z < 0",
        lambda z, a: (z <= 0).to(a),
    ),
    (
        "slope_of_tanh",
        "the derivative is that of tanh, 1 − a²; relu has 1 where z > 0 and 0 elsewhere",
        lambda z, a: 1 - a * a,
    ),
]


def wrong_slopes(activation: str) -> list[tuple[str, str, Slope]]:
    """What is taken for the derivative of the activation of this name; of one that has no table
    of its own, what can be said of any."""
    of_any: list[tuple[str, str, Slope]] = [
        (
            "slope_forgotten",
            f"the derivative of {activation} is forgotten",
            lambda z, a: torch.ones_like(a),
        ),
        (
            "slope_is_output",
            f"{activation} itself stands where its derivative belongs",
            lambda z, a: a,
        ),
    ]
    return {"tanh": TANH_SLOPES, "relu": RELU_SLOPES}.get(activation, of_any)


def decided(z: Tensor) -> Tensor:
    """1 in the column of each row's largest logit, 0 elsewhere."""
    return torch.zeros_like(z).scatter(-1, z.argmax(-1, keepdim=True), 1)


def through_softmax(p: Tensor, dp: Tensor) -> Tensor:
    """∂f/∂z from ∂f/∂p for p = softmax(z)."""
    return p * (dp - (p * dp).sum(-1, keepdim=True))


#   kind, what is wrong, ∂f/∂z · n from logits z, labels y
BINARY_ERRORS: list[tuple[str, str, Slope]] = [
    (
        "sigmoid_forgotten",
        "the sigmoid is forgotten: ∂f/∂z is (σ(z) − y)/n, here it is (z − y)/n",
        lambda z, y: z - y,
    ),
    (
        "label_forgotten",
        "the labels are forgotten: ∂f/∂z is (σ(z) − y)/n, here it is σ(z)/n",
        lambda z, y: torch.sigmoid(z),
    ),
    (
        "squared_error",
        "there is a factor σ(z)(1 − σ(z)) too many: it belongs to the squared error; with cross "
        "entropy it cancels and ∂f/∂z is (σ(z) − y)/n",
        lambda z, y: (torch.sigmoid(z) - y) * torch.sigmoid(z) * (1 - torch.sigmoid(z)),
    ),
    (
        "decision_not_probability",
        "the decision z > 0 stands where the probability σ(z) belongs: ∂f/∂z is (σ(z) − y)/n",
        lambda z, y: (z > 0).to(z) - y,
    ),
    (
        "labels_of_other_sign",
        "the labels are taken as −1 and 1; here y is 0 or 1 and ∂f/∂z is (σ(z) − y)/n",
        lambda z, y: torch.sigmoid(z) - (2 * y - 1),
    ),
    (
        "sigmoid_twice",
        "the sigmoid is taken twice: the model returns logits z, and ∂f/∂z is (σ(z) − y)/n",
        lambda z, y: torch.sigmoid(torch.sigmoid(z)) - y,
    ),
]

OF_SOFTMAX = "∂f/∂z is (softmax(z) − Y)/n"

#   kind, what is wrong, ∂f/∂z · n from logits z and Y, both (n, C)
SOFTMAX_ERRORS: list[tuple[str, str, Slope]] = [
    (
        "softmax_forgotten",
        f"softmax is forgotten: {OF_SOFTMAX}, here it is (z − Y)/n",
        lambda z, y: z - y,
    ),
    (
        "label_forgotten",
        f"the labels are forgotten: {OF_SOFTMAX}, here it is softmax(z)/n",
        lambda z, y: torch.softmax(z, -1),
    ),
    (
        "sigmoid_not_softmax",
        f"the sigmoid of each logit stands where softmax belongs: {OF_SOFTMAX}",
        lambda z, y: torch.sigmoid(z) - y,
    ),
    (
        "softmax_over_samples",
        f"softmax is taken over the samples; it is taken over the classes, and {OF_SOFTMAX}",
        lambda z, y: torch.softmax(z, -2) - y,
    ),
    (
        "not_normalised",
        f"exp(z) is not divided by its sum over the classes: {OF_SOFTMAX}",
        lambda z, y: z.exp() - y,
    ),
    (
        "squared_error",
        "softmax is differentiated once more: that belongs to the squared error; with cross "
        f"entropy it cancels and {OF_SOFTMAX}",
        lambda z, y: through_softmax(torch.softmax(z, -1), torch.softmax(z, -1) - y),
    ),
    (
        "squared_error",
        "there is a factor p(1 − p) too many, p = softmax(z): with cross entropy it cancels and "
        f"{OF_SOFTMAX}",
        lambda z, y: (torch.softmax(z, -1) - y) * torch.softmax(z, -1) * (1 - torch.softmax(z, -1)),
    ),
    (
        "decision_not_probability",
        f"the decision for the largest logit stands where softmax(z) belongs: {OF_SOFTMAX}",
        lambda z, y: decided(z) - y,
    ),
    (
        "softmax_twice",
        f"softmax is taken twice: the model returns logits z, and {OF_SOFTMAX}",
        lambda z, y: torch.softmax(torch.softmax(z, -1), -1) - y,
    ),
]
