"""The text of the code that `numbers.py` runs, and its compilation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..config.formula_tree import Tree
from .compilation import generated
from .rule_source import RuleRows, functions_of
from .scalars import FUNCTIONS
from .stretches import RuleCode
from .trees import Lines

LANES = (1, 16, 64)
"""How many runs go side by side: the number is part of the code, so that it becomes vectors."""

STRETCH = """
def stretch(table, constants, t, updates, steps):
    number, u = table.dtype.type, np.uint64
    one, end = number(1), number(steps)
    {unpacked}
    runs = table.shape[1]
    w = np.empty({rows} * {lanes}, table.dtype)
    for first in range(0, runs, {lanes}):
        for row in range({rows}):
            for k in range({lanes}):
                w[row * {lanes} + k] = table[row, min(first + k, runs - 1)]
        if updates == 0:
            for k in range(u({lanes})):
                loss, g = f({point}{c})
                {new_grads}
                {broken} += loss - loss
        for made in range(t, t + updates):
            at = number(made)
            for k in range(u({lanes})):
                {moved}
                loss, g = f({new_point}{c})
                {new_grads}
                {broken} += loss - loss
        for row in range({changing}):
            for k in range(min({lanes}, runs - first)):
                table[row, first + k] = w[row * {lanes} + k]
"""
"""Some columns of the table at a time lie in w; k counts them, unsigned, as a signed index may be
negative, which in numpy means "from the end", and to look for that keeps vectors away."""


def stretch_function(
    loss: Tree, slopes: Mapping[str, Tree], rule: RuleCode, names: Sequence[str], runs: int
) -> tuple[Callable[..., None], list[float]]:
    """(table, constants, t, updates, steps) -> None, and the constants.

    Args:
        names: of the parameters, in the order of their rows.
        runs: how many columns the table has.
    """
    lines = Lines({name: f"x{i}" for i, name in enumerate(names)})
    found, gradient = lines.value(loss), [lines.value(slopes[name]) for name in names]
    constants = list(lines.constants.values())
    f = [
        "@njit",
        f"def f({', '.join([*lines.names.values(), *constants])}):",
        *(f"    {line}" for line in lines.lines),
        f"    return {found}, ({', '.join(gradient)},)",
    ]
    stretch = source(len(names), constants, rule, lanes_for(runs))
    used = {**FUNCTIONS, **functions_of(rule)}
    return generated("stretch", "\n".join(f) + stretch, used), list(lines.constants)


def lanes_for(runs: int) -> int:
    """So many that at most about half of them have nothing to do."""
    return max(lanes for lanes in LANES if lanes == 1 or lanes <= 2 * runs)


def source(parameters: int, constants: list[str], rule: RuleCode, lanes: int) -> str:
    """The text of a stretch of a function `f` of so many parameters.

    The rows are the parameters, their gradients, the parts of the memory, and those of `RuleRows`.
    """

    def w(row: int) -> str:
        return f"w[k + u({row * lanes})]"

    def block(lines: Sequence[str]) -> str:
        return f"\n{' ' * 16}".join(lines)

    count, parts = range(parameters), range(len(rule.memory))
    rows = RuleRows(rule, (2 + len(parts)) * parameters, w)
    moved = rows.lines
    for i in count:
        memory = [w((2 + part) * parameters + i) for part in parts]
        before = "".join(f"{one}, " for one in memory)
        moved += [f"x{i}, m{i} = move({w(i)}, {w(parameters + i)}, size, ({before}), numbers)"]
        moved += [f"{w(i)} = x{i}", *(f"{one} = m{i}[{s}]" for s, one in enumerate(memory))]
    return STRETCH.format(
        unpacked="\n    ".join(f"{c} = constants[{i}]" for i, c in enumerate(constants)),
        rows=rows.end,
        changing=rows.broken + 1,
        lanes=lanes,
        point=", ".join(w(i) for i in count),
        new_point=", ".join(f"x{i}" for i in count),
        c="".join(f", {c}" for c in constants),
        new_grads=block([f"{w(parameters + i)} = g[{i}]" for i in count]),
        broken=w(rows.broken),
        moved=block(moved),
    )
