"""How a process begins and ends: signals, standard streams, imports.

`__main__` imports this first and calls `begin`, so it imports next to nothing.
"""

from __future__ import annotations

import atexit
import codecs
import contextlib
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator

from . import exit_codes

TYPE_CHECKING = False  # typing would take longer to import than all the rest
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, NoReturn, TextIO

    from typing_extensions import Buffer

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a process of ours: Ctrl-C, kill, a terminal that is closed. Exit code: 128 + number."""

SHOW_CURSOR = b"\x1b[?25h"
"""Rich hides it while a progress bar is there."""

_before_leaving: list[Callable[[], object]] = []


def begin() -> None:
    """What comes first in a process of ours, before anything else is imported."""
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, leave_at_once)
    keep_assertions()
    open_streams()
    os.environ["MPLBACKEND"] = "agg"  # pictures are files, whatever windows a user likes


def leave_at_once(number: int, frame: FrameType | None) -> NoReturn:
    """End the process by a signal. An exception instead may be lost: libraries swallow some."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    for do in reversed(_before_leaving):
        with contextlib.suppress(Exception):
            do()
    if "rich" in sys.modules and os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb":
        with contextlib.suppress(OSError):
            os.write(1, SHOW_CURSOR)
    os._exit(128 + number)


def before_leaving(do: Callable[[], object]) -> None:
    """Have `leave_at_once` call `do` before it ends the process; the last one named goes first."""
    _before_leaving.append(do)


def keep_assertions() -> None:
    """Start anew if Python leaves out assertions: Hydra's parser takes steps inside them."""
    if sys.flags.optimize and os.environ.get("PYTHONOPTIMIZE") != "0":
        os.environ["PYTHONOPTIMIZE"] = "0"
        options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
        kept = [option for option in options if option not in ("-O", "-OO")]
        os.execv(sys.executable, [sys.executable, *kept, *sys.argv[1:]])


class Output(io.FileIO):
    """Standard output or error. What cannot be written is lost, and does not end the run."""

    lost: OSError | None = None

    def write(self, data: Buffer) -> int:
        """Takes all of it, written or lost."""
        if self.lost is None:
            try:
                return super().write(data)
            except OSError as error:  # its reader went away, its disk is full, …
                self.lost = error
        return memoryview(data).nbytes


def open_streams() -> None:
    """Open what was closed of the standard streams, and let nothing that is printed fail."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would take its place
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error("plain_signs", plain_signs)
    sys.stdout, sys.stderr = reopened(sys.stdout, 1), reopened(sys.stderr, 2)


def reopened(stream: TextIO | None, number: int) -> TextIO:
    """The stream again; None is one that was closed when Python started."""
    raw: Any = Output(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding if stream else "utf-8",
        errors="plain_signs",
        line_buffering=number == 2 or os.isatty(number),
    )


PLAIN = dict(zip("−–—·×…∂‖₀₁₂₃₄₅₆₇₈₉", "---*x~d|0123456789", strict=True))
"""What takes the place of a sign that an encoding lacks, one for one, so that columns stay."""


def plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Write what a stream's encoding lacks in ASCII: a minus as "-", others as "\\xb3"."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    signs = [PLAIN.get(sign, sign.encode("ascii", "backslashreplace").decode()) for sign in lacking]
    return "".join(signs), error.end


def leave(code: int) -> NoReturn:
    """End the process without taking its modules apart, which for torch lasts most of a second.

    A run that completed ends with 0 also if its reader went away (`… | head`).
    """
    if threading := sys.modules.get("threading"):
        threading._shutdown()  # first, as the interpreter does: pools of workers end here
    atexit._run_exitfuncs()
    for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error")):
        with contextlib.suppress(OSError):
            stream.flush()
        lost = getattr(getattr(stream.buffer, "raw", None), "lost", None)
        if lost and lost.errno not in (errno.EPIPE, errno.EIO) and code == exit_codes.COMPLETED:
            print(f"error: cannot write to {name}: {lost.strerror}", file=sys.stderr)
            code = exit_codes.MACHINE
    os._exit(code)


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Lose what compiled libraries write to standard error meanwhile."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


@contextlib.contextmanager
def no_garbage() -> Iterator[None]:
    """Collect no garbage meanwhile, and leave what is there afterwards alone until the end.

    PyTorch's modules are a million objects that stay: going through them again and again is a
    tenth of importing it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


atexit.register(gc.unfreeze)  # else libraries that look for leaks at the end report what is frozen
