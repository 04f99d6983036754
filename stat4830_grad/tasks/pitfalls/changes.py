"""Which line saved a tensor for backward, and which line changed it afterwards."""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

ERROR = re.compile(
    r"modified by an inplace operation.* output \d+ of (\w+), is at version \d+; "
    r"expected version (\d+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Made:
    """A tensor, the line that made it, and the operation that did, as autograd calls it."""

    tensor: Tensor
    text: str
    operation: str


@dataclass(frozen=True)
class Line:
    """A line of a listing, and the version of the tensor after it."""

    text: str
    version: int


@dataclass(frozen=True)
class Change:
    """What backward() found changed."""

    saved: Line  # that made the tensor and keeps it for backward()
    changed: tuple[Line, ...]  # in their order


class Recorder(TorchFunctionMode):
    """Remembers what tensors the lines of a listing make, and their versions after each line."""

    def __init__(self, listing: Callable[..., None]) -> None:
        super().__init__()
        self.code = listing.__code__
        self.made: list[Made] = []
        self.changes: list[tuple[Tensor, Line]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        known = [(one.tensor, one.tensor._version) for one in self.made]
        result = func(*args, **(kwargs or {}))
        text = self.line()
        self.changes += [(t, Line(text, t._version)) for t, was in known if t._version > was]
        if isinstance(result, Tensor) and not any(result is one.tensor for one in self.made):
            operation = plain(result.grad_fn.name()) if result.grad_fn else ""
            self.made.append(Made(result, text, operation))
        return result

    def line(self) -> str:
        """The line of the listing that is running."""
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code is not self.code:
            frame = frame.f_back
        return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def plain(operation: str) -> str:
    """An operation's name as versions of torch agree on it: `SqrtBackward0` is `Sqrt`."""
    return re.sub(r"Backward\d*$", "", operation)


def change_of(listing: Callable[..., None], error: str) -> Change | None:
    """The lines behind autograd's error of a listing; None for any other error.

    The listing is run again.
    """
    found = ERROR.search(error)
    if found is None:
        return None
    made_by, expected = plain(found.group(1)), int(found.group(2))
    with Recorder(listing) as recorder, contextlib.suppress(RuntimeError):
        listing(lambda name, value: None)
    for one in recorder.made:
        lines = [line for tensor, line in recorder.changes if tensor is one.tensor]
        after = tuple(line for line in lines if line.version > expected)
        if after and one.operation == made_by:
            return Change(Line(one.text, expected), after)
    return None
