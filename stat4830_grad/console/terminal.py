"""The terminal: how a console is made, and what is said on it."""

from __future__ import annotations

from rich.console import Console


def make_console() -> Console:
    """Standard output, as every command uses it.

    Text is printed as it is: brackets are not markup, and nothing is coloured by guess. It is
    interactive (lines may be redrawn) only on a terminal that can do so, not where FORCE_COLOR
    makes a pipe look like one.
    """
    made = Console(markup=False, emoji=False, highlight=False)
    made.is_interactive = made.is_interactive and made.file.isatty()
    made.width = made.width or 80  # COLUMNS=0 says that it is not known
    return made


def say(console: Console, text: str, style: str | None = None) -> None:
    """A sentence: wrapped between words on a terminal, one line where programs read it."""
    console.print(text, style=style, soft_wrap=not console.is_interactive)


def say_whole(console: Console, text: str, style: str | None = None) -> None:
    """A line with something to copy, a path or a command: never broken by us."""
    console.print(text, style=style, soft_wrap=True)
