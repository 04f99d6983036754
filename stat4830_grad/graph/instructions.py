"""From a recorded graph to the program by which its page computes it anew."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .derivatives import DerivativeRule, operation_name, rule_for
from .labels import Labels
from .nodes import GradFn
from .program import Instruction, Operand, Program
from .recorder import Constant, Event, Values, saved
from .summary import Summary


class NoRuleError(Exception):
    """What stands in the way of computing a graph anew, in words."""


def program(labels: Labels, leaves: dict[str, Tensor], most: int) -> Program:
    """The program of a recorded graph of at most `most` numbers."""
    events = labels.events
    if not events:
        return Program((), "there is no operation in it")
    numbers = sum(leaf.numel() for leaf in leaves.values())
    numbers += sum(labels.output(e, k).size for e in events for k in range(len(e.incoming)))
    if numbers > most:
        return Program(
            (), f"{numbers:,} numbers are more than the {most:,} that this page computes anew"
        )
    try:
        return Program(tuple(instruction(labels, event) for event in events))
    except NoRuleError as obstacle:
        return Program((), str(obstacle))


def instruction(labels: Labels, event: Event) -> Instruction:
    """One operation.

    Raises:
        NoRuleError: the table has no rule for it, or something it reads is not known.
    """
    node = event.grad_fn
    name, operation = labels.names[node], operation_name(node.name())
    rule = rule_for(node.name(), saved(node, "reduction"))
    if rule is None or not supported(node, rule):
        raise NoRuleError(f"there is no rule for the operation {operation} ({name})")
    alpha, delta = saved(node, "alpha"), saved(node, "delta")
    summed = rule.value.startswith(("Σ ", "mean ")) and rule.reduction is None
    return Instruction(
        rule,
        tuple(operands(labels, event, rule)),
        tuple(labels.symbols(node)),
        labels.leading(node),
        1.0 if alpha is None else float(alpha),
        1.0 if delta is None else float(delta),
        groups=grouped(node) if summed else None,
        moves=moved(node) if rule.spread == "moved" else None,
        row=row(node) if rule.operation == "nll" else None,
    )


def supported(node: GradFn, rule: DerivativeRule) -> bool:
    """Whether the rule says all that the node does: weights and the like are not in the table."""
    if any(saved(node, extra) is not None for extra in ("weight", "pos_weight")):
        return False
    if rule.operation == "log softmax":
        (shape,) = shapes(node)
        return len(shape) in (1, 2) and saved(node, "dim") % len(shape) == len(shape) - 1
    return saved(node, "beta") in (None, 1)


def operands(labels: Labels, event: Event, rule: DerivativeRule) -> list[Operand]:
    """What the operation reads, in torch's order, as far as its rule names it."""
    node, values = event.grad_fn, labels.values
    known = values.constants.get(node, [])
    described = values.arguments.get(node, [])
    count = (
        1
        if rule.spread == "moved"
        else 1 + max((k for k, letter in enumerate("abc") if names(rule, letter)), default=0)
    )
    first, inputs, found = labels.leading(node), node.next_functions, []
    for k in range(count):
        target, output = inputs[k - first] if 0 <= k - first < len(inputs) else (None, 0)
        if target is not None and labels.target(labels.followed(target)[0]) is not None:
            found.append(read(labels, target, output))
        else:
            constant = constant_value(values, known[k] if k < len(known) else None)
            if constant is None:
                raise NoRuleError(f"the graph does not hold what {labels.names[node]} is made from")
            found.append(Operand(described[k], constant=constant, shape=shape_of(constant)))
    return found


def names(rule: DerivativeRule, letter: str) -> bool:
    """Whether the formulas of the rule name this operand."""
    other = {"b": ("{scaled_b}", "{product}", "{power}")}.get(letter, ())
    fields = (f"{{{letter}}}", f"{{{letter}T}}", *other)
    return any(field in rule.value for field in fields)


