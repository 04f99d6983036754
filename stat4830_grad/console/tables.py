"""Tables that fit the terminal: columns are left out or stacked, and no cell is ever cut.

A table that is too wide first breaks its headings, then leaves out the columns that may go, then
tells each row as a block of its own, one value a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import HEAVY_HEAD, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from .terminal import say_whole

GAP = 2
"""Spaces between the columns of a table without lines."""


@dataclass(frozen=True)
class Column:
    """`spare`: 0 for a column that always stays; of the others the highest is left out first."""

    title: str
    left: bool = False
    spare: int = 0


@dataclass(frozen=True)
class FittedTable:
    """Rows of cells, the first of which names the row; to be printed by `show`."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text]]
    styles: Sequence[str] = ()  # of the rows, if they have any
    title: str = ""
    box: Box | None = HEAVY_HEAD

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text | Table]:
        if self.title:
            yield Text(self.title, style="bold")
        for shown in self.choices():
            if self.least(shown) <= options.max_width:
                yield self.table(shown, options.max_width)
                if left_out := [c.title for i, c in enumerate(self.columns) if i not in shown]:
                    said = f"not shown in {options.max_width} columns: {', '.join(left_out)}"
                    yield from Text(said, style="dim").wrap(console, options.max_width)
                return
        yield from self.blocks()

    def fits(self, width: int) -> bool:
        """Whether every column has its place in `width` columns of the terminal."""
        return self.least(range(len(self.columns))) <= width

    def choices(self) -> Iterator[list[int]]:
        """The columns to show: all, then one after another fewer."""
        shown = list(range(len(self.columns)))
        yield list(shown)
        spare = [i for i in shown if self.columns[i].spare]
        for i in sorted(spare, key=lambda i: (-self.columns[i].spare, -i)):
            shown.remove(i)
            yield list(shown)

    def least(self, shown: Sequence[int]) -> int:
        """The width of the table with these columns when its headings are broken."""
        return sum(self.narrow(i) for i in shown) + self.lines(len(shown))

    def lines(self, count: int) -> int:
        """What lines and spaces between `count` columns take."""
        return 3 * count + 1 if self.box else GAP * (count - 1)

    def narrow(self, i: int) -> int:
        """The width of a column whose heading is broken wherever it can be."""
        return max(map(cell_len, [*parts(self.columns[i].title), *self.cells(i)]), default=0)

    def wide(self, i: int) -> int:
        """The width of a column whose heading is one line."""
        return max(map(cell_len, [self.columns[i].title, *self.cells(i)]))

    def cells(self, i: int) -> list[str]:
        """The texts below the heading of column `i`."""
        return [str(row[i]) for row in self.rows]

    def table(self, shown: Sequence[int], width: int) -> Table:
        """With these columns, headings broken only where they must be."""
        widths = {i: self.wide(i) for i in shown}
        while sum(widths.values()) + self.lines(len(shown)) > width:
            widest = max(shown, key=lambda i: widths[i] - self.narrow(i))
            widths[widest] -= 1
        padding = (0, 1) if self.box else (0, GAP, 0, 0)
        result = Table(box=self.box, padding=padding, pad_edge=bool(self.box), header_style="bold")
        for i in shown:
            column = self.columns[i]
            result.add_column(
                broken(column.title, widths[i]),
                justify="left" if column.left else "right",
                width=widths[i],
                no_wrap=True,
            )
        for row, style in zip(self.rows, self.styles or [""] * len(self.rows), strict=True):
            result.add_row(*(as_text(row[i]) for i in shown), style=style)
        return result

    def blocks(self) -> Iterator[Text]:
        """Every row as its name and a line for each further column."""
        name, *others = self.columns
        width = max((cell_len(column.title) for column in others), default=0)
        for row, style in zip(self.rows, self.styles or [""] * len(self.rows), strict=True):
            yield Text.assemble((f"{name.title} ", "bold"), as_text(row[0]), style=style)
            for column, cell in zip(others, row[1:], strict=True):
                space = " " * (width - cell_len(column.title) + GAP)
                yield Text.assemble(f"  {column.title}{space}", as_text(cell), style=style)


def show(console: Console, table: RenderableType) -> None:
    """Print a table; the terminal itself breaks a value that is longer than a line."""
    console.print(table, crop=False, no_wrap=True, overflow="ignore")


def show_named(
    console: Console,
    kind: str,
    labels: Sequence[str],
    table: Callable[[Sequence[str]], FittedTable],
) -> Sequence[str]:
    """Print a table of things by their labels, or by number where there is no room for these.

    Args:
        kind: of thing; above a table of numbers is said which `kind 1` is.
        table: makes it for the names that it shows.

    Returns:
        The names by which the table tells them apart.
    """
    by_label = table(labels)
    if by_label.fits(console.width):
        show(console, by_label)
        return labels
    for number, label in enumerate(labels, start=1):
        say_whole(console, f"{kind} {number} is {label}")
    show(console, table([str(number) for number in range(1, len(labels) + 1)]))
    return [f"{kind} {number}" for number in range(1, len(labels) + 1)]


def as_text(cell: str | Text) -> Text:
    """A cell as rich prints it, without reading marks such as [bold] in it."""
    return cell if isinstance(cell, Text) else Text(cell)


def parts(title: str) -> list[str]:
    """What a heading may be broken into: words, and the pieces of `init_seed` or `a.b`."""
    return [part for _, part in pieces(title)]


def pieces(title: str) -> list[tuple[str, str]]:
    """(space before it, part)."""
    return re.findall(r"(\s*)(\S[^\s_.]*[_.]?)", title)


def broken(title: str, width: int) -> Text:
    """A heading in lines of at most `width`."""
    lines = [""]
    for space, part in pieces(title):
        if cell_len(lines[-1] + space + part) <= width:
            lines[-1] += space + part
        else:
            lines.append(part)
    return Text("\n".join(lines), no_wrap=True)
