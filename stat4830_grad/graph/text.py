"""A trace as text for a terminal: what arrives at each operation and what it passes on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..console.tables import Column, FittedTable
from ..system.wording import subscripted
from .parts import Edge, Leaf, Node, TraceData
from .summary import Summary, dimensions, number


@dataclass(frozen=True)
class TraceText:
    """The steps as a table, its parts side by side where the terminal has room, else stacked."""

    trace: TraceData
    limit: int = 60
    """Of more steps it shows the first and the last ones."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = [TITLES, *table_rows(self.trace, self.limit)]
        widths = [max(cell_len(row[i]) for row in cells) for i in range(4)]
        beside = sum(widths) + 3 * GAP <= options.max_width
        table = Table(box=None, padding=(0, GAP, 0, 0), header_style="bold", pad_edge=False)
        table.add_column(TITLES[0], justify="right", no_wrap=True)
        table.add_column(TITLES[1], no_wrap=True)
        for title in TITLES[2:] if beside else [f"{TITLES[2]}\n  {TITLES[3]}"]:
            table.add_column(title, no_wrap=beside, overflow="fold")
        for step, operation, value, arrival in cells[1:]:
            rest = [Text(value), Text(arrival)] if beside else [stacked(value, arrival)]
            table.add_row(step, Text(operation, style="magenta"), *rest)
        yield heading(self.trace)
        yield ""
        yield table
        yield ""
        yield from accumulation(self.trace, options.max_width)


def plain_text(trace: TraceData) -> str:
    """The same without colours, as wide as it needs to be, up to 160 columns."""
    written = io.StringIO()
    Console(file=written, width=WIDEST).print(TraceText(trace))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


WIDEST = 160

GAP = 2
"""Spaces between columns."""

TITLES = (
    *("step", "operation"),
    *("value, local derivatives", "what arrives, what is passed on"),
)


def stacked(value: str, arrival: str) -> Padding | Group:
    """What arrives below the value, a little to the right."""
    return Group(Text(value), Padding(Text(arrival), (0, 0, 0, 2))) if arrival else Group(value)


