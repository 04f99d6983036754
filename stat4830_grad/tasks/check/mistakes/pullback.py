"""The gradient of a cross-entropy with any model, of which no more than its pullback is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ....core import Objective, Params
from ....problems import Classification
from .network import Network, array, labels_of, link_of, steps
from .outputs import output_mistakes
from .recipe import Array, Recipe, Step, Values
from .samples import sample_mistakes

KNOWN = ("p", "Y", "e", "s1", "d1")
"""Steps that are the same for every model: from its logits to the derivative by them."""

EFFORT = 50
"""One run takes about as long as one with so many times its numbers: it goes through the model."""


def model_recipe(f: Classification) -> tuple[Recipe, Callable[[Objective, Params], Values]]:
    """From the logits to ∂f/∂logits step by step, then the model's pullback as one step."""
    network = Network(1, False, link_of(f), True)
    shapes = {name: p.shape for name, p in f.init(torch.Generator().manual_seed(0)).items()}
    pullbacks: list[Callable[[Tensor], Params]] = []
    of_all = steps(network)
    made: dict[str, Step] = {"z1": lambda v: v["logits"]}
    made |= {name: of_all[name] for name in KNOWN}
    made["g"] = lambda v: pulled_back(pullbacks[int(v["place"])], v["d1"])
    ends = np.cumsum([0, *(shape.numel() for shape in shapes.values())])
    for (name, shape), start, end in zip(shapes.items(), ends[:-1], ends[1:], strict=True):
        made[f"∂{name}"] = partial(part, int(start), int(end), shape)
    recipe = Recipe(
        made,
        {name: f"∂{name}" for name in shapes},
        [*output_mistakes(network), *sample_mistakes(network)],
        effort=EFFORT,
    )

    def given(f: Objective, params: Params) -> Values:
        assert isinstance(f, Classification)
        z, pullback = f.model.vjp(params, f.data.train.inputs)
        pullbacks.append(lambda d: pullback(d.reshape(z.shape).to(z)))
        labels = labels_of(f)
        place = np.array(float(len(pullbacks) - 1))
        return {"logits": array(z).reshape(labels.shape), "labels": labels, "place": place}

    return recipe, given


def pulled_back(pullback: Callable[[Tensor], Params], d: Array) -> Array:
    """The gradients of all parameters in a row, from ∂f/∂logits."""
    grads = pullback(torch.from_numpy(np.ascontiguousarray(d))).values()
    return np.concatenate([array(g).ravel() for g in grads])


def part(start: int, end: int, shape: Sequence[int], v: Values) -> Array:
    """That of one parameter."""
    return v["g"][start:end].reshape(shape)
