"""What the page of a trace needs to compute both passes anew: the program of the graph.

The operations, what each of them reads, and its settings. How an operation is computed and
differentiated is not said here: that is the table of derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

from .derivatives import DerivativeRule
from .summary import Summary

MOST_NUMBERS = 2000
"""Of all values in a graph together, up to which its page computes them itself."""


@dataclass(frozen=True)
class Operand:
    """What an operation reads as a, b or c: the output of a node, a leaf, or a constant."""

    name: str | None  # of a node or leaf, or what a constant is called
    output: int = 0
    constant: Summary | float | None = None
    shape: tuple[int, ...] = ()
    entries: tuple[int, ...] | None = None
    """Which entry of the named value stands where, if plumbing has moved them on the way."""


@dataclass(frozen=True)
class Instruction:
    """One operation of the program, with the settings that the formulas of its rule name."""

    rule: DerivativeRule
    operands: tuple[Operand, ...]
    symbols: tuple[str, ...]  # what the operands are called in formulas
    first: int  # the operand that the first input of the node is
    alpha: float
    delta: float
    groups: tuple[int, ...] | None = None  # of a sum: which of its results an entry is added to
    moves: tuple[tuple[int, ...], ...] | None = None
    """Of an operation that moves entries: for each output, where each entry comes from."""
    row: tuple[float, ...] | None = None  # of a loss that is linear in a: its derivative


@dataclass(frozen=True)
class Program:
    """An instruction for each node in the trace's order, or why there are none."""

    instructions: tuple[Instruction, ...]
    obstacle: str | None = None