def constant_value(values: Values, constant: Constant) -> Summary | float | None:
    """A number, or a tensor of which every entry was kept."""
    if isinstance(constant, Summary):
        return constant if constant.entries is not None else None
    return None if constant is None else float(constant)


def shape_of(constant: Summary | float) -> tuple[int, ...]:
    """Of a number, ()."""
    return constant.shape if isinstance(constant, Summary) else ()


def read(labels: Labels, target: GradFn, output: int) -> Operand:
    """The value of a node or leaf, through the plumbing on the way."""
    end, through = labels.followed(target)
    name = labels.target(end)
    if not through:
        shape = tuple(end.variable.shape) if hasattr(end, "variable") else shapes(end)[output]
        return Operand(name, output, shape=shape)
    nearest = through[0].grad_fn
    entries: Sequence[int] | None = None
    for event in through:  # from the reader towards the value
        (step,) = moved(event.grad_fn)
        entries = step if entries is None else [step[entry] for entry in entries]
    last = through[-1].grad_fn.next_functions[0][1]
    return Operand(name, last, shape=shapes(nearest)[0], entries=tuple(entries or ()))


def shapes(node: GradFn) -> list[tuple[int, ...]]:
    """Of each output."""
    return [tuple(map(int, output.shape)) for output in node._input_metadata]


def vjp(node: GradFn, *gradients: Tensor) -> Tensor:
    """What the node passes to its first input, of which it is a linear function."""
    passed = node(*gradients)
    first = passed[0] if isinstance(passed, tuple) else passed
    assert isinstance(first, Tensor)
    return first.detach().flatten()


def ones(node: GradFn) -> list[Tensor]:
    """A gradient of ones for each output."""
    return [
        torch.ones(tuple(output.shape), dtype=output.dtype, device=output.device)
        for output in node._input_metadata
    ]


def grouped(node: GradFn) -> tuple[int, ...]:
    """For each entry of the input of a sum or a mean, the place of the result it is part of."""
    (gradient,) = ones(node)
    numbered = torch.arange(1.0, gradient.numel() + 1).reshape(gradient.shape).to(gradient)
    share = vjp(node, gradient)
    return tuple(int(k) - 1 for k in (vjp(node, numbered) / share).round().tolist())


def moved(node: GradFn) -> tuple[tuple[int, ...], ...]:
    """For each output, which entry of the input each of its entries is.

    An entry that comes from nowhere is a zero, and has the place −1.
    """
    zeros = [torch.zeros_like(one) for one in ones(node)]
    return tuple(tuple(origins(node, zeros, k)) for k in range(len(zeros)))


def origins(node: GradFn, zeros: list[Tensor], k: int) -> list[int]:
    """Where the entries of output k come from; the node says so itself, by where gradients go.

    One gradient with numbered entries is enough where no entry of the input is copied.
    """
    output = zeros[k]
    numbered = torch.arange(1.0, output.numel() + 1).reshape(output.shape).to(output)
    copies = vjp(node, *zeros[:k], torch.ones_like(output), *zeros[k + 1 :])
    if copies.numel() and float(copies.max()) > 1:
        return [origin(node, zeros, k, entry) for entry in range(output.numel())]
    found = [-1] * output.numel()
    for place, number in enumerate(vjp(node, *zeros[:k], numbered, *zeros[k + 1 :]).tolist()):
        if number:
            found[int(number) - 1] = place
    return found


def origin(node: GradFn, zeros: list[Tensor], k: int, entry: int) -> int:
    """Where one entry of output k comes from: where a gradient of 1 for it goes."""
    single = torch.zeros_like(zeros[k])
    single.view(-1)[entry] = 1
    return int(vjp(node, *zeros[:k], single, *zeros[k + 1 :]).argmax())


def row(node: GradFn) -> tuple[float, ...]:
    """The derivative of one number by all entries of the first input."""
    return tuple(vjp(node, *ones(node)).tolist())
