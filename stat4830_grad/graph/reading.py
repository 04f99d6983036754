"""Reads a formula of the table of derivatives, so that it can be computed as it stands.

What people read in a trace is what the page of a trace computes: there is no second table. A
formula becomes a tree of lists, ["·", 2, "a"]: an operation, then what it is applied to, which are
numbers, names and trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

Tree = float | str | list["Tree"]

MEANING = {
    "scaled_b": "{alpha}·{b}",
    "product": "{a}·{b}",
    "power": "{a}^{b}",
    "slope": "{b}·{a}^({b} − 1)",
    "aT": "{a}ᵀ",
    "bT": "{b}ᵀ",
    "cT": "{c}ᵀ",
    "left": "I⊗{b}ᵀ",
    "right": "{a}⊗I",
    "ones": "1ᵀ",
    "dot": "",
}
"""Fields of the table that are shown in more than one way, and what each of them is."""

FUNCTIONS = (
    *("log softmax", "softmax", "softplus", "log1p", "log2", "log10", "log", "expm1", "exp"),
    *("asin", "acos", "atan", "sinh", "cosh", "tanh", "sin", "cos", "tan", "sign", "max", "min"),
    *("huber", "clip", "bce", "nll", "σ", "√", "Σ", "mean", "each"),
)
"""Longer names first, as they are looked for in this order."""

TOKEN = re.compile(
    r"\s*(?P<token>\{\w+\}|[\d.]+|" + "|".join(FUNCTIONS) + r"|[IPᵀ²³⁴(),|\[\]>=+−·/⊗^½])"
)
SUPERSCRIPTS = {"²": 2.0, "³": 3.0, "⁴": 4.0}
STARTS = re.compile(r"\{|[\dIP½(|√Σσ]|[a-z]")
"""How a factor begins; two factors side by side are a product."""


@cache
def read(template: str) -> Tree:
    """The tree of a formula of the table.

    Raises:
        ValueError: it is not written in the table's notation.
    """
    for field, meaning in MEANING.items():
        template = template.replace(f"{{{field}}}", meaning)
    reader = Reader(list(tokens(template)))
    tree = reader.sum()
    if reader.left:
        raise ValueError(f"{template}: {' '.join(reader.left)} is left over")
    return tree


def tokens(template: str) -> Iterator[str]:
    """The parts of a formula: names in braces, numbers, functions and signs."""
    place = 0
    while place < len(template.rstrip()):
        found = TOKEN.match(template, place)
        if found is None:
            raise ValueError(f"{template}: {template[place:]!r} is not in the table's notation")
        yield found["token"]
        place = found.end()


class Reader:
    """Recursive descent over the tokens that are `left`; each method reads what it is named for.

    `bars`: whether a | would end what stands between two of them.
    """

    def __init__(self, left: list[str]) -> None:
        self.left, self.bars = left, False

    def next(self) -> str:
        """The next token, or nothing."""
        return self.left[0] if self.left else ""

    def take(self, wanted: str) -> bool:
        """Whether the next token is this one, which is then read."""
        if self.next() != wanted or not self.left:
            return False
        self.left.pop(0)
        return True

    def expect(self, wanted: str) -> None:
        """Read this token.

        Raises:
            ValueError: another one comes.
        """
        if not self.take(wanted):
            raise ValueError(f"{wanted} is missing before {self.next() or 'the end'}")

    def sum(self) -> Tree:
        """a + b − c; the sign in front goes with the first term."""
        tree: Tree = ["negate", self.product()] if self.take("−") else self.product()
        while self.next() in ("+", "−") and self.left:
            tree = [self.left.pop(0), tree, self.product()]
        return tree

    def product(self) -> Tree:
        """a·b, a/b, L⊗R, and factors side by side."""
        tree = self.factor()
        while self.left:
            if self.next() in ("·", "/", "⊗"):
                tree = [self.left.pop(0), tree, self.factor()]
            elif STARTS.match(self.next()) and not (self.bars and self.next() == "|"):
                tree = ["beside", tree, self.factor()]
            else:
                break
        return tree

    def factor(self) -> Tree:
        """An atom with its powers and its ᵀ."""
        tree = self.atom()
        while self.left:
            if self.next() in SUPERSCRIPTS:
                tree = ["^", tree, SUPERSCRIPTS[self.left.pop(0)]]
            elif self.take("ᵀ"):
                tree = ["T", tree]
            elif self.take("^"):
                tree = ["^", tree, self.atom()]
            else:
                break
        return tree

    def atom(self) -> Tree:
        """A number, a name, a function, or what stands in parentheses, bars or 1[…]."""
        if not self.left:
            raise ValueError("the formula ends too early")
        token = self.left.pop(0)
        if token == "1" and self.take("["):
            tree = self.comparison()
            self.expect("]")
            return tree
        if token == "½":
            return 0.5
        if token[0].isdigit():
            return float(token)
        if token == "(":
            tree = self.sum()
            self.expect(")")
            return tree
        if token == "|":
            self.bars = True
            tree = self.sum()
            self.bars = False
            self.expect("|")
            return ["abs", tree]
        return self.function(token) if token in FUNCTIONS else token.strip("{}")

    def comparison(self) -> Tree:
        """a > b or a = b, which is 1 or 0."""
        left, sign = self.sum(), self.left.pop(0)
        return [sign, left, self.sum()]

    def function(self, name: str) -> Tree:
        """f(a, b), or f a; `each` goes with all that follows."""
        if name == "each":
            return [name, self.sum()]
        if not self.take("("):
            return accurate([name, self.factor()])
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.expect(")")
        return accurate([name, *arguments])


def accurate(tree: list[Tree]) -> Tree:
    """log(1 + x) and log σ(x) by functions of their own, which lose no digits near 0."""
    match tree:
        case ["log", ["+", 1.0, x]]:
            return ["log1p", x]
        case ["log", ["σ", x]]:
            return ["log σ", x]
    return tree
