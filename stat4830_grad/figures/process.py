"""A process that draws a run's pictures, and gets ready for it while this one imports torch.

Importing matplotlib takes half a second, which a run on two cores need not wait for. This module
imports neither.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..system.process import before_leaving, leave

if TYPE_CHECKING:
    from ..metrics import Metric
    from ..training.landscape import Landscape

CODE = """
import sys
sys.path[:] = sys.argv[1:]
from stat4830_grad.figures.process import work
work()
"""


CANNOT_WRITE = 3
"""Exit code of the process if a picture cannot be written; its stderr holds errno and path."""


class FigureProcess:
    """Used as a context: without a drawing, leaving it ends the process."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt is the run's: it ends with a picture
        )
        self._drawing = False
        before_leaving(self._dismiss)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def _dismiss(self) -> None:
        """End the process unless it draws, which it does to the end, for whole pictures."""
        if not self._drawing:
            self._process.kill()

    def draw(
        self,
        rows: Sequence[dict[str, float]],
        columns: Sequence[Metric],
        landscape: Landscape | None,
        title: str,
        directory: Path,
    ) -> None:
        """What `run.draw_run` makes: curves.png and path.png, each also as .svg.

        Raises:
            OSError: a picture cannot be written.
            RuntimeError: it failed otherwise.
        """
        self._drawing = True
        drawn = pickle.dumps((rows, columns, landscape, title, directory))
        _, errors = self._process.communicate(drawn)
        if self._process.returncode == CANNOT_WRITE:
            number, _, path = errors.decode(errors="replace").partition(" ")
            raise OSError(int(number), os.strerror(int(number)), path)
        if self._process.returncode != 0:
            raise RuntimeError(f"drawing the pictures failed:\n{errors.decode(errors='replace')}")


def work() -> None:
    """What the process does: import all that drawing takes, then draw what it is sent, if any."""
    gc.disable()  # of a process this short, collecting garbage is a good part
    from matplotlib.backends import backend_agg, backend_svg  # noqa: F401

    from .run import draw_run

    if message := sys.stdin.buffer.read():
        try:
            draw_run(*pickle.loads(message))
        except OSError as error:
            sys.stderr.write(f"{error.errno} {error.filename}")
            leave(CANNOT_WRITE)
    leave(0)
