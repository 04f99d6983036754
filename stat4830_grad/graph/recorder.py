"""Runs a function under autograd and writes down what the engine does.

Three sources, all of them torch's own: `next_functions` for the structure, hooks on every
`grad_fn` for what arrives and what is passed on, and a dispatch mode for the values, which sees
each tensor with its `grad_fn` when the next operation reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..core import Params
from .nodes import GradFn, ancestors
from .source import Source
from .summary import Summary, summarise

Gradients = tuple[Tensor | None, ...]
Constant = Summary | float | None
"""An argument that no gradient goes to; None stands for one that has a graph, or is unknown."""


class Values(TorchDispatchMode):
    """Keeps a summary of every tensor that an operation reads and that has a `grad_fn`.

    `arguments` holds, by node, what `describe` says of each of its operation's arguments, and
    `constants` those that are numbers or tensors without a graph. An operation's result has its
    `grad_fn` only after the call, so it is looked up at the next one.

    Args:
        source: the file whose lines are recorded too, by node.
    """

    def __init__(
        self, keep: int, describe: Callable[[object], str], source: Source | None = None
    ) -> None:
        super().__init__()
        self.keep, self.describe, self.source = keep, describe, source
        self.seen: dict[tuple[GradFn, int], Summary] = {}
        self.arguments: dict[GradFn, list[str]] = {}
        self.constants: dict[GradFn, list[Constant]] = {}
        self.latest: tuple[Any, list[str], list[Constant], int | None] = (None, [], [], None)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.close()
        for tensor in tensors(args):
            self.add(tensor)
        constants = [self.constant(argument) for argument in args]
        result = func(*args, **(kwargs or {}))
        line = self.source.line() if self.source else None
        self.latest = (result, [self.describe(argument) for argument in args], constants, line)
        return result

    def constant(self, argument: object) -> Constant:
        """The argument itself, if it is a number or a tensor without a graph."""
        if isinstance(argument, Tensor) and not argument.requires_grad:
            return summarise(argument, self.keep)
        return argument if isinstance(argument, int | float) else None

    def add(self, tensor: Tensor) -> None:
        """Keep the summary of a tensor, the first time it is seen."""
        key = (tensor.grad_fn, tensor.output_nr)
        if tensor.grad_fn is not None and key not in self.seen:
            self.seen[key] = summarise(tensor, self.keep)

    def close(self) -> None:
        """Files the latest operation's arguments under its node, if it made one."""
        result, described, constants, line = self.latest
        grad_fn = result.grad_fn if isinstance(result, Tensor) else None
        if callable(grad_fn):  # a Function written in Python is not the operation it ran last
            self.arguments[grad_fn], self.constants[grad_fn] = described, constants
            if self.source and line is not None:
                self.source.lines[grad_fn] = line
        self.latest = (None, [], [], None)


def tensors(args: tuple[Any, ...]) -> Iterator[Tensor]:
    """The tensors among an operation's arguments; some operations take a list of them."""
    for argument in args:
        for item in argument if isinstance(argument, list | tuple) else (argument,):
            if isinstance(item, Tensor):
                yield item


@dataclass(frozen=True)
class Event:
    """One node's turn: what had arrived at its outputs, what it passed to each input."""

    grad_fn: GradFn
    incoming: tuple[Summary | None, ...]
    passed: tuple[Summary | None, ...]
    local: tuple[Summary | None, ...]  # passed for an incoming 1, when the output is one number


@dataclass
class Recording:
    """One pass of the engine from a scalar back to the leaves."""

    keep: int
    names: dict[int, str]  # id of a leaf tensor -> its name
    events: list[Event] = field(default_factory=list)
    sums: Params = field(default_factory=dict)  # what reached each leaf, added up in order

    def add(self, grad_fn: GradFn, passed: Gradients, incoming: Gradients) -> None:
        """A hook: called by the engine when it has run `grad_fn`."""
        local = self.summaries(local_derivatives(grad_fn, incoming))
        event = Event(grad_fn, self.summaries(incoming), self.summaries(passed), local)
        self.events.append(event)
        for (target, _), gradient in zip(grad_fn.next_functions, passed, strict=True):
            name = self.leaf_name(target)
            if name is not None and gradient is not None:
                self.sums[name] = self.sums[name] + gradient if name in self.sums else gradient

    def leaf_name(self, grad_fn: GradFn) -> str | None:
        """The leaf behind an AccumulateGrad node, or None for other nodes and tensors."""
        return self.names.get(id(getattr(grad_fn, "variable", None)))

    def summaries(self, gradients: Gradients) -> tuple[Summary | None, ...]:
        """Of the gradients of an event; None where none arrived."""
        return tuple(None if g is None else summarise(g, self.keep) for g in gradients)


def differentiate(root: Tensor, leaves: Params, keep: int) -> tuple[Recording, Params]:
    """Runs the engine from the scalar `root`: what it did, and the gradients it returned."""
    recording = Recording(keep, {id(leaf): name for name, leaf in leaves.items()})
    hooks = [
        grad_fn.register_hook(partial(recording.add, grad_fn))
        for grad_fn in ancestors([root.grad_fn])
        if not hasattr(grad_fn, "variable")
    ]
    try:
        grads = torch.autograd.grad(
            root, list(leaves.values()), retain_graph=True, materialize_grads=True
        )
    finally:
        for hook in hooks:
            hook.remove()
    return recording, dict(zip(leaves, grads, strict=True))


def release(roots: list[Tensor], values: Values) -> None:
    """Lets go of the graphs of `roots`, the nodes made last first.

    Once Python has seen its nodes, torch frees a graph by recursion, and a long one overflows the
    stack. Freed one by one, each after the nodes that lead to it, there is nothing to recurse into.
    """
    seen = [grad_fn for grad_fn, _ in values.seen]
    nodes = ancestors([*(root.grad_fn for root in roots), *seen])
    nodes.sort(key=lambda grad_fn: grad_fn._sequence_nr())
    roots.clear()
    seen.clear()
    values.latest = (None, [], [], None)
    if values.source:
        values.source.clear()
    values.seen.clear()
    values.arguments.clear()
    values.constants.clear()
    while nodes:
        nodes.pop()


def local_derivatives(grad_fn: GradFn, incoming: Gradients) -> Gradients:
    """∂out/∂input for each input when out is one number: the node applied to an incoming 1."""
    arrived = incoming[0] if len(incoming) == 1 else None
    if arrived is None or arrived.numel() != 1:
        return ()
    if not callable(grad_fn):  # a Function written in Python
        return ()
    rows = grad_fn(torch.ones_like(arrived))
    return rows if isinstance(rows, tuple) else (rows,)


def saved(grad_fn: GradFn, attribute: str) -> Any:
    """What the node keeps for its derivative under `attribute`, or None."""
    try:
        return getattr(grad_fn, f"_saved_{attribute}", None)
    except RuntimeError:  # changed in place since: the version counter refuses it
        return None
