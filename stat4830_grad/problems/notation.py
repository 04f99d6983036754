"""A formula's tree as mathematics on one line: 3x² − 3 − y·exp(−xy)."""

from __future__ import annotations

import re

from ..config.formula_tree import Call, Name, Number, Tree
from ..system.wording import SUPERSCRIPTS, subscripted, typeset

SUM, PRODUCT, POWER, ATOM = range(4)
"""How strongly the parts of a text are bound together."""

JUXTAPOSED = re.compile(r"[\d.]*([A-Za-z][₀-₉]*[⁰¹²³⁴⁵⁶⁷⁸⁹]*)*")
"""Numbers and letters that need no sign between them."""


def notation(tree: Tree) -> str:
    """The tree as people write it."""
    return written(tree)[0]


def written(tree: Tree) -> tuple[str, int]:
    """The text, and how strongly it is bound."""
    match tree:
        case Number(value):
            return typeset(value, 6), SUM if value < 0 else ATOM
        case Name(name):
            return subscripted(name), ATOM
        case Call("add", (left, right)):
            return f"{within(left, SUM)} + {within(right, PRODUCT)}", SUM
        case Call("subtract", (left, right)):
            return f"{within(left, SUM)} − {within(right, PRODUCT)}", SUM
        case Call("negate", (inside,)):
            return f"−{within(inside, PRODUCT)}", SUM
        case Call("power_log", (base, _) as arguments):
            return written(Call("multiply", (Call("log", (base,)), Call("power", arguments))))
        case Call("multiply", (left, Call("power_log", (base, _) as arguments))):
            product = Call("multiply", (left, Call("log", (base,))))
            return written(Call("multiply", (product, Call("power", arguments))))
        case Call("multiply", (left, right)):
            return joined(within(left, PRODUCT), within(right, POWER)), PRODUCT
        case Call("divide", (left, right)):
            return f"{within(left, PRODUCT)}/{within(right, POWER)}", PRODUCT
        case Call("power", (base, exponent)):
            return power(base, exponent), POWER
        case Call("sqrt", (inside,)):
            return f"√{within(inside, ATOM)}", POWER
        case Call("abs", (inside,)):
            return f"|{notation(inside)}|", ATOM
        case Call("step" | "positive", (Call("subtract", (left, right)),)):
            return f"1[{notation(left)} > {notation(right)}]", ATOM
        case Call("step" | "positive", (inside,)):
            return f"1[{notation(inside)} > 0]", ATOM
        case Call(operation, arguments):
            name = "σ" if operation == "sigmoid" else operation
            return f"{name}({', '.join(map(notation, arguments))})", ATOM


def within(tree: Tree, least: int) -> str:
    """The text, in parentheses where it is bound less strongly than what is around it."""
    text, strength = written(tree)
    return text if strength >= least else f"({text})"


def power(base: Tree, exponent: Tree) -> str:
    """x³, or x^y."""
    below = within(base, ATOM)
    if isinstance(exponent, Number) and isinstance(exponent.value, int):
        return below + notation(exponent).translate(SUPERSCRIPTS)
    return f"{below}^{within(exponent, ATOM)}"


def joined(left: str, right: str) -> str:
    """A product, with a dot where it would be read otherwise without."""
    number = re.fullmatch(r"[\d.]+", left)
    together = JUXTAPOSED.fullmatch(left) and JUXTAPOSED.fullmatch(right)
    if (together and not right[0].isdigit()) or (number and right[0] in "(√|"):
        return left + right
    return f"{left}·{right}"
