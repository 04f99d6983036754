"""Our end of the talk with a student's process: what is asked, for how long, and how it ended."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..core import Params
from ..system.errors import ConfigError, StoppedError
from ..system.process import SIGNALS
from .limits import PRINTED
from .server import running
from .wire import ANSWER, SIZES, Frame, UnreadableError, packed, sizes, unpacked

GONE = 5.0
"""Seconds within which a process that was told to end has ended."""


class NoAnswerError(ConfigError):
    """A student's file gave no answer."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
        """raised, not by hand, timeout, exited, signal or tampered."""


class Conversation:
    """With one process, from its start to its end."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._ended, ended = socket.socketpair()
        self._printed, printed = socket.socketpair()
        self.printed = ""  # the beginning of its output
        self._id = 0
        self._ours.setblocking(False)
        self._printed.setblocking(False)
        self._signals = socket.socketpair()
        self._signals[1].setblocking(False)
        with theirs, printed, ended:
            if not running().fork(theirs, printed, ended):
                running(anew=True).fork(theirs, printed, ended)

    def ask(self, header: Mapping[str, Any], tensors: Params, seconds: float) -> Frame:
        """What it answers.

        Raises:
            NoAnswerError: it gives none within `seconds`; it has ended then.
            StoppedError: a signal came.
        """
        self._id += 1
        deadline = time.monotonic() + seconds
        with self._woken() as wake:
            for chunk in packed({**header, "id": self._id}, tensors):
                self._send(chunk, deadline, wake)
            header_size, size = self._sizes(self._receive(SIZES.size, deadline, wake))
            text = self._receive(header_size, deadline, wake)
            body = self._receive(size, deadline, wake)
        self._drain()
        try:
            frame = unpacked(text, body)
        except UnreadableError as error:
            raise self._failure(f"its answer cannot be read: {error}", "tampered") from None
        if frame.header.get("id") != self._id:
            raise self._failure("it answers what it was not asked", "tampered")
        return frame

    def _sizes(self, start: bytearray) -> tuple[int, int]:
        try:
            return sizes(bytes(start), ANSWER)
        except UnreadableError as error:
            raise self._failure(f"its answer cannot be read: {error}", "tampered") from None

    @contextlib.contextmanager
    def _woken(self) -> Iterator[socket.socket | None]:
        """What becomes readable when a signal comes meanwhile; only a main thread gets them."""
        if threading.current_thread() is not threading.main_thread():
            yield None
            return
        read, write = self._signals
        before = signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        try:
            yield read
        finally:
            signal.set_wakeup_fd(before)

    def _send(self, chunk: memoryview, deadline: float, wake: socket.socket | None) -> None:
        while chunk:
            try:
                chunk = chunk[self._ours.send(chunk) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline, wake)
            except OSError:
                raise self._died() from None

    def _receive(self, size: int, deadline: float, wake: socket.socket | None) -> bytearray:
        held = bytearray(size)
        view = memoryview(held)
        while view:
            try:
                got = self._ours.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline, wake)
                continue
            except OSError:
                got = 0
            if not got:
                raise self._died()
            view = view[got:]
        return held

    def _wait(self, event: int, deadline: float, wake: socket.socket | None) -> None:
        """Until it can go on; what is printed meanwhile is read."""
        poll = select.poll()
        poll.register(self._ours, event)
        if self._printed.fileno() >= 0:
            poll.register(self._printed, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        left = deadline - time.monotonic()
        ready = dict(poll.poll(max(0.0, 1000 * left)))
        if not ready and time.monotonic() >= deadline:
            raise self._failure("timeout", "timeout")
        if self._printed.fileno() in ready:
            self._drain()
        if wake and wake.fileno() in ready and set(wake.recv(64)) & set(SIGNALS):
            self.end()
            raise StoppedError

    def _drain(self) -> None:
        """Read what is printed; its beginning is kept."""
        for _ in range(16):  # then look again whether there is an answer
            try:
                said = self._printed.recv(2**16)
            except OSError:  # nothing there, or closed
                return
            if not said:
                self._printed.close()
                return
            self.printed = (self.printed + said.decode(errors="replace"))[:PRINTED]

    def _died(self) -> NoAnswerError:
        """What is said of a process that ended by itself."""
        code = self.end(kill=False)
        if code is None:
            return NoAnswerError("it closed its connection and gave no answer", "exited")
        if code >= 0:
            return NoAnswerError(
                f"it ended the process with exit code {code}, without an answer", "exited"
            )
        name = signal.Signals(-code).name
        return NoAnswerError(f"its process was ended by {name}, without an answer", "signal")

    def _failure(self, message: str, kind: str) -> NoAnswerError:
        self.end()
        return NoAnswerError(message, kind)

    def end(self, *, kill: bool = True) -> int | None:
        """End the process and all it started; its exit code, minus a signal's number, if known."""
        code = None
        if self._ended.fileno() < 0:
            return code
        if kill:
            self._ended.shutdown(socket.SHUT_WR)  # the guard sees it, and kills
        self._ended.settimeout(GONE)
        with contextlib.suppress(OSError, ValueError):
            code = int(self._ended.recv(16))
        self._drain()
        self._ended.close()
        self._ours.close()
        self._printed.close()
        for end in self._signals:
            end.close()
        return code
