"""Trees of formulas as lines of code for numbers, rounded as torch rounds them for tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..config.formula_tree import Call, Name, Number, Tree

EXACT = {"add", "subtract", "multiply", "divide", "negate", "abs", "sign", "step", "positive"}
"""Operations that everybody rounds alike. Of others the last bit is the library's affair, and of
`max` and `relu` the sign of a zero."""

SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*"}
POWERS = {0: "{one}", 1: "{x}", 2: "{x} * {x}", 3: "{x} * {x} * {x}"}
POWERS |= {-1: "{one} / {x}", -2: "{one} / ({x} * {x})"}
"""The exponents that torch knows, as it multiplies them out."""


@dataclass
class Lines:
    """Lines of code that compute trees; parts that are one object are computed once."""

    names: dict[str, str]  # of parameters -> of variables
    lines: list[str] = field(default_factory=list)
    constants: dict[float, str] = field(default_factory=dict)  # value -> its variable
    known: dict[int, str] = field(default_factory=dict)  # identity of a tree -> its variable

    def value(self, tree: Tree) -> str:
        """The variable that holds a tree's value."""
        match tree:
            case Number(value):
                return self.constant(value)
            case Name(name):
                return self.names[name]
            case Call():
                if id(tree) not in self.known:
                    code = self.call(tree)
                    self.known[id(tree)] = f"v{len(self.lines)}"
                    self.lines.append(f"{self.known[id(tree)]} = {code}")
                return self.known[id(tree)]

    def constant(self, value: float) -> str:
        """The variable of a number."""
        return self.constants.setdefault(value, f"c{len(self.constants)}")

    def call(self, tree: Call) -> str:
        """An operation on variables."""
        match tree:
            case Call("power", (base, Number(exponent))) if exponent in POWERS:
                return POWERS[int(exponent)].format(one=self.constant(1), x=self.value(base))
            case Call("divide", (Number(above), below)):  # torch takes the reciprocal first
                one, x = self.constant(1), self.value(below)
                return f"{self.constant(above)} * ({one} / {x})"
        found = [self.value(one) for one in tree.arguments]
        match tree.operation, found:
            case "add" | "subtract" | "multiply", [a, b]:
                return f"{a} {SYMBOLS[tree.operation]} {b}"
            case "divide", [a, b]:
                return f"{a} / {b}"
            case "power", [a, b]:
                return f"{a} ** {b}"
            case "negate", [a]:
                return f"-{a}"
        return f"{tree.operation}({', '.join(found)})"


def calls(trees: Iterable[Tree], seen: set[int] | None = None) -> Iterator[Call]:
    """Every operation in the trees, once if several have it as one object."""
    seen = set() if seen is None else seen
    for tree in trees:
        if isinstance(tree, Call) and id(tree) not in seen:
            seen.add(id(tree))
            yield tree
            yield from calls(tree.arguments, seen)


def exact(call: Call) -> bool:
    """Whether torch and compiled code round the operation alike."""
    match call:
        case Call("power", (_, Number(exponent))):
            return exponent in POWERS
        case Call(operation, _):
            return operation in EXACT
