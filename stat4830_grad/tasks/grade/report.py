"""The class report on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...console.terminal import say
from .gradebook import summary
from .grading import Result

MOST = 12
"""Mistakes that the terminal shows; report.html has them all."""

BAR = 12
"""Characters of the longest bar."""


def show(console: Console, results: Sequence[Result]) -> None:
    """How many are right, what the others had, and who took long."""
    found = summary(results)
    say(console, f"{found.count} submissions, mean {found.mean:.3g} of {found.points:g} points")
    console.print()
    console.print(lines("status", found.statuses))
    if found.mistakes:
        console.print()
        console.print(lines("mistakes", [(text, len(who)) for text, who in found.mistakes[:MOST]]))
        if len(found.mistakes) > MOST:
            say(console, f"and {len(found.mistakes) - MOST} others: report.html", style="dim")
    console.print()
    slow = ", ".join(f"{one.name} {one.seconds:.3g} s" for one in found.slowest)
    say(console, f"slowest: {slow}", style="dim")


def lines(title: str, counted: Sequence[tuple[str, int]]) -> Table:
    """Counts with bars; the texts are wrapped beside them."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False
    )
    table.add_column(justify="right")
    table.add_column(width=BAR)
    table.add_column(ratio=1)
    most = max((count for _, count in counted), default=1)
    for text, count in counted:
        table.add_row(str(count), Text(bar(count, most), style="blue"), Text(text))
    return table


def bar(count: int, most: int) -> str:
    """A bar whose length is proportional to a count."""
    return "█" * max(1, round(BAR * count / most))
