"""The process that students' files come from: it has imported PyTorch, and nothing else happens.

A file's own process is forked from it, so that it begins at once and finds nothing of ours: no
data, no gradients. Between the two stands a guard, which ends the file's process with whatever it
started when we ask for it or are gone, and says how it ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import NoReturn

from ..system.process import SIGNALS

CODE = """
import sys
sys.path[:] = sys.argv[2:]
from stat4830_grad.sandbox.server import work
work(int(sys.argv[1]))
"""

OOM_FIRST = "1000"
"""Where memory runs out, the kernel ends a student's process and no other."""


class Server:
    """Our end of that process. Used until this one ends, which ends it too."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fork(self, channel: socket.socket, printed: socket.socket, ended: socket.socket) -> bool:
        """Have a new process talk on `channel`, print on `printed`, and its guard on `ended`.

        False if the server is gone.
        """
        try:
            files = [channel.fileno(), printed.fileno(), ended.fileno()]
            socket.send_fds(self._connection, [b"+"], files)
        except OSError:
            return False
        return True


_server: Server | None = None
_starting = threading.Lock()


def warm() -> None:
    """Fork the server from this process, which has imported PyTorch and computed nothing yet."""
    global _server
    gc.freeze()
    ours, theirs = socket.socketpair()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that libraries have threads, which do nothing yet
        pid = os.fork()
    if pid == 0:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        work(theirs.detach())
    theirs.close()
    _server = Server(ours)


def running(*, anew: bool = False) -> Server:
    """The server of this process; one that has to be started takes as long as PyTorch's import.

    Args:
        anew: whether the last one is gone.
    """
    global _server
    with _starting:
        if _server is None or anew:
            _server = spawned()
        return _server


def spawned() -> Server:
    """A server that is no fork of this process."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(theirs.fileno()), *sys.path],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return Server(ours)


def work(number: int) -> NoReturn:
    """What the server does: fork a guard for each that is asked for, until we are gone.

    Args:
        number: the file descriptor of its connection.
    """
    try:
        serve(number)
    finally:
        os._exit(0)


def serve(number: int) -> None:
    """Until the other end is closed."""
    os.setsid()  # Ctrl+C is for the program that a person sees
    keep_open(number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards leave nothing behind
    from . import worker  # PyTorch, where this process was not forked from one that has it

    gc.freeze()
    connection = socket.socket(fileno=number)
    while True:
        said, files, _, _ = socket.recv_fds(connection, 1, 3)
        if not said:
            return
        if len(files) == 3 and os.fork() == 0:
            connection.close()
            guard(files[0], files[1], files[2], worker.work)
        for file in files:
            os.close(file)


def keep_open(number: int) -> None:
    """Close every file but this one; standard input and output lead nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, number)
    os.closerange(number + 1, os.sysconf("SC_OPEN_MAX"))


def guard(channel: int, printed: int, ended: int, serve_file: Callable[[int], object]) -> NoReturn:
    """Fork the file's own process, wait for its end or ours, and tell how it ended.

    Args:
        channel, printed, ended: file descriptors.
        serve_file: what the process does on its channel.
    """
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write(OOM_FIRST)
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        for file in (printed, ended, wake, woken):
            os.close(file)
        try:
            serve_file(channel)
        finally:
            os._exit(0)
    os.close(channel)
    os.close(printed)
    status = awaited(pid, ended, wake)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # what it started, where it could
    with contextlib.suppress(OSError):
        os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def awaited(pid: int, ended: int, wake: int) -> int:
    """How the process ended, which it does at once when `ended` is closed or written to.

    Args:
        wake: becomes readable whenever something happens to the process.
    """
    while True:
        ready, _, _ = select.select([ended, wake], [], [])
        if ended in ready:
            os.kill(pid, signal.SIGKILL)  # it is ours, dead or alive, until it is waited for
            return os.waitpid(pid, 0)[1]
        os.read(wake, 64)
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:  # else it was stopped, or goes on
            return status
