"""A process that draws a run's curves, and gets ready for it while this one imports torch.

Importing matplotlib and drawing a first picture take more than a second, most of it once in a
process: time that a run on two cores need not wait for. Imports neither torch nor matplotlib.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..ending import leave

CODE = """
import sys
sys.path[:] = sys.argv[1:]
from stat4830_grad.figures.artist import work
work()
"""


class Artist:
    """Used as a context: without a drawing, leaving it ends the process."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt is the run's: it ends with a picture
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def draw_curves(self, rows: Sequence[dict[str, float]], title: str, directory: Path) -> None:
        """curves.png and curves.svg in `directory`, as `curves.draw_curves` makes them.

        Raises:
            RuntimeError: it failed.
        """
        _, errors = self._process.communicate(pickle.dumps((rows, title, directory)))
        if self._process.returncode != 0:
            raise RuntimeError(f"drawing the curves failed:\n{errors.decode(errors='replace')}")


SAMPLE = [{"step": t, "seconds": 0.0, "val_loss": 10.0**-t, "loss": 1.0} for t in (0, 3)]


def work() -> None:
    """What the process does: a first picture for nobody, then the one it is sent, if any."""
    from .curves import curves, draw_curves
    from .style import rendered

    picture = curves(list(SAMPLE), "")
    for suffix in ("png", "svg"):
        rendered(picture, suffix)
    if message := sys.stdin.buffer.read():
        draw_curves(*pickle.loads(message))
    leave(0)
