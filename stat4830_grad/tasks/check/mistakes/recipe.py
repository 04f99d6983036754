"""A gradient as a list of small steps, and mistakes as something else done at one of them.

Every wrong gradient that the diagnosis knows is a recipe run with other functions at one step or
at two, so that mistakes compose. Numbers are NumPy's in float64: the arrays are small and many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Values = dict[str, Array]
"""What is given and what the steps have made so far, by name."""


Step = Callable[[Values], Array]

Change = Callable[[Values, Array], Array]
"""(values, what is right for the step) -> what is not."""


@dataclass(frozen=True)
class Mistake:
    """What a step makes in place of the right thing, and how to say so."""

    kind: str
    sentence: str
    step: str
    change: Change
    alone: bool = False  # one of so many of its sort that it is not tried together with others


@dataclass(frozen=True)
class Recipe:
    """The steps from what is given to the gradient of each parameter."""

    steps: dict[str, Step]
    outputs: dict[str, str]  # parameter -> the step that makes its gradient
    mistakes: list[Mistake] = field(default_factory=list)  # the likelier first
    families: list[Callable[[float], Mistake]] = field(default_factory=list)
    """Mistakes with a number in them, which is right at 0."""

    def run(self, given: Values) -> Values:
        """What is given, and what every step makes of it."""
        values = dict(given)
        for name, step in self.steps.items():
            values[name] = step(values)
        return values

    def gradients(self, right: Values, mistakes: Iterable[Mistake] = ()) -> Values:
        """The gradient by each parameter with these mistakes in it; none where they do not apply.

        Args:
            right: what `run` made. Steps before the first mistake are not made again.
        """
        changes = {m.step: m.change for m in mistakes}
        values, changed = dict(right), False
        try:
            for name, step in self.steps.items():
                if name in changes:
                    values[name], changed = changes[name](values, step(values)), True
                elif changed:
                    values[name] = step(values)
        except ValueError:  # shapes that do not go together, such as Wᵀ in place of W
            return {}
        return {parameter: values[step] for parameter, step in self.outputs.items()}
