"""∂f/∂x of a formula by SymPy: from our tree to SymPy's expressions and back.

SymPy never sees the text. Constants go in as symbols of their own, so that it computes with none:
its integers have as many digits as they need, and 2**1000 raised to 1000 again and again would
take forever. Functions whose simplification can take long it knows by their derivatives only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import sympy

from ..config.formula_tree import OPERATIONS, Call, Name, Number, Tree


def function(name: str, *derivatives: Callable[..., Any]) -> Any:
    """A function of SymPy's that knows its name and its derivative by each argument."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return derivatives[argindex - 1](*self.args)

    return type(name, (sympy.Function,), {"fdiff": fdiff})


STEP = function("step", lambda x: sympy.S.Zero)  # 1 for x > 0, ½ for x = 0, else 0
POSITIVE = function("positive", lambda x: sympy.S.Zero)  # 1 for x > 0, else 0
SIGN = function("sign", lambda x: sympy.S.Zero)
POWER_LOG = function("power_log")  # aᵇ log a; 0 at a = 0 for b ≥ 0, as torch has it
POWER: Any = function("power", lambda a, b: b * POWER(a, b - 1), POWER_LOG)
SIGMOID: Any = function("sigmoid", lambda x: SIGMOID(x) * (1 - SIGMOID(x)))

FUNCTIONS: dict[str, Any] = {
    "step": STEP,
    "positive": POSITIVE,
    "sign": SIGN,
    "power": POWER,
    "power_log": POWER_LOG,
    "exp": sympy.exp,
    "expm1": function("expm1", sympy.exp),
    "log": sympy.log,
    "log1p": function("log1p", lambda x: 1 / (1 + x)),
    "log2": function("log2", lambda x: 1 / (x * sympy.log(2))),
    "log10": function("log10", lambda x: 1 / (x * sympy.log(10))),
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "sigmoid": SIGMOID,
    "softplus": function("softplus", SIGMOID),
    "relu": function("relu", POSITIVE),
    "abs": function("abs", SIGN),
    # at a tie each has half, as torch.maximum has it
    "max": function("max", lambda a, b: STEP(a - b), lambda a, b: STEP(b - a)),
    "min": function("min", lambda a, b: STEP(b - a), lambda a, b: STEP(a - b)),
}
NAMES = {made: name for name, made in FUNCTIONS.items()}


def partial_derivatives(tree: Tree, names: tuple[str, ...]) -> dict[str, Tree]:
    """∂f/∂x for each name x; equal parts of all of them are one object."""
    translation = Translation(names)
    f = translation.expression(tree)
    return {name: translation.tree(f.diff(translation.symbols[name])) for name in names}


