"""Mistakes in differentiating one node of a formula's tree, by the rule of its operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from ....config.formula_tree import Call, Name, Number
from ....core import Params
from ....problems import Formula, Polynomial
from .curves import CURVES, WrongSlope, wrong_slopes
from .recipe import Array, Change, Mistake, Recipe, Values
from .trees import Node, given, nodes_of, part, steps_of, tree_of


def formula_recipe(f: Formula | Polynomial) -> tuple[Recipe, Callable[[Params], Values]]:
    """Its derivative by each parameter, node by node, and what is given at points (T,)."""
    tree = tree_of(f) if isinstance(f, Polynomial) else f.root
    nodes, names = nodes_of(tree), ["x"] if isinstance(f, Polynomial) else list(f.start)
    outputs = {name: f"∂{name}" for name in names}
    recipe = Recipe(steps_of(nodes, names), outputs, list(formula_mistakes(nodes)))
    return recipe, partial(given, nodes, names)


def formula_mistakes(nodes: Sequence[Node]) -> Iterator[Mistake]:
    """At every node by itself, and at all of a kind."""
    terms = {id(one) for node in nodes if is_sum(node) for one in node.arguments}
    telling = [n for n in reversed(nodes) if n.arguments or id(n) in terms]
    each = [one for node in telling for one in at_node(node, whole=node is nodes[-1])]
    constants = [one for node in nodes for one in constant_terms(node)]
    yield from each
    yield from constants
    root = nodes[-1].t
    steps = steps_of(nodes, [])
    for kind in ("power_not_lowered", "power_not_multiplied", "coefficient_forgotten"):
        alike = [one for one in each if one.kind == kind]
        if len(alike) > 1:
            yield Mistake(kind, EVERYWHERE[kind], root, at_all(Recipe(steps, {root: root}), alike))


def at_all(recipe: Recipe, mistakes: Sequence[Mistake]) -> Change:
    """The derivative of the whole with mistakes at several nodes."""
    (root,) = recipe.outputs
    return lambda v, t: recipe.gradients(v, mistakes)[root]


EVERYWHERE = {
    "power_not_lowered": "no power is lowered: the derivative of c xⁱ is i c xⁱ⁻¹, not i c xⁱ",
    "power_not_multiplied": "the powers do not come down as factors: the derivative of c xⁱ is "
    "i c xⁱ⁻¹, not c xⁱ⁻¹",
    "coefficient_forgotten": "the coefficients are forgotten: the derivative of c xⁱ is i c xⁱ⁻¹, "
    "not i xⁱ⁻¹",
}


def at_node(node: Node, *, whole: bool) -> Iterator[Mistake]:
    """What can go wrong with the derivative of one node that is no constant."""
    if node.constant:
        return
    for kind, sentence, change in [*of_operation(node), *of_any(node, whole=whole)]:
        yield Mistake(kind, sentence, node.t, change, chains=kind in ("term_sign", "term_factor"))


def is_sum(node: Node) -> bool:
    """Whether it adds its arguments up."""
    return isinstance(node.tree, Call) and node.tree.operation in ("add", "subtract")


def depends(t: Array) -> Array:
    """1 for parameters that a derivative (P, T) is not zero by."""
    made: Array = np.any(t != 0, axis=-1, keepdims=True).astype(np.float64)
    return made


def of_any(node: Node, *, whole: bool) -> Iterator[tuple[str, str, Change]]:
    """Whatever the operation is."""
    if whole:
        text = "this is f itself, not its derivative"
        yield "no_derivative", text, lambda v, t: v[node.v] * depends(t)
        return
    yield "term_missing", f"the derivative of {node.text} is missing", lambda v, t: 0 * t
    if isinstance(node.tree, Call):
        text = f"{node.text} is not differentiated, it stands there as it is"
        yield "term_kept", text, lambda v, t: v[node.v] * depends(t)
    yield "term_sign", f"the derivative of {node.text} has the wrong sign", lambda v, t: -t
    for factor, said in ((2.0, "2"), (0.5, "½")):
        text = f"the derivative of {node.text} is {said} times what it should be"
        yield "term_factor", text, times(factor)


def times(factor: float) -> Change:
    """The right derivative times a factor."""
    return lambda v, t: factor * t


def of_operation(node: Node) -> Iterator[tuple[str, str, Change]]:
    """The rules of sums, products, quotients, powers and functions, wrongly applied."""
    match node.tree:
        case Call("multiply" | "divide" as operation) if not any(
            n.constant for n in node.arguments
        ):
            yield from of_product(node, operation)
        case Call("multiply", (left, _)):
            c, other = node.arguments if isinstance(left, Number) else node.arguments[::-1]
            text = f"the coefficient {c.text} of {node.text} is forgotten"
            yield "coefficient_forgotten", text, lambda v, t: v[other.t]
        case Call("divide"):
            yield from of_function(node)
        case Call("power", (_, Number(i))):
            yield from of_power(node, float(i))
            yield from of_function(node)
        case Call("add" | "subtract" | "negate"):
            return
        case Call():
            yield from of_function(node)


def of_power(node: Node, i: float) -> Iterator[tuple[str, str, Change]]:
    """uⁱ with a constant i; its derivative is i uⁱ⁻¹ u′."""
    u, text = node.arguments[0], node.text
    yield (
        "power_not_lowered",
        f"the power of {text} is not lowered by one",
        lambda v, t: i * v[node.v] * v[u.t],
    )
    yield (
        "power_not_multiplied",
        f"the power of {text} does not come down as a factor",
        lambda v, t: t / i,
    )
    yield (
        "power_lowered_twice",
        f"the power of {text} is lowered by two",
        lambda v, t: t / v[u.v],
    )
    yield (
        "integrated",
        f"{text} is integrated, not differentiated",
        lambda v, t: v[node.v] * v[u.v] / (i + 1) * depends(t),
    )


def of_product(node: Node, operation: str) -> Iterator[tuple[str, str, Change]]:
    """uv or u/v, both with parameters."""
    (u, w), text = node.arguments, node.text
    rule = {"multiply": "(uv)′ = u′v + uv′", "divide": "(u/v)′ = (u′v − uv′)/v²"}[operation]
    kind = {"multiply": "product_rule", "divide": "quotient_rule"}[operation]

    def wrong(what: str, change: Change) -> tuple[str, str, Change]:
        return kind, f"in the derivative of {text} {what}: {rule}", change

    yield wrong(
        f"the part with the derivative of {w.text} is missing", lambda v, t: part(node, 0, v)
    )
    yield wrong(
        f"the part with the derivative of {u.text} is missing", lambda v, t: part(node, 1, v)
    )
    yield wrong(
        "the sign between the two parts is wrong",
        lambda v, t: part(node, 0, v) - part(node, 1, v),
    )
    if operation == "multiply":
        yield wrong("the two derivatives are multiplied", lambda v, t: v[u.t] * v[w.t])
    else:
        yield wrong("the denominator is not squared", lambda v, t: t * v[w.v])
        yield wrong("the derivatives are divided", lambda v, t: v[u.t] / v[w.t])


def of_function(node: Node) -> Iterator[tuple[str, str, Change]]:
    """φ(u), whose derivative is φ′(u) u′."""
    u = next(one for one in node.arguments if not one.constant)
    j = node.arguments.index(u)
    q, text = f"q{node.index}.{j}", node.text
    assert isinstance(node.tree, Call)
    curve = CURVES.get(node.tree.operation)
    if not isinstance(u.tree, Name):
        text_of_u = f"the derivative of {u.text}, the inner one, is missing in that of {text}"
        yield "chain_rule", text_of_u, lambda v, t: v[q] * depends(v[u.t])
        own = f"{text} itself stands where its outer derivative belongs"
        yield "slope_is_output", own, lambda v, t: v[node.v] * v[u.t]
    if not curve:
        text_of_outer = f"the outer derivative of {text} is missing: only that of {u.text} is there"
        yield "outer_forgotten", text_of_outer, lambda v, t: v[u.t]
    if curve:
        for one in wrong_slopes(curve, {"u": "z", "a": "a"}, curve.of_output):
            which = node.v if one.argument == "a" else u.v
            text_of_slope = f"the outer derivative of {text} is {curve.of_output_text.format('a')} "
            text_of_slope += f"with a = {text}; here it is {one.text}, u = {u.text}"
            yield one.kind, text_of_slope, in_place_of_outer(one, which, u)


def in_place_of_outer(one: WrongSlope, argument: str, u: Node) -> Change:
    """A function at an argument, times the inner derivative."""
    return lambda v, t: one.function(v[argument]) * v[u.t]


def constant_terms(node: Node) -> Iterator[Mistake]:
    """Constants in a sum, whose derivative is 0."""
    for one in node.arguments if is_sum(node) else ():
        if one.constant:
            text = f"{one.text} is a constant: its derivative is 0"
            yield Mistake("constant_kept", text, one.t, kept(one))


def kept(node: Node) -> Change:
    """The value of a node, by every parameter."""
    return lambda v, t: v[node.v] + 0 * t
