"""The derivative of a formula or a polynomial, node by node of its tree.

Given are the value `vᵢ` (T,) of each node i at T points and its partial derivatives `qᵢ.ⱼ` (T,) by
its arguments. A step makes its derivative `tᵢ` (P, T) by each of P parameters from those of its
arguments, as the rule of its operation says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import torch

from ....config.formula_tree import Call, Name, Number, Tree
from ....core import Params
from ....problems import Polynomial
from ....problems.formula import TORCH, value
from ....problems.notation import notation
from .network import array
from .recipe import Array, Step, Values


@dataclass(frozen=True)
class Node:
    """A place in the tree, and the places of its arguments."""

    index: int
    tree: Tree
    arguments: tuple[Node, ...]

    @property
    def t(self) -> str:
        """The name of its derivative."""
        return f"t{self.index}"

    @property
    def v(self) -> str:
        """The name of its value."""
        return f"v{self.index}"

    @property
    def text(self) -> str:
        """As mathematics."""
        return notation(self.tree)

    @property
    def constant(self) -> bool:
        """Whether it holds no parameter."""
        return not isinstance(self.tree, Name) and all(one.constant for one in self.arguments)


def nodes_of(tree: Tree) -> list[Node]:
    """Every place, arguments before what is made of them; the whole comes last."""
    found: list[Node] = []

    def add(tree: Tree) -> Node:
        inside = tuple(map(add, tree.arguments)) if isinstance(tree, Call) else ()
        found.append(Node(len(found), tree, inside))
        return found[-1]

    add(tree)
    return found


def tree_of(f: Polynomial) -> Tree:
    """Σ cᵢ xⁱ without the factors that do nothing."""

    def term(i: int, c: float) -> Tree:
        power = Call("power", (Name("x"), Number(i))) if i > 1 else Name("x")
        if i == 0:
            return Number(c)
        return power if c == 1 else Call("multiply", (Number(c), power))

    def added(a: Tree, b: tuple[int, float]) -> Tree:
        operation = "subtract" if b[1] < 0 else "add"
        return Call(operation, (a, term(b[0], abs(b[1]))))

    (i, c), *others = f.terms
    first = term(i, abs(c))
    return reduce(added, others, Call("negate", (first,)) if c < 0 else first)


def steps_of(nodes: Sequence[Node], names: Sequence[str]) -> dict[str, Step]:
    """The derivatives of all nodes; then `∂name`, that of the whole by each parameter (T,)."""
    steps: dict[str, Step] = {node.t: partial(derivative, node) for node in nodes}
    for k, name in enumerate(names):
        steps[f"∂{name}"] = partial(entry, nodes[-1].t, k)
    return steps


def entry(step: str, k: int, v: Values) -> Array:
    """What a step has made for parameter k."""
    made: Array = v[step][k]
    return made


def derivative(node: Node, v: Values) -> Array:
    """By all parameters (P, T): Σⱼ qⱼ tⱼ; of a parameter or constant it is given."""
    if not node.arguments:
        return v[f"given {node.t}"]
    return reduce(np.add, (part(node, j, v) for j in range(len(node.arguments))))


def part(node: Node, j: int, v: Values) -> Array:
    """qⱼ tⱼ, what argument j contributes."""
    return v[f"q{node.index}.{j}"] * v[node.arguments[j].t]


def given(nodes: Sequence[Node], names: Sequence[str], params: Params) -> Values:
    """Values and partial derivatives of all nodes at the points params (T,)."""
    points = {name: params[name].double() for name in names}
    like = next(iter(points.values()))
    found: Values = {}
    for node in nodes:
        made = value(node.tree, points, {})
        v = made if isinstance(made, torch.Tensor) else torch.full_like(like, made)
        found[node.v] = array(v)
        if isinstance(node.tree, Call):
            inside = [torch.from_numpy(found[one.v]).requires_grad_() for one in node.arguments]
            whole = TORCH[node.tree.operation](*inside)
            assert isinstance(whole, torch.Tensor)
            slopes = torch.autograd.grad(whole.sum(), inside, materialize_grads=True)
            for j, (one, slope) in enumerate(zip(node.arguments, slopes, strict=True)):
                found[f"q{node.index}.{j}"] = 0 * found[node.v] if one.constant else array(slope)
        else:
            one_hot = [[float(node.tree == Name(name))] * len(like) for name in names]
            found[f"given {node.t}"] = np.array(one_hot)
    return found