class Translation:
    """Between our trees and SymPy's expressions, for one formula."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.symbols = {name: sympy.Symbol(name, real=True) for name in names}
        self.dummies: dict[float, Any] = {}  # constant -> the symbol that stands for it
        self.values: dict[Any, float] = {}  # and back
        self.made: dict[Any, Tree] = {}  # expression -> its tree

    def expression(self, tree: Tree) -> Any:
        """The expression of a tree."""
        match tree:
            case Number(value):
                return self.constant(value)
            case Name(name):
                return self.symbols[name]
            case Call("power", (base, Number(value))) if float(2 * value).is_integer():
                return sympy.Pow(self.expression(base), sympy.Rational(round(2 * value), 2))
            case Call(operation, arguments):
                found = [self.expression(one) for one in arguments]
                return (ARITHMETIC | FUNCTIONS)[operation](*found)

    def constant(self, value: float) -> Any:
        """−1, 0 and 1 are numbers to SymPy; every other constant is a symbol."""
        if value in (-1, 0, 1):
            return sympy.Integer(int(value))
        if value not in self.dummies:
            self.dummies[value] = sympy.Dummy(real=True)
            self.values[self.dummies[value]] = value
        return self.dummies[value]

    def tree(self, expression: Any) -> Tree:
        """The tree of an expression, constants in the place of their symbols."""
        if expression not in self.made:
            self.made[expression] = self.translated(expression)
        return self.made[expression]

    def translated(self, expression: Any) -> Tree:
        """An expression of SymPy's as a tree; NaN for what has no value anywhere."""
        if expression.is_Number:
            return Number(real(expression))
        if expression.is_Symbol:
            known = self.values.get(expression)
            return Name(expression.name) if known is None else Number(known)
        if expression.is_Add:
            return total([self.tree(term) for term in expression.as_ordered_terms()])
        if expression.is_Mul or expression.is_Pow:
            return self.product(expression)
        if type(expression) not in NAMES:  # 1/0 that cancelled out
            return Number(math.nan)
        return call(NAMES[type(expression)], *map(self.tree, expression.args))

    def product(self, expression: Any) -> Tree:
        """Factors above and below a fraction line, numbers first, the sign in front."""
        above: list[Tree] = []
        below: list[Tree] = []
        for factor in sympy.Mul.make_args(expression):
            base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sympy.S.One)
            if factor.is_Rational:
                above.append(Number(real(factor.p)))
                below.append(Number(real(factor.q)))
            elif exponent.is_Number and exponent.is_negative:
                below.append(self.power(base, -exponent))
            else:
                above.append(self.power(base, exponent))
        over, under = numeric(above), numeric(below)
        if under and (over / under).is_integer():
            over, under = over / under, 1.0
        negative = over < 0
        top, bottom = times(abs(over), above), times(under, below)
        whole = top if bottom == Number(1) else call("divide", top, bottom)
        return call("negate", whole) if negative else whole

    def power(self, base: Any, exponent: Any) -> Tree:
        """base^exponent; a square root as such."""
        if exponent == 1:
            return self.tree(base)
        if exponent == sympy.S.Half:
            return call("sqrt", self.tree(base))
        return call("power", self.tree(base), self.tree(exponent))


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": sympy.Add,
    "subtract": lambda a, b: a - b,
    "multiply": sympy.Mul,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
}


OF_NUMBERS: dict[str, Callable[..., float]] = {
    **OPERATIONS,
    "sign": lambda x: float(x > 0) - float(x < 0),
    "step": lambda x: (float(x > 0) + float(x >= 0)) / 2,
    "positive": lambda x: float(x > 0),
}


def plain(value: float) -> float:
    """A whole number as an int."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def real(number: Any) -> float:
    """A number of SymPy's, which may have any number of digits."""
    try:
        return plain(float(number))
    except OverflowError:
        return math.inf


def call(operation: str, *arguments: Tree) -> Tree:
    """The operation; of numbers alone, its value."""
    numbers = [one.value for one in arguments if isinstance(one, Number)]
    if len(numbers) < len(arguments):
        return Call(operation, arguments)
    try:
        value = OF_NUMBERS[operation](*map(float, numbers))
    except (OverflowError, ValueError, ZeroDivisionError):
        value = math.nan
    return Number(plain(float(value)) if not isinstance(value, complex) else math.nan)


def numeric(factors: list[Tree]) -> float:
    """The product of those factors that are numbers."""
    return math.prod([1.0, *(float(one.value) for one in factors if isinstance(one, Number))])


def times(coefficient: float, factors: list[Tree]) -> Tree:
    """The coefficient times those factors that are no numbers."""
    others: list[Tree] = [one for one in factors if not isinstance(one, Number)]
    if coefficient == 0 or not others:
        return Number(plain(coefficient))
    first = [] if coefficient == 1 else [Number(plain(coefficient))]
    return reduce(lambda a, b: Call("multiply", (a, b)), [*first, *others])


def total(terms: list[Tree]) -> Tree:
    """The sum of the terms, numbers added up; what is subtracted comes last."""
    number = sum(one.value for one in terms if isinstance(one, Number))
    others: list[Tree] = [one for one in terms if not isinstance(one, Number)]
    others += [Number(plain(float(number)))] if number or not others else []
    others.sort(key=lambda one: negated(one) is not None)
    return reduce(plus, others)


def plus(a: Tree, b: Tree) -> Tree:
    """a + b, or a − (−b)."""
    opposite = negated(b)
    return Call("add", (a, b)) if opposite is None else Call("subtract", (a, opposite))


def negated(tree: Tree) -> Tree | None:
    """−tree without its sign, if it has one in front; else None."""
    match tree:
        case Number(value) if value < 0:
            return Number(-value)
        case Call("negate", (inside,)):
            return inside
    return None
