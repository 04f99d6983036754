"""A student's file, which runs in a process of its own: asked for gradients, as a function is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from msgspec import to_builtins
from torch import Tensor

from ..core import Params
from ..system.reading import MIB
from ..system.user_file import read_source
from ..system.wording import duration
from .answers import NAME, Finding
from .conversation import Conversation, NoAnswerError
from .limits import Limits
from .notebook import LARGEST, SUFFIX, code_of
from .wire import Frame

KEY = "gradient.path"
START = 120.0
"""Seconds within which a process begins, on a machine that is busy too."""

KINDS = ("missing", "not_numbers", "unknown")
DAY = 86_400.0
"""Seconds; no call lasts as long."""

LONGEST = 400
"""Most characters of a sentence that comes from the file's process."""


@dataclass(frozen=True)
class Answer:
    """What the function returned: tensors by parameter in its own shapes, and what it lacks."""

    values: Params
    findings: list[Finding]
    changed: tuple[str, ...]  # arguments that it changed in place
    seconds: float  # that the call took, as its process says
    drawn: bool = False  # whether it drew random numbers from a generator that all code shares


class Student:
    """The function `gradient` in a file. Its process begins when it is first asked.

    With `with` it is forked at once, so that it gets ready while other things are done. A call that
    fails ends the process; the next one gets a new one.
    """

    def __init__(self, path: Path, limits: Limits, said: str | None = None) -> None:
        """
        Args:
            said: what messages call the file; by default gradient.path=path.

        Raises:
            ConfigError: there is no such file, or none that can be read.
        """
        self.path, self.limits = path, limits
        self.said = said or f"{KEY}={path}"
        wanted = f"a Python file with a function {NAME}"
        most = LARGEST if path.suffix == SUFFIX else MIB
        self._source = code_of(read_source(path, self.said, wanted, most), path, self.said)
        self._talk: Conversation | None = None
        self._begun = False
        self._data: Mapping[str, Any] | None = None
        self.open: str | None = None
        """What this system does not keep the file from doing."""
        self.seconds = 0.0
        """That the last call took, as its process says."""
        self.printed = ""
        """The beginning of what the file printed."""

    def __enter__(self) -> Self:
        self._talk, self._begun = Conversation(), False
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def load(self) -> None:
        """Run the file from its first line to its last, again where it was run before.

        Raises:
            ConfigError: it raises an error or defines no function `gradient`.
        """
        source = torch.frombuffer(bytearray(self._source), dtype=torch.uint8)
        self._ask({"op": "load", "path": str(self.path)}, {"source": source})

    def ask(
        self, data: Mapping[str, Any], params: Params, *, often: bool = False, quiet: bool = False
    ) -> Answer:
        """The function's answer at `params` (*K = ()).

        Args:
            data: what the problem offers besides; the same tensors are handed over once.
            often: whether this is one of many calls: data are not copied anew for each. Large ones
                are read-only then; a file that writes there is asked once more, with a copy.
            quiet: whether no warnings are printed.

        Raises:
            ConfigError: it cannot be called, or raises an error.
            NoAnswerError: it gives no answer.
            StoppedError: a signal came.
        """
        if self._talk is None or not self._begun:
            self.load()
        self._hand_over(data)
        try:
            frame = self._ask({"op": "call", "often": often, "quiet": quiet}, params)
        except NoAnswerError as failure:
            if often and failure.kind == "signal" and (again := self.ask(data, params)).changed:
                return again
            raise
        return self._read(frame, params, data)

    def _read(self, frame: Frame, params: Params, data: Mapping[str, Any]) -> Answer:
        sent = frame.tensors
        values = {name: sent[name].to(p.device) for name, p in params.items() if name in sent}
        try:
            findings = [finding(one, params) for one in frame.header["findings"]]
            changed = tuple(name for name in frame.header["changed"] if name in {*params, *data})
            self.seconds = float(frame.header["seconds"])
            if any(v.dtype == torch.bool for v in values.values()) or not 0 <= self.seconds < DAY:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise self._failed("its answer cannot be read", "tampered") from None
        return Answer(values, findings, changed, self.seconds, frame.header.get("drawn") is True)

    def _hand_over(self, data: Mapping[str, Any]) -> None:
        if self._data is None or not same_objects(data, self._data):
            tensors = {name: t for name, t in data.items() if isinstance(t, Tensor)}
            plain = {name: list(v) for name, v in data.items() if name not in tensors}
            self._ask({"op": "data", "plain": plain}, tensors)
            self._data = dict(data)

    def _ask(self, header: Mapping[str, Any], tensors: Params) -> Frame:
        seconds = self.limits.seconds
        try:
            if self._talk is None:
                self._talk, self._begun = Conversation(), False
            if not self._begun:
                self._data = None
                begin = {"op": "begin", "limits": to_builtins(self.limits)}
                self.open = self._talk.ask(begin, {}, START).header["open"]
                self._begun = True
            frame = self._talk.ask({**header, "said": self.said}, tensors, seconds)
        except NoAnswerError as failure:
            what = failure.args[0]
            if failure.kind == "timeout":
                what = f"no answer after {duration(seconds)}, the limit of a call"
            raise self._failed(what, failure.kind) from None
        self.printed = self._talk.printed
        if "error" in frame.header:
            text = str(frame.header["error"])  # a long path leaves its words whole
            rest = text.removeprefix(self.said) if text.startswith(self.said) else f": {text}"
            text = f"{self.said}{plain(rest)}"
            raise NoAnswerError(text, "not by hand" if frame.header.get("by_hand") else "raised")
        return frame

    def _failed(self, what: str, kind: str) -> NoAnswerError:
        self.end()
        return NoAnswerError(f"{self.said}: {plain(what)}", kind)

    def end(self) -> None:
        """End its process."""
        if self._talk:
            self._talk.end()
            self.printed = self._talk.printed
            self._talk = None


def same_objects(data: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether these are the same tensors, and equal lists."""
    return data.keys() == before.keys() and all(
        one is before[name] or (not isinstance(one, Tensor) and one == before[name])
        for name, one in data.items()
    )


def finding(told: Any, params: Params) -> Finding:
    """What the file's process says of its answer, which is text of others.

    Raises:
        TypeError, ValueError: it is no such thing.
    """
    kind, parameters, sentence = told
    if kind not in KINDS or not set(parameters) <= set(params):
        raise ValueError(f"{kind!r} is no finding")
    return Finding(kind, tuple(parameters), plain(str(sentence)))


def plain(text: str) -> str:
    """Text of others for a terminal: no control characters, and not too long."""
    kept = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    return kept if len(kept) <= LONGEST else f"{kept[: LONGEST - 1]}…"
