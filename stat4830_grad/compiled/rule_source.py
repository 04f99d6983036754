"""What an update takes of a rule for each run, as code: powers, numbers, the step size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import overloads  # noqa: F401 (numba learns there what rules call)
from .functions import warmed
from .stretches import RuleCode


@dataclass(frozen=True)
class RuleRows:
    """The rows of a rule in a table with a column for each run.

    They are its powers and `broken`, which change; and its numbers, the bases of its powers, the
    step size, and the warm-up if there is a schedule.
    """

    rule: RuleCode
    first: int  # of them in the table
    entry: Callable[[int], str]  # row -> the text of its entry for the run at hand

    @property
    def broken(self) -> int:
        """The row of `Stretch.broken`."""
        return self.first + len(self.rule.powers)

    @property
    def end(self) -> int:
        """The row behind the last."""
        return self._lr + (1 if self.rule.factor is None else 2)

    @property
    def _bases(self) -> int:
        return self.broken + 1 + len(self.rule.numbers)

    @property
    def _lr(self) -> int:
        return self._bases + len(self.rule.powers)

    @property
    def lines(self) -> list[str]:
        """Statements that set `size` and `numbers` for the update after `at` others.

        They use `one`, and with a schedule `factor`, `warmed` and `end`.
        """
        w, powers = self.entry, range(len(self.rule.powers))
        size = w(self._lr)
        if self.rule.factor is not None:
            size += f" * factor(warmed(at, {w(self._lr + 1)}), at, {w(self._lr + 1)}, end)"
        numbers = [w(row) for row in range(self.broken + 1, self._bases)]
        numbers += [f"one - q{i}" for i in powers]
        return [
            f"size = {size}",
            *(f"q{i} = {w(self.first + i)} * {w(self._bases + i)}" for i in powers),
            *(f"{w(self.first + i)} = q{i}" for i in powers),
            f"numbers = ({''.join(f'{number}, ' for number in numbers)})",
        ]


def functions_of(rule: RuleCode) -> dict[str, Callable[..., Any]]:
    """The functions that the text of a rule names, beside those of an objective."""
    found: dict[str, Callable[..., Any]] = {"move": rule.move, "warmed": warmed}
    return found if rule.factor is None else {**found, "factor": rule.factor}
