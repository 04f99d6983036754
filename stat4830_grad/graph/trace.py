"""A trace as users have it: data that prints itself, and has a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..system.files import write_text
from .parts import TraceData


@dataclass(frozen=True)
class Trace(TraceData):
    """What `backward()` did on a graph, step by step; `print` shows it."""

    def __str__(self) -> str:
        """The steps as a table of plain text, as `task=trace` prints them."""
        from .text import plain_text

        return plain_text(self)

    def _repr_html_(self) -> str:
        """The page of both passes, as a notebook shows it."""
        from .page import framed

        return framed(self)

    def save(self, path: str | Path) -> None:
        """Write the page of both passes, one file that needs no network, to `path`."""
        from .page import page

        write_text(Path(path), page(self))
