"""Names for nodes and inputs, and the formulas that go by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..system.wording import SUBSCRIPTS, subscripted
from .derivatives import (
    PLUMBING,
    DerivativeRule,
    operation_name,
    rule_for,
    spread,
    transpose,
)
from .formulas import fill, operand, permuted, signed
from .nodes import GradFn
from .parts import Edge, Node
from .recorder import Event, Recording, Values, saved
from .summary import Summary

FORMULA_WORDS = ("I", "P", "c", "C")
"""What stands for matrices and constants in formulas."""


class Labels:
    """Turns recorded events into nodes: z₁, z₂, … in the order of the computation, then `root`.

    With `fold`, plumbing that has one input and one reader is no node but part of the edge.
    """

    def __init__(self, recording: Recording, values: Values, root: str, *, fold: bool) -> None:
        self.leaf_name, self.values = recording.leaf_name, values
        self.plumbing = plumbing(recording) if fold else {}
        self.events = [e for e in recording.events if e.grad_fn not in self.plumbing]
        count = len(self.events)
        self.names = {
            event.grad_fn: "z" + str(count - step).translate(SUBSCRIPTS) if step else root
            for step, event in enumerate(self.events)
        }
        self.names |= self.own_names(recording, root)
        self.split = {event.grad_fn for event in recording.events if len(event.incoming) > 1}

    def own_names(self, recording: Recording, root: str) -> dict[GradFn, str]:
        """Nodes that a file of the user's has a name for, which nothing else has."""
        source = self.values.source
        found = Counter(source.names.values() if source else ())
        taken = {root, *recording.names.values(), *FORMULA_WORDS}
        return {
            grad_fn: name
            for grad_fn, name in (source.names.items() if source else ())
            if grad_fn in self.names and self.names[grad_fn] != root
            if found[name] == 1 and name not in taken
        }

    def nodes(self) -> Iterator[Node]:
        """Every node, in the order in which the engine ran them."""
        return map(self.node, self.events)

    def node(self, event: Event) -> Node:
        """The operation of one event, with its names, values and edges."""
        grad_fn, torch_name = event.grad_fn, event.grad_fn.name()
        rule = rule_for(torch_name, saved(grad_fn, "reduction"))
        outputs = tuple(self.output(event, k) for k in range(len(event.incoming)))
        symbols, first = self.symbols(grad_fn), self.leading(grad_fn)
        numbers = [self.number_of(grad_fn, k - first) or s for k, s in enumerate(symbols)]
        listed = symbols[: len(grad_fn.next_functions)]
        expression = f"{operation_name(torch_name)}({', '.join(listed)})"
        if rule is not None:
            out = self.names[grad_fn]
            expression = fill(rule.value, grad_fn, symbols, out, outputs[0].shape, 1)
        return Node(
            name=self.names[grad_fn],
            operation=operation_name(torch_name),
            torch_name=torch_name,
            expression=expression,
            line=self.values.source.lines.get(grad_fn) if self.values.source else None,
            outputs=outputs,
            incoming=event.incoming,
            edges=tuple(self.edges(event, rule, symbols, numbers, outputs)),
        )

    def edges(
        self,
        event: Event,
        rule: DerivativeRule | None,
        symbols: list[str],
        numbers: list[str],
        outputs: tuple[Summary, ...],
    ) -> Iterator[Edge]:
        """From an operation to what it read, with local derivatives where the table has them."""
        out_size = sum(output.size for output in outputs)
        for slot, (target, output) in enumerate(event.grad_fn.next_functions):
            end, through = self.followed(target)
            name = self.target(end)
            contribution = through[-1].passed[0] if through else event.passed[slot]
            if name is None:
                continue
            size = contribution.size if contribution else 0
            formula = filled = None
            turned = any(map(self.reorders, through))
            place = slot + self.leading(event.grad_fn)
            if rule is not None and place < len(rule.derivatives):
                template = rule.derivatives[place]
                both = self.filled(event, slot, template, symbols, numbers, outputs[0])
                formula, filled = (spread(rule, one, out_size, size) for one in both)
                if turned:
                    formula = permuted(formula)
            single = out_size == size == 1
            yield Edge(
                target=name,
                output=through[-1].grad_fn.next_functions[0][1] if through else output,
                slot=slot,
                formula=formula,
                numbers=filled if single and filled != formula else None,
                jacobian=(out_size, size),
                local=event.local[slot] if event.local else None,
                contribution=contribution,
                through=tuple(operation_name(folded.grad_fn.name()) for folded in through),
                permuted=turned,
            )

    def filled(
        self,
        event: Event,
        slot: int,
        template: str,
        symbols: list[str],
        numbers: list[str],
        output: Summary,
    ) -> tuple[str, str]:
        """A derivative of the table for one of the values read, in symbols and in numbers."""
        name, passed = self.names[event.grad_fn], event.passed[slot]
        read = passed.size if passed else 0  # more than arrives where plumbing has copied
        return (
            fill(template, event.grad_fn, symbols, name, output.shape, read),
            fill(template, event.grad_fn, numbers, operand(output) or name, output.shape, read),
        )

    def output(self, event: Event, k: int) -> Summary:
        """The value as the next operation read it, else the shape of the gradient for it."""
        arrived = event.incoming[k]
        unseen = Summary(arrived.shape, arrived.dtype) if arrived else Summary((0,), "undefined")
        return self.values.seen.get((event.grad_fn, k), unseen)

    def followed(self, grad_fn: GradFn) -> tuple[GradFn, list[Event]]:
        """The node or leaf behind plumbing, and the plumbing on the way."""
        through = []
        while (event := self.plumbing.get(grad_fn)) is not None:
            through.append(event)
            grad_fn = event.grad_fn.next_functions[0][0]
        return grad_fn, through

    def symbol(self, grad_fn: GradFn) -> str | None:
        """The name in formulas: that of what plumbing leads to, with ᵀ where it turns a matrix."""
        end, through = self.followed(grad_fn)
        name = self.target(end)
        if name is None:
            return None
        name = subscripted(name)
        for event in through:
            if len(self.output(event, 0).shape) == 2 and turns(event.grad_fn):
                name = transpose(name)
        return name

    def reorders(self, event: Event) -> bool:
        """Whether plumbing changes the order of entries, and not only the shape."""
        shape, grad_fn = self.output(event, 0).shape, event.grad_fn
        if operation_name(grad_fn.name()) == "transpose":
            return sum(length > 1 for length in shape) > 1
        order = [int(dim) % max(1, len(shape)) for dim in saved(grad_fn, "dims") or ()]
        kept = [dim for place, dim in enumerate(order) if shape[place] > 1]
        return kept != sorted(kept)

    def target(self, grad_fn: GradFn) -> str | None:
        """The name of what an edge leads to; None for a constant and for what was not asked."""
        return self.names.get(grad_fn) or self.leaf_name(grad_fn)

    def symbols(self, grad_fn: GradFn) -> list[str]:
        """Each input's name; constants, and numbers that come after the inputs, as they are."""
        described = self.values.arguments.get(grad_fn, [])
        found = described[: self.leading(grad_fn)]
        for target, output in grad_fn.next_functions:
            constant = described[len(found)] if len(found) < len(described) else "c"
            name = self.symbol(target) or constant
            found.append(f"{name}[{output}]" if target in self.split else name)
        return found + described[len(found) :]

    def leading(self, grad_fn: GradFn) -> int:
        """How many numbers stand before the inputs: one in 2ˣ, which torch has no slot for."""
        constants = self.values.constants.get(grad_fn, [])
        return next((k for k, c in enumerate(constants) if not isinstance(c, int | float)), 0)

    def number_of(self, grad_fn: GradFn, slot: int) -> str | None:
        """The input in `slot` as a number, if it is one."""
        if not 0 <= slot < len(grad_fn.next_functions):
            return None
        target, output = grad_fn.next_functions[slot]
        if self.leaf_name(target) is not None:
            leaf = target.variable.detach()
            return signed(leaf.item()) if leaf.numel() == 1 else None
        return operand(self.values.seen.get((target, output)))


def turns(grad_fn: GradFn) -> bool:
    """Whether a matrix is transposed: W.mT is a transpose to torch, W.T a permutation."""
    operation = operation_name(grad_fn.name())
    dims = [int(dim) % 2 for dim in saved(grad_fn, "dims") or ()]
    return operation == "transpose" or (operation == "permute" and dims == [1, 0])


def plumbing(recording: Recording) -> dict[GradFn, Event]:
    """Events, by node, that only move entries from one input to one reader; never the root's."""
    readers = Counter(
        target for event in recording.events for target, _ in event.grad_fn.next_functions
    )
    known = {event.grad_fn for event in recording.events}

    def is_plumbing(event: Event) -> bool:
        inputs = event.grad_fn.next_functions
        single = len(inputs) == len(event.incoming) == readers[event.grad_fn] == 1
        if not single or operation_name(event.grad_fn.name()) not in PLUMBING:
            return False
        target = inputs[0][0]
        return target in known or recording.leaf_name(target) is not None

    return {event.grad_fn: event for event in recording.events[1:] if is_plumbing(event)}
