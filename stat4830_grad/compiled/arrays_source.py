"""The text of the code that `arrays.py` runs, and its compilation."""

from __future__ import annotations

from collections.abc import Callable

from .compilation import generated
from .rule_source import RuleRows, functions_of
from .stretches import RuleCode

STRETCH = """
@njit
def judge(table, losses):
    for k in range(len(losses)):
        table[{broken}, k] += losses[k] - losses[k]


def stretch(params, grads, memory, table, losses, data, t, updates, steps):
    number = table.dtype.type
    one, end = number(1), number(steps)
    if updates == 0:
        evaluate(params, grads, losses, data)
        judge(table, losses)
    for made in range(t, t + updates):
        at = number(made)
        for k in range(len(losses)):
            {lines}
            for i in range(len(params)):
                p, g = params[i][k], grads[i][k]
                {parts}
                for j in range(len(p)):
                    x, m = move(p[j], g[j], size, ({before}), numbers)
                    p[j] = x
                    {after}
        evaluate(params, grads, losses, data)
        judge(table, losses)
"""


def stretch_function(evaluate: Callable[..., None], rule: RuleCode) -> Callable[..., None]:
    """(params, grads, memory, table, losses, data, t, updates, steps) -> None."""
    rows = RuleRows(rule, 0, lambda row: f"table[{row}, k]")
    parts = range(len(rule.memory))
    text = STRETCH.format(
        broken=rows.broken,
        lines=f"\n{' ' * 12}".join(rows.lines),
        parts=f"\n{' ' * 16}".join(f"m{s} = memory[{s}][i][k]" for s in parts),
        before="".join(f"m{s}[j], " for s in parts),
        after=f"\n{' ' * 20}".join(f"m{s}[j] = m[{s}]" for s in parts),
    )
    return generated("stretch", text, {"evaluate": evaluate, **functions_of(rule)})
