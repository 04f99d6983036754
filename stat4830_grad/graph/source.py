"""Where in a file of the user's a value is computed, and what the file calls it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import Tensor

from .nodes import GradFn


class Source:
    """Watches the functions of one file while they run."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.names: dict[GradFn, str] = {}
        """The first local variable that held a node's output."""
        self.lines: dict[GradFn, int] = {}

    def line(self) -> int | None:
        """The line of the file that is being run, in the innermost of its functions."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.filename:
            frame = frame.f_back
        return frame.f_lineno if frame else None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the local variables of the file's functions, line by line."""
        before = sys.gettrace()
        sys.settrace(self.called)
        try:
            yield
        finally:
            sys.settrace(before)

    def called(self, frame: FrameType, event: str, argument: Any) -> Any:
        """What Python calls when a function begins: of the file's own, each line is followed."""
        return self.stepped if frame.f_code.co_filename == self.filename else None

    def stepped(self, frame: FrameType, event: str, argument: Any) -> Any:
        """What Python calls before each line of such a function, and when it returns."""
        for name, value in frame.f_locals.items():
            if isinstance(value, Tensor) and value.grad_fn is not None and value.output_nr == 0:
                self.names.setdefault(value.grad_fn, name)
        return self.stepped

    def clear(self) -> None:
        """Let go of every node."""
        self.names.clear()
        self.lines.clear()
