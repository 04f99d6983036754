"""What a student's function answered at a place, beside all that the right gradient is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor

from ...core import Objective, Params
from ...gradients.methods import backward
from ...problems import Classification, Formula, Polynomial
from .mistakes.formulas import formula_recipe
from .mistakes.layers import layer_mistakes
from .mistakes.network import array, given, network_of, outputs, steps
from .mistakes.outputs import output_mistakes
from .mistakes.pullback import model_recipe
from .mistakes.recipe import Array, Recipe, Step, Values
from .mistakes.samples import families, sample_mistakes
from .places import Place, sizes


@dataclass(frozen=True)
class Trial:
    """One place, or several in one for functions without sizes."""

    right: Values  # what the recipe makes, step by step
    answers: Values  # by parameter
    gradient: Values  # the right one, by parameter, without dimensions of size 1
    penalty: Values  # what of it is not the recipe's
    params: Values
    sizes: dict[str, int] = field(default_factory=dict)


Given = Callable[[Objective, Params], Values]


def recipe_of(f: Objective) -> tuple[Recipe, Given]:
    """How the gradient of an objective is made, and from what; in one step where none is known."""
    if isinstance(f, Formula | Polynomial):
        recipe, at = formula_recipe(f)
        return recipe, lambda _, params: at(params)
    network = network_of(f)
    if network:
        mistakes = [
            *output_mistakes(network),
            *layer_mistakes(network),
            *sample_mistakes(network),
        ]
        recipe = Recipe(steps(network), outputs(network), mistakes, families(network))
        return recipe, lambda f, params: given(network, f, params)
    if isinstance(f, Classification):
        return model_recipe(f)
    names = list(f.init(torch.Generator().manual_seed(0)))
    whole: dict[str, Step] = {f"∂{name}": itemgetter(name) for name in names}

    def right(f: Objective, params: Params) -> Values:
        return {name: array(g) for name, g in backward(f, params)[1].items()}

    return Recipe(whole, {name: f"∂{name}" for name in names}), right


def trials(
    f: Objective, recipe: Recipe, given: Given, found: list[tuple[Place, Params, Params]]
) -> list[Trial]:
    """What was found at each place: (place, right gradients, answers).

    The places of a function of numbers become one, with all of them as entries.
    """
    if isinstance(f, Formula | Polynomial):
        if not found:
            return []
        params = stacked([place[1] for place, _, _ in found])
        rights, answers = stacked([r for _, r, _ in found]), stacked([a for _, _, a in found])
        found = [((f, params), rights, answers)]
    return [one_trial(recipe, given, *each) for each in found]


def stacked(each: list[Params]) -> Params:
    """Numbers at several places as one tensor (T,) each; NaN where there is no single number."""
    return {name: torch.stack([number(one.get(name)) for one in each]) for name in each[0]}


def number(value: Tensor | None) -> Tensor:
    """The one number that a tensor holds, NaN if it holds another number of them."""
    if value is None or value.numel() != 1:
        return torch.tensor(torch.nan, dtype=torch.float64)
    return value.reshape(())


def one_trial(recipe: Recipe, given: Given, place: Place, rights: Params, answers: Params) -> Trial:
    """The values of all steps beside the answers."""
    f, params = place
    with np.errstate(all="ignore"):
        right = recipe.run(given(f, params))
    made = recipe.gradients(right)
    gradient = {name: array(g).squeeze() for name, g in rights.items()}
    return Trial(
        right,
        {name: array(a) for name, a in answers.items()},
        gradient,
        {name: tiny(g - made[name].squeeze(), g) for name, g in gradient.items()},
        {name: array(p) for name, p in params.items()},
        sizes(f),
    )


def tiny(difference: Array, g: Array) -> Array:
    """A difference, or 0 where it is what rounding leaves."""
    return difference * bool(np.abs(difference).max() > 1e-9 * np.abs(g).max())
