"""The process that draws: it draws, says what went wrong, and never outlives the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stat4830_grad.figures.process import FigureProcess
from stat4830_grad.metrics import GRAD_NORM, LOSS

ROWS = [{"step": t, "seconds": 0.1, "loss": 2.0**-t, "grad_norm": 1.0} for t in range(5)]
COLUMNS = [LOSS, GRAD_NORM]


def test_it_draws_what_the_same_function_draws_here(tmp_path: Path) -> None:
    from stat4830_grad.figures.curves import draw_curves

    (tmp_path / "here").mkdir()
    with FigureProcess() as drawing:
        drawing.draw(ROWS, COLUMNS, None, "a title", tmp_path)
    draw_curves(ROWS, COLUMNS, "a title", tmp_path / "here")
    for name in ("curves.png", "curves.svg"):
        assert (tmp_path / name).stat().st_size > 5000
    assert (tmp_path / "curves.png").read_bytes() == (tmp_path / "here/curves.png").read_bytes()


def test_its_error_is_told_here(tmp_path: Path) -> None:
    with FigureProcess() as drawing, pytest.raises(FileNotFoundError, match="missing"):
        drawing.draw(ROWS, COLUMNS, None, "", tmp_path / "missing")


def test_without_a_drawing_it_ends_with_its_context(tmp_path: Path) -> None:
    with FigureProcess() as drawing:
        pass
    assert drawing._process.returncode == 0


def test_it_ends_when_the_run_is_killed() -> None:
    code = (
        "from stat4830_grad.figures.process import FigureProcess; import time\n"
        "with FigureProcess() as drawing: print(drawing._process.pid, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    drawing = int(run.stdout.readline())
    run.send_signal(signal.SIGKILL)
    run.communicate()
    for _ in range(200):
        try:
            os.kill(drawing, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{drawing}/stat").read_text().split()[2] == "Z":
            return  # ended; nobody has asked how
        time.sleep(0.1)
    pytest.fail("the drawing is still there")


def test_it_imports_no_torch() -> None:
    code = "import stat4830_grad.figures.run, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
