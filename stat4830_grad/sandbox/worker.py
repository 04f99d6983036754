"""What a student's process does: run the file, call its function, send back what it returned.

Whatever the file does here, to this module too, it can only change what is sent; and that is
compared where the file does not run.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import pickle
import random
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import torch
from numpy.random import get_state

from ..core import Params
from ..system.errors import ConfigError
from ..system.user_file import UserFunction, blame, run_source
from .answers import NAME, offer, read
from .arguments import Mark, are_large, copied, differs, kept, marks
from .by_hand import REASON, ByHand
from .environment import forget
from .limits import Limits, lower
from .reading import hold
from .system_calls import refuse
from .wire import ANSWER, DTYPES, SIZES, Frame, bytes_of, packed, sizes, unpacked

MOST = 4096  # characters of a sentence
REQUEST = 2**40  # bytes that we may send, which are as many as the data have


class Worker:
    """The file of one student, and the data of one problem."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = Path()
        self._function: UserFunction | None = None
        self._data: dict[str, Any] = {}  # as they came
        self._own: dict[str, Any] = {}  # what the function is given in many calls
        self._marks: dict[str, Mark] = {}  # of those
        self._by_hand: ByHand | None = None
        self._no_leaf: int | None = None  # the line that read `.grad` of a tensor that is no leaf

    def serve(self) -> None:
        """Answer what is asked until the other end is closed."""
        while frame := self._receive():
            header, tensors = self._answer(frame)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # the file may have closed it
                    stream.flush()
            for chunk in packed({**header, "id": frame.header["id"]}, tensors):
                self._connection.sendall(chunk)

    def _receive(self) -> Frame | None:
        start = self._exactly(SIZES.size)
        if start is None:
            return None
        header, size = sizes(bytes(start), REQUEST)
        text, body = self._exactly(header), self._exactly(size)
        return None if text is None or body is None else unpacked(text, body)

    def _exactly(self, size: int) -> bytearray | None:
        held = bytearray(size)
        view = memoryview(held)
        while view:
            got = self._connection.recv_into(view)
            if not got:
                return None
            view = view[got:]
        return held

    def _answer(self, frame: Frame) -> tuple[dict[str, Any], Params]:
        operations: dict[str, Callable[[Frame], tuple[dict[str, Any], Params]]] = {
            "begin": self._begin,
            "load": self._load,
            "data": self._take,
            "call": self._call,
        }
        try:
            return operations[frame.header["op"]](frame)
        except ConfigError as error:
            return {"error": str(error)[:MOST], "by_hand": REASON in str(error)}, {}
        except BaseException as error:  # the file may raise anything
            said = blame(error, self._file)[:MOST]
            return {"error": f"{frame.header.get('said', '')}: {said}"}, {}

    def _begin(self, frame: Frame) -> tuple[dict[str, Any], Params]:
        limits = msgspec.convert(frame.header["limits"], Limits)
        sys.dont_write_bytecode = True
        sys.stdout, sys.stderr = printing(1), printing(2)
        self._watch_warnings()
        torch.set_num_threads(limits.threads)
        lower(limits)
        if limits.reads is not None:
            forget()
        if limits.by_hand:
            self._by_hand = ByHand()
        said = [one for one in (hold(limits.reads), refuse()) if one]
        return {"open": "; ".join(said) or None}, {}

    def _watch_warnings(self) -> None:
        show = warnings.showwarning

        def notice(message: Warning | str, *where: Any, **named: Any) -> None:
            if "that is not a leaf Tensor" in str(message) and where[1] == str(self._file):
                self._no_leaf = where[2]
            show(message, *where, **named)

        warnings.showwarning = notice

    def _load(self, frame: Frame) -> tuple[dict[str, Any], Params]:
        self._file, self._no_leaf = Path(frame.header["path"]), None
        source = bytes_of(frame.tensors["source"]).tobytes()
        said = frame.header["said"]
        lines = source.decode(errors="replace").splitlines(keepends=True)
        linecache.cache[str(self._file)] = (len(source), None, lines, str(self._file))
        self._function = run_source(source, self._file, said).function(NAME)
        return {}, {}

    def _take(self, frame: Frame) -> tuple[dict[str, Any], Params]:
        self._data = {**frame.tensors, **frame.header["plain"]}
        self._own = kept(self._data)
        self._marks = marks(self._own)
        return {}, {}

    def _call(self, frame: Frame) -> tuple[dict[str, Any], Params]:
        assert self._function
        often = frame.header["often"]
        own = self._own if often else copied(self._data)
        params = frame.tensors
        mine = {name: p.clone() for name, p in params.items()}
        before = None if often else random_states()
        began = time.perf_counter()
        call = partial(self._function.called_with, offer(own, mine))
        try:
            with silence() if frame.header["quiet"] else contextlib.nullcontext():
                answer = self._by_hand.called(call) if self._by_hand else call()
        except ConfigError as error:
            raise ConfigError(f"{error}{about_dtypes(error.__cause__, params)}") from error
        seconds = time.perf_counter() - began
        drawn = not often and random_states() != before
        changed = [] if often else [k for k in params if differs(mine[k], params[k])]
        changed += self._changed_data(own, often=often)
        values, findings = read(answer, params, self._no_leaf)
        if sum(t.numel() * t.itemsize for t in values.values()) > ANSWER - 8 * len(values):
            shapes = ", ".join(f"{name} {tuple(t.shape)}" for name, t in values.items())
            raise ConfigError(f"{self._function.said}: its gradient is too large: {shapes}")
        found = [(f.kind, f.parameters, f.sentence[:MOST]) for f in findings]
        known = set(DTYPES.values())
        sent = {name: t if t.dtype in known else t.double() for name, t in values.items()}
        said = {"findings": found, "changed": changed, "seconds": seconds, "drawn": drawn}
        return said, sent

    def _changed_data(self, own: dict[str, Any], *, often: bool) -> list[str]:
        """The names of what is no longer as it was given."""
        if often and are_large(self._data):
            now = marks(own)
            plain = [k for k in own.keys() - self._marks.keys() if own[k] != self._data[k]]
            return [*plain, *(k for k in self._marks if now.get(k) != self._marks[k])]
        return [k for k in self._data if differs(own[k], self._data[k])]


def random_states() -> tuple[bytes, bytes, object]:
    """Those of the generators that PyTorch, NumPy and Python draw from unless told otherwise."""
    return (
        torch.get_rng_state().numpy().tobytes(),
        pickle.dumps(get_state()),
        random.getstate(),
    )


def about_dtypes(error: BaseException | None, params: Params) -> str:
    """What to write where an error says that tensors of two dtypes have met."""
    dtypes = {str(p.dtype).removeprefix("torch.") for p in params.values()}
    if not isinstance(error, RuntimeError) or "float64" not in dtypes:
        return ""
    if not any(text in str(error) for text in ("same dtype", "scalar type")):
        return ""
    name = next(iter(params))
    return (
        f"\n    Here {name} and the data are float64, as a check is in float64 besides float32; a "
        f"new tensor is float32 unless it is told: write dtype={name}.dtype"
    )


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No warnings are shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def printing(number: int) -> io.TextIOWrapper:
    """A stream to what is kept of the file's output."""
    return io.TextIOWrapper(
        io.FileIO(number, "w", closefd=False), "utf-8", "backslashreplace", line_buffering=True
    )


def work(channel: int) -> None:
    """The whole life of the process.

    Args:
        channel: the file descriptor of its connection.
    """
    os.closerange(3, channel)
    os.closerange(channel + 1, os.sysconf("SC_OPEN_MAX"))
    Worker(socket.socket(fileno=channel)).serve()
