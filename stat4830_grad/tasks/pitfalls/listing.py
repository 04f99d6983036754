"""Results for people: side by side where the terminal has room, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from pygments.token import Comment, Keyword, String
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text

from .changes import Change
from .lesson import Outcome, Result, Value, Verdict

STYLE: dict[Verdict, str] = {"wrong": "bold red", "right": "bold green", "either": "bold blue"}
GAP = 2
"""Spaces between listings that stand beside each other."""

CODE = ANSISyntaxTheme(
    {Comment: Style(dim=True), Keyword: Style(bold=True), String: Style(color="green")}
)
"""Code readable on light and dark terminals."""

SIGN: dict[Verdict, str] = {"wrong": "✗ wrong: ", "right": "✓ right: ", "either": "• "}


def show(console: Console, result: Result) -> None:
    """The listings, beside each other where there is room, what each did, and why."""
    pitfall = result.pitfall
    source = f" ({pitfall.lecture})" if pitfall.lecture else ""
    console.print(Text.assemble((pitfall.name, "bold"), f"{source}: {pitfall.title}"))
    console.print(Rule(style="dim"))
    half = (console.width - GAP) // 2
    beside = max(width(outcome) for outcome in result.outcomes) <= half
    grid = Table.grid(padding=(0, GAP), expand=True)
    for pair in pairs(result.outcomes) if beside else [[one] for one in result.outcomes]:
        grid.add_row(*(Padding(cell(outcome), (0, 0, 1, 0)) for outcome in pair))
    for column in grid.columns:
        column.ratio = 1
    console.print(grid)
    console.print(Text.assemble(("Why: ", "bold"), pitfall.why))
    console.print()


def width(outcome: Outcome) -> int:
    """The room that a listing takes with no line of code and no word of a message broken."""
    said = " ".join([*outcome.warnings, outcome.error or ""])
    printed = (f"→ {name} = {number(value)}" for name, value in outcome.printed)
    return max(map(cell_len, [*outcome.code.splitlines(), *printed, *said.split()]), default=0)


def pairs(outcomes: Sequence[Outcome]) -> list[Sequence[Outcome]]:
    """Two by two, as they stand beside each other."""
    return [outcomes[i : i + 2] for i in range(0, len(outcomes), 2)]


def beside_each_other(change: Change) -> Table:
    """The line that saved a tensor for backward(), and those that changed it since."""
    grid = Table.grid(padding=(0, GAP))
    last = change.changed[-1]
    grid.add_row(f"saved: version {change.saved.version}", f"changed: version {last.version}")
    for i, line in enumerate(change.changed):
        grid.add_row(Text("" if i else change.saved.text, "bold"), Text(line.text, "bold red"))
    return grid


def cell(outcome: Outcome) -> RenderableType:
    """A listing, what it printed, its warnings and its error."""
    said: list[RenderableType] = [
        Text(warning, style="magenta", overflow="fold") for warning in outcome.warnings
    ]
    if outcome.error:
        said.append(Text(outcome.error, style="red", overflow="fold"))
    if outcome.change:
        said.append(beside_each_other(outcome.change))
    return Group(
        Text(SIGN[outcome.verdict] + outcome.label, style=STYLE[outcome.verdict]),
        Syntax(outcome.code, "python", theme=CODE, background_color="default"),
        *(Text(f"→ {name} = {number(value)}", style="bold") for name, value in outcome.printed),
        *said,
    )


def number(value: Value) -> str:
    """Four decimals for a float, groups of thousands for a count."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value) if value is None or isinstance(value, bool) else f"{value:,}"


def markdown(result: Result, level: int) -> str:
    """A section under a heading of `level`; its parts stand below one another."""
    pitfall = result.pitfall
    source = f" ({pitfall.lecture})" if pitfall.lecture else ""
    heading = f"{'#' * level} `{pitfall.name}`{source}: {pitfall.title}"
    return "\n\n".join([heading, *map(markdown_listing, result.outcomes), f"Why: {pitfall.why}"])


def markdown_listing(outcome: Outcome) -> str:
    """The same in Markdown."""
    lines = [f"**{SIGN[outcome.verdict]}{outcome.label}**", "", "```python", outcome.code, "```"]
    said = [f"{name} = {number(value)}" for name, value in outcome.printed]
    said += [*outcome.warnings, *([outcome.error] if outcome.error else [])]
    if change := outcome.change:
        said.append(f"saved at version {change.saved.version}: {change.saved.text}")
        said += [f"changed, version {line.version}: {line.text}" for line in change.changed]
    return "\n".join([*lines, "", "```text", *said, "```"])
