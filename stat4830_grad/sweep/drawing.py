"""The pictures at the end of a sweep, its own and those of its jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ..config import parse, plain
from ..figures.basins import draw_basins
from ..figures.curves import draw_curves
from ..figures.sweep import draw_results
from ..figures.sweep_curves import draw_curves_of_all
from ..report import headline
from ..rundir import Row, read_rows
from .table import FINAL, Cells

SERIAL = 12
"""So many pictures are drawn here; more are worth starting other processes for."""


def draw_sweep(
    directory: Path, rows: Sequence[Cells], swept: Sequence[str], known: Sequence[dict[str, Any]]
) -> None:
    """results, curves and, for initial points of a polynomial, basins.

    Theory is drawn in if it says the same of all batches.
    """
    ended = [row for row in rows if row["status"] in FINAL]
    runs: list[tuple[Cells, list[Row]]] = [
        (row, read_rows(directory / row["directory"]))
        for row in ended
        if (directory / row["directory"] / "metrics.csv").exists()
    ]
    if not runs:
        return
    theory = known[0] if known and all(one == known[0] for one in known) else {}
    shown = [
        {**row, **{f"start_{name}": str(value) for name, value in rows[0].items()}}
        for row, rows in runs
    ]
    draw_results(shown, swept, theory, directory)
    draw_curves_of_all(runs, swept, directory)
    if "minimisers" in theory and "problem.x0" in swept:
        draw_basins(shown, theory, directory)


def draw_jobs(
    directory: Path, rows: Sequence[Cells], limit: int, say: Callable[[str], None]
) -> None:
    """curves.png and .svg in each job's directory, unless there are more jobs than `limit`."""
    paths = [directory / row["directory"] for row in rows]
    paths = [path for path in paths if (path / "summary.json").exists()]
    missing = [path for path in paths if not (path / "curves.svg").exists()]
    if len(paths) > limit:
        say(f"each job's own curves are left out: more jobs than sweep.job_figures={limit}")
        return
    if len(missing) <= SERIAL:
        for path in missing:
            draw_job(path)
        return
    say(f"drawing each job's own curves: {len(missing)} (sweep.job_figures=0 leaves them out)")
    workers = min(len(os.sched_getaffinity(0)), 8) if hasattr(os, "sched_getaffinity") else 2
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(draw_job, missing, chunksize=4))


def draw_job(path: Path) -> None:
    """The picture that a single run leaves, from the files in its directory."""
    config = parse(plain(OmegaConf.load(path / "config.yaml")))
    device = json.loads((path / "summary.json").read_text("utf-8"))["device"]
    draw_curves(read_rows(path), headline(config, device), path)
