"""A formula such as `x**3 - 3*x + exp(-x*y)`, from text to a tree. Imports no torch.

Python's own parser reads the text and nothing of it is ever run: what comes out is walked, and only
what is listed here passes. The bounds keep whatever is done with the tree later short.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..system.errors import ConfigError
from ..system.wording import nearest
from .formula_tree import FUNCTIONS, OPERATIONS, SEVERAL, Call, Name, Number, Tree

LONGEST = 1000
"""Most characters of a formula."""
DEEPEST = 60
"""Most operations inside one another; a sum of n terms counts as n − 1."""
LARGEST_EXPONENT = 1000


@dataclass(frozen=True)
class Parsed:
    """A formula that was read."""

    root: Tree
    names: dict[str, int]  # parameters in their order -> column, from 1, where each comes first


BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
CONSTANTS = {"pi": math.pi, "e": math.e}

COLUMNS = ("loss", "grad_norm", "step", "seconds")
"""Columns of metrics.csv that no parameter may have the name of."""

OTHERS = {"ln": "log", "pow": "**", "square": "**2", "cbrt": "**(1/3)", "sgn": "abs(x)/x"}
SIGNS = {"−": "-", "×": "*", "·": "*", "÷": "/", "²": "**2", "³": "**3", "π": "pi", "√": "sqrt(…)"}
"""What people write, and how it is written here."""

ALLOWED = "a formula has numbers, parameters, + - * / ** ( ) and functions"


@lru_cache(maxsize=64)
def parse(text: str) -> Parsed:
    """The formula in `text`.

    Raises:
        ConfigError: it is none; the message has the column, from 1, and what to write.
    """
    if len(text) > LONGEST:
        raise ConfigError(
            f"problem.f has {len(text):,} characters, at most {LONGEST:,} are read; "
            "write a longer function in a file: problem=file problem.path=FILE.py"
        )
    for at, char in enumerate(text):
        if not (char.isascii() and char.isprintable()):
            ours = f"write {SIGNS[char]}" if char in SIGNS else "formulas are written in ASCII"
            raise ConfigError(f"problem.f: column {at + 1}: {char!r} is not read; {ours}")
    return Reader(text).formula()


class Reader:
    """Walks what Python's parser makes of a text of printable ASCII."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.indent = len(text) - len(text.lstrip())
        self.names: dict[str, int] = {}

    def formula(self) -> Parsed:
        """The whole text as a tree, and its names in the order in which they first appear.

        Raises:
            ConfigError: it is no formula, or a constant.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of text that is refused below
                parsed = ast.parse(self.text.lstrip(), mode="eval")
        except SyntaxError as error:
            column = min((error.offset or 1) + self.indent, len(self.text) + 1)
            raise self.wrong(column, f"not a formula: {self.hint(error.msg)}") from None
        except (MemoryError, RecursionError):
            raise self.wrong(1, "too deeply nested") from None
        root = self.tree(parsed.body, 0)
        if isinstance(root, Number):
            raise ConfigError(f"problem.f={self.text} is a constant: nothing to minimise")
        return Parsed(root, dict(sorted(self.names.items(), key=lambda item: item[1])))

    def wrong(self, column: int, why: str) -> ConfigError:
        """The error that points at a column."""
        rest = self.text[column - 1 : column + 19]
        at = f", at {rest}{'…' if len(self.text) > column + 19 else ''}" if rest.strip() else ""
        return ConfigError(f"problem.f: column {column}{at}: {why}")

    def hint(self, message: str) -> str:
        """Python's message, and what to write where a product lacks its sign."""
        if re.search(r"[\d)]\s*[A-Za-z_(]|[A-Za-z_]\w*\s+[A-Za-z_]", self.text):
            return f"{message}; a product is written with *"
        return message

    def tree(self, node: ast.expr, depth: int) -> Tree:
        """An expression of Python's as ours; `depth` is how many operations it stands inside.

        Raises:
            ConfigError: it is none that a formula may hold, or too deep.
        """
        column = node.col_offset + self.indent + 1
        if depth > DEEPEST:
            raise self.wrong(column, f"more than {DEEPEST} operations inside one another")
        match node:
            case ast.Constant(value=bool() | str() | bytes() | complex() | None):
                raise self.wrong(column, f"no real number; {ALLOWED}")
            case ast.Constant(value=int() | float() as value):
                return self.number(value, column)
            case ast.Name(id=name):
                return self.name(name, column)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.call("negate", [self.tree(operand, depth + 1)], column)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.tree(operand, depth + 1)
            case ast.BinOp(op=op) if type(op) in BINARY:
                sides = [self.tree(side, depth + 1) for side in (node.left, node.right)]
                return self.call(BINARY[type(op)], sides, column)
            case ast.BinOp(op=ast.BitXor(), left=left):
                at = (left.end_col_offset or 0) + self.indent
                column = at + 1 + self.text[at:].find("^")
                raise self.wrong(column, "a power is written **")
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self.function(name, node.args, column, depth)
            case ast.Attribute(value=inside):
                column = (inside.end_col_offset or 0) + self.indent + 1
        raise self.wrong(column, f"not allowed; {ALLOWED} ({', '.join(FUNCTIONS)})")

    def number(self, value: float, column: int) -> Number:
        """A finite number, whole where it can be."""
        try:
            real = float(value)
        except OverflowError:
            real = math.inf
        if not math.isfinite(real):
            raise self.wrong(column, "too large a number")
        return Number(int(real) if real.is_integer() and abs(real) < 2**53 else real)

    def name(self, name: str, column: int) -> Tree:
        """A parameter, or the number that a constant stands for.

        Raises:
            ConfigError: it is the name of a function.
        """
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        if name in FUNCTIONS:
            raise self.wrong(column, f"{name} is a function; write {name}(…)")
        self.names[name] = min(column, self.names.get(name, column))
        return Name(name)

    def function(self, name: str, arguments: list[ast.expr], column: int, depth: int) -> Tree:
        """A function of its arguments; one that takes several is applied from left to right.

        Raises:
            ConfigError: there is none of that name, or not with so many arguments.
        """
        if name not in FUNCTIONS:
            said = f"there is no function {name}"
            if name in OTHERS:
                raise self.wrong(column, f"{said}; write {OTHERS[name]}")
            if near := nearest(re.sub("^arc", "a", name), FUNCTIONS):
                raise self.wrong(column, f"{said}{near}")
            there_are = f"there are {', '.join(FUNCTIONS)}"
            raise self.wrong(column, f"{said}; a product is written with *, and {there_are}")
        if not (len(arguments) >= 2 if name in SEVERAL else len(arguments) == 1):
            takes = "two arguments or more" if name in SEVERAL else "one argument"
            raise self.wrong(column, f"{name} takes {takes}, not {len(arguments)}")
        if depth + len(arguments) > DEEPEST + 1:
            raise self.wrong(column, f"more than {DEEPEST} operations inside one another")
        found = [self.tree(argument, depth + 1) for argument in arguments]
        whole = found[0] if name in SEVERAL else self.call(name, found, column)
        for one in found[1:]:
            whole = self.call(name, [whole, one], column)
        return whole

    def call(self, operation: str, arguments: list[Tree], column: int) -> Tree:
        """The operation; of numbers alone, its value."""
        last = arguments[-1]
        if operation == "power" and isinstance(last, Number) and abs(last.value) > LARGEST_EXPONENT:
            raise self.wrong(column, f"an exponent above {LARGEST_EXPONENT:,}")
        if operation == "divide" and last == Number(0):
            raise self.wrong(column, "division by 0")
        numbers = [one.value for one in arguments if isinstance(one, Number)]
        if len(numbers) < len(arguments):
            return Call(operation, tuple(arguments))
        try:
            value = OPERATIONS[operation](*map(float, numbers))
        except OverflowError:
            value = math.inf
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if isinstance(value, complex) or math.isnan(value):
            raise self.wrong(column, "this constant is no real number")
        return self.number(value, column)


def check_start(f: str, start: Iterable[str]) -> None:
    """Whether a formula has an initial point for each of its parameters, and for nothing else.

    Raises:
        ConfigError: it has not, or it is no formula.
    """
    names, given = parse(f).names, tuple(start)
    for name in given:
        if name in FUNCTIONS or name in CONSTANTS:
            raise ConfigError(f"problem.start.{name}: a formula reads {name} otherwise; rename it")
        if name in COLUMNS or keyword.iskeyword(name) or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ConfigError(f"problem.start.{name}: no name for a parameter; rename it")
    for name, column in names.items():
        if name not in given:
            missing = " ".join(f"problem.start.{one}=1" for one in names if one not in given)
            raise ConfigError(
                f"problem.f: column {column}: {name} has no initial point"
                f"{nearest(name, [*FUNCTIONS, *given])}; write {missing}"
            )
    for name in given:
        if name not in names:
            has = f"it has {', '.join(names)}"
            raise ConfigError(f"problem.start.{name}: problem.f has no {name}; {has}")
