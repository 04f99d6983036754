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
    alone: bool = False  # one of so many of its sort that it is tried with others at the end only
    chains: bool = False  # whether it changes what another mistake at the same step has made


@dataclass(frozen=True)
class Recipe:
    """The steps from what is given to the gradient of each parameter."""

    steps: dict[str, Step]
    outputs: dict[str, str]  # parameter -> the step that makes its gradient
    mistakes: list[Mistake] = field(default_factory=list)  # the likelier first
    families: list[Callable[[float], Mistake]] = field(default_factory=list)
    """Mistakes with a number in them, which is right at 0."""
    effort: float = 1.0  # of a run, in those that take as long as their numbers let expect

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
            mistakes: at one step they are made in their order.
        """
        changes: dict[str, list[Change]] = {}
        for m in mistakes:
            changes.setdefault(m.step, []).append(m.change)
        values, changed = dict(right), False
        try:
            for name, step in self.steps.items():
                if name in changes or changed:
                    values[name], changed = step(values), True
                for change in changes.get(name, ()):
                    values[name] = change(values, values[name])
        except ValueError:  # shapes that do not go together, such as Wᵀ in place of W
            return {}
        return {parameter: values[step] for parameter, step in self.outputs.items()}