def table_rows(trace: TraceData, limit: int) -> Iterator[tuple[str, str, str, str]]:
    """The rows of the table; of more than `limit` steps the first and the last ones."""
    f = trace.function
    yield "0", "seed", f"{f} = {trace.value.text()}", f"{partial(f, f)} = 1"
    terms = received(trace)
    skipped = range(limit - limit // 3, len(trace.nodes) - limit // 3)
    if len(trace.nodes) <= limit:
        skipped = range(0)
    for step, node in enumerate(trace.nodes):
        if step not in skipped:
            yield from rows(step + 1, node, f, terms)
        elif step == skipped.start:
            yield "⋮", "", f"{len(skipped):,} more operations, all in trace.json", ""


def heading(trace: TraceData) -> Text:
    """What is differentiated, and where."""
    at = ", ".join(f"{subscripted(leaf.name)} = {leaf.value.text()}" for leaf in trace.leaves)
    what = trace.function if trace.order == 1 else f"{trace.function}, {trace.meaning},"
    return Text(f"Reverse mode on {what} at {at}", style="bold")


def received(trace: TraceData) -> dict[str, list[Summary]]:
    """What each node was passed, in order, by its name."""
    found: dict[str, list[Summary]] = {}
    for node in trace.nodes:
        for edge in node.edges:
            if edge.contribution is not None:
                found.setdefault(edge.target, []).append(edge.contribution)
    return found


def rows(
    step: int, node: Node, f: str, terms: dict[str, list[Summary]]
) -> Iterator[tuple[str, str, str, str]]:
    """One row for what arrives at the node, then one for each input it passes something to."""
    value = ", ".join(output.text() for output in node.outputs)
    if all(output.norm is None and output.size == 1 for output in node.outputs):
        value = node.expression  # one number that nobody has seen
    arrived = ", ".join("nothing" if g is None else row(g) for g in node.incoming)
    added = summation(terms.get(node.name, []))
    what = f"{node.name} = {node.expression}"
    yield (
        str(step),
        node.operation if node.line is None else f"{node.operation}, line {node.line}",
        what if what.endswith(f"= {value}") else f"{what} = {value}",
        f"{partial(f, node.name)} = {added}{arrived}",
    )
    for edge in node.edges:
        yield "", "", local_derivative(node, edge), passed(node, edge)


def local_derivative(node: Node, edge: Edge) -> str:
    """`∂z₁/∂x = 3x² = 3·1² = 3`, or `∂z₃/∂z₂ = X (20×2)` where it is a matrix."""
    terms = [partial(node.name, edge.target)]
    terms += [text for text in (edge.formula, edge.numbers) if text is not None]
    if edge.jacobian != (1, 1):
        shape = f"{edge.jacobian[0]}×{edge.jacobian[1]}"
        return f"{' = '.join(terms)} ({shape})" if len(terms) > 1 else f"{terms[0]}: {shape}"
    if edge.local is not None and edge.local.text() != terms[-1]:
        terms.append(edge.local.text())
    return " = ".join(terms)


def passed(node: Node, edge: Edge) -> str:
    """`1·(−3) = −3 to x`; for matrices the shapes of the product, then the row in x's shape."""
    if edge.contribution is None:
        return f"nothing to {subscripted(edge.target)}"
    to = subscripted(edge.target)
    value, (m, n) = row(edge.contribution), edge.jacobian
    incoming = node.incoming[0]
    if edge.jacobian != (1, 1):
        product = f"1×{m} · {m}×{n} → "
        return f"{product}{value if n > 1 else f'1×1: {value}'} to {to}"
    if incoming is None or edge.local is None:
        return f"{value} to {to}"
    return f"{incoming.text()}·{parenthesised(edge.local.text())} = {value} to {to}"


def accumulation(trace: TraceData, width: int) -> Iterator[FittedTable]:
    """Each leaf's contributions, their sum, and whether torch.autograd.grad says the same."""
    titles = ("leaf", "adds up what came from", "gradient", "torch.autograd.grad")
    cells = []
    for leaf in trace.leaves:
        sources = [c.source for c in leaf.contributions]
        listed = ", ".join(sources[:6]) + (f" and {len(sources) - 6} more" * (len(sources) > 6))
        same = "the same" if leaf.difference == 0 else f"within {number(leaf.difference)}"
        said = listed or "nothing: not reached"
        cells.append((subscripted(leaf.name), said, gradient(leaf, trace), same))
    yield FittedTable([Column(title, left=True) for title in titles], cells, box=None)


def gradient(leaf: Leaf, trace: TraceData) -> str:
    """`∂f/∂x = −3 + 3 = 0`; a row 1×p is transposed to the gradient p×1."""
    total = leaf.gradient
    what = partial(trace.function, leaf.name)
    terms = summation([c.value for c in leaf.contributions])
    if total.scalar is not None:
        return f"{what} = {terms}{total.text()}"
    shape = f"{total.size}×1" if len(total.shape) < 2 else dimensions(total.shape)
    entries = row(total).removeprefix(f"1×{total.size}")
    return f"({what})ᵀ = {terms}{shape}{entries}"


def row(value: Summary) -> str:
    """A derivative as the row it is in the lecture's convention: `1×20, norm 2.2`."""
    if value.scalar is not None:
        return number(value.scalar)
    flat = Summary((1, value.size), value.dtype, value.values, value.norm)
    return flat.text()


def summation(terms: list[Summary]) -> str:
    """`−3 + 3 = ` for several numbers, how many there are for tensors, nothing for one term."""
    if len(terms) < 2:
        return ""
    if any(term.scalar is None for term in terms) or len(terms) > 6:
        return f"sum of {len(terms)} = "
    texts = [term.text() for term in terms]
    return " + ".join([texts[0], *map(parenthesised, texts[1:])]) + " = "


def partial(of: str, by: str) -> str:
    """∂f/∂x, with parentheses around a sum."""
    of, by = (f"({n})" if n.startswith("Σ") else subscripted(n) for n in (of, by))
    return f"∂{of}/∂{by}"


def parenthesised(text: str) -> str:
    """A negative factor in parentheses."""
    return f"({text})" if text.startswith("−") else text
