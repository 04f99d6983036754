"""From a function to its trace: run it, run the engine, and name what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial

import torch
from torch import Tensor

from ..core import Params
from ..system.wording import SUPERSCRIPTS
from .formulas import constant
from .instructions import program
from .labels import Labels
from .parts import Contribution, Leaf, Node
from .program import MOST_NUMBERS
from .recorder import Values, differentiate, release
from .source import Source
from .summary import summarise
from .trace import Trace


def trace(
    function: Callable[[Params], Tensor],
    params: Params,
    *,
    order: int = 1,
    constants: Mapping[str, Tensor] | None = None,
    keep: int = 6,
    fold: bool = False,
    source: str | None = None,
    alive: int = MOST_NUMBERS,
) -> Trace:
    """Runs `function` on `params` under autograd and tells what reverse mode does on its graph.

    `function` returns one number. With order=2 the graph that is walked is the one that the first
    backward pass left behind, that of f′; when the gradient has several entries, that of their
    sum, whose gradient is the Hessian times a vector of ones. `constants` are tensors to call by
    name in formulas. Tensors of at most `keep` entries are kept as numbers, others as shape and
    norm. With `fold`, operations that only move entries (view, transpose, …) become part of the
    edges. Of functions in the file `source` lines are recorded, and values have the names of the
    variables that hold them. The page of the trace computes both passes itself where all values
    together are at most `alive` numbers.

    Raises:
        ValueError: `function` returns another shape, or depends on no parameter through autograd;
            or there is no graph of that order.
    """
    if order < 1:
        raise ValueError(f"order={order}: a trace needs an order of at least 1")
    leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
    followed = Source(source) if source else None
    values = Values(keep, partial(constant, known=constants or {}), followed)
    roots: list[Tensor] = []
    try:
        with values:
            record(function, leaves, order, followed, roots)
        differentiable(roots[-1], order)
        return assemble(roots[-1], leaves, values, order, fold, alive)
    finally:
        release(roots, values)


def record(
    function: Callable[[Params], Tensor],
    leaves: Params,
    order: int,
    followed: Source | None,
    roots: list[Tensor],
) -> None:
    """Add the value of `function` to `roots`, then its derivatives up to one before `order`."""
    with followed.watched() if followed else nullcontext():
        roots.append(one_number(function(leaves)))
    for n in range(1, order):
        roots.append(total(derivative(roots[-1], leaves, n)))


def assemble(
    root: Tensor, leaves: Params, values: Values, order: int, fold: bool, alive: int = MOST_NUMBERS
) -> Trace:
    """Runs the engine from `root` and puts what it did into words."""
    values.add(root)
    values.close()
    keep, name = values.keep, symbol(order, leaves)
    recording, gradients = differentiate(root, leaves, keep)
    labels = Labels(recording, values, name, fold=fold)
    nodes = tuple(labels.nodes())
    arrived = contributions(nodes) if nodes else seeds(root, leaves, keep)
    ends = [
        Leaf(
            name=leaf,
            value=summarise(tensor, keep),
            contributions=tuple(arrived.get(leaf, ())),
            gradient=summarise(gradients[leaf], keep),
            difference=difference(recording.sums.get(leaf), gradients[leaf]) if nodes else 0.0,
        )
        for leaf, tensor in leaves.items()
    ]
    return Trace(
        function=name,
        meaning=meaning(order, leaves),
        order=order,
        value=summarise(root, keep),
        nodes=nodes,
        leaves=tuple(ends),
        program=program(labels, leaves, alive),
    )


def one_number(value: Tensor) -> Tensor:
    """The value itself.

    Raises:
        ValueError: it is not one number.
    """
    if value.numel() != 1:
        raise ValueError(
            f"a trace starts from one number, and the function returned shape "
            f"{tuple(value.shape)}: trace one run at a time (*K = ())"
        )
    return value


def differentiable(root: Tensor, order: int) -> None:
    """Nothing, if autograd has a graph of the value.

    Raises:
        ValueError: it has none.
    """
    if not root.requires_grad:
        raise ValueError(
            f"there is no graph of order {order}: the function of that order does not depend on "
            "the parameters through autograd"
        )


def derivative(root: Tensor, leaves: Params, order: int) -> list[Tensor]:
    """The gradients of `root`, themselves differentiable, of those leaves that it reaches."""
    differentiable(root, order)
    grads = torch.autograd.grad(root, list(leaves.values()), create_graph=True, allow_unused=True)
    return [g for g in grads if g is not None] or [torch.zeros(())]


def total(grads: list[Tensor]) -> Tensor:
    """The sum of all entries; a derivative that is one number stays as it is."""
    terms = [g if g.ndim == 0 else g.sum() for g in grads]
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


def symbol(order: int, params: Params) -> str:
    """f, f′, f″; with more than one number to differentiate by, Σ∇f."""
    single = sum(p.numel() for p in params.values()) == 1
    if not single:
        return "Σ∇" * (order - 1) + "f"
    primes = {1: "", 2: "′", 3: "″", 4: "‴"}
    return "f" + primes.get(order, f"⁽{order - 1}⁾".translate(SUPERSCRIPTS))


def meaning(order: int, params: Params) -> str:
    """What the function is whose graph of this order is walked."""
    if order == 1:
        return "the function itself"
    if symbol(order, params).startswith("f"):
        nth = "" if order == 2 else f" of order {order - 1}"
        return f"the derivative of f{nth}, read from the graph of the backward pass"
    return "the sum of the gradient's entries, read from the graph of the backward pass"


def contributions(nodes: tuple[Node, ...]) -> dict[str, list[Contribution]]:
    """Everything passed on, by the name of what it was passed to, in the engine's order."""
    found: dict[str, list[Contribution]] = {}
    for node in nodes:
        for edge in node.edges:
            if edge.contribution is not None:
                term = Contribution(node.name, edge.slot, edge.contribution)
                found.setdefault(edge.target, []).append(term)
    return found


def seeds(root: Tensor, leaves: Params, keep: int) -> dict[str, list[Contribution]]:
    """The gradient of a function that is one of the leaves: the seed and nothing else."""
    seed = Contribution("seed", 0, summarise(torch.ones_like(root), keep))
    return {name: [seed] for name, leaf in leaves.items() if leaf is root}


def difference(summed: Tensor | None, gradient: Tensor) -> float:
    """Largest entry of |summed − gradient|; a leaf that nothing reached has the sum zero."""
    apart = (gradient if summed is None else gradient - summed).abs()
    return float(apart.max()) if apart.numel() else 0.0
