"""The pictures at the end of a sweep, its own and those of its jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from omegaconf import OmegaConf

from ..config.load import parse, plain
from ..config.values import leaves
from ..figures.basins import draw_basins
from ..figures.legend import tell_apart
from ..figures.path import draw_paths
from ..figures.run import draw_run
from ..figures.sampling import landscape_of_files
from ..figures.sweep import draw_results
from ..figures.sweep_curves import draw_curves_of_all
from ..figures.titles import shared_title
from ..training.report import headline
from ..training.run_directory import Row, read_rows
from ..training.theory import rate
from .table import FINAL, SweepRow

SERIAL = 12
"""So many pictures are drawn here; more are worth starting other processes for."""


def draw_sweep(
    directory: Path, rows: Sequence[SweepRow], swept: Sequence[str], known: Sequence[dict[str, Any]]
) -> None:
    """results, curves, paths in one or two parameters; basins of a polynomial, if x₀ is swept.

    Of theory, that is drawn in which holds for all batches.
    """
    ended = [row for row in rows if row["status"] in FINAL]
    runs: list[tuple[SweepRow, list[Row]]] = [
        (row, read_rows(directory / row["directory"]))
        for row in ended
        if (directory / row["directory"] / "metrics.csv").exists()
    ]
    if not runs:
        return
    theory = {
        name: value
        for name, value in (known[0] if known else {}).items()
        if all(one.get(name) == value for one in known)
    }
    if any(key.startswith("optimizer.") and key != "optimizer.lr" for key in swept):
        theory = without_limits(theory)
    shown = [
        {**row, **{f"start_{name}": str(value) for name, value in rows[0].items()}}
        for row, rows in runs
    ]
    first = plain(OmegaConf.load(directory / runs[0][0]["directory"] / "config.yaml"))
    title = shared_title(dict(leaves(first)), swept, len(rows))

    def predict(row: SweepRow, etas: Sequence[float]) -> list[float]:
        return predicted(directory / row["directory"], row, theory, etas)

    if swept:
        draw_results(shown, swept, theory, predict, title, directory)
    draw_curves_of_all(runs, swept, title, directory)
    found = landscape_of_files(directory / runs[0][0]["directory"], [own for _, own in runs])
    if found:
        draw_paths(found, tell_apart([row for row, _ in runs], swept), title, directory)
    if "minimisers" in theory and "problem.x0" in swept:
        draw_basins(shown, theory, title, directory)


def without_limits(theory: dict[str, Any]) -> dict[str, Any]:
    """Theory for a sweep over momentum, where a limit holds for some of the jobs only."""
    near = [{**at, "step_limit": None} for at in theory.get("minimisers", [])]
    kept = {name: value for name, value in theory.items() if name != "step_limit"}
    return {**kept, "minimisers": near} if near else kept


def predicted(
    job: Path, row: SweepRow, theory: dict[str, Any], etas: Sequence[float]
) -> list[float]:
    """The rates of a job's optimizer at other step sizes; none where its problem's are not known.

    Near the job's minimiser, for a polynomial.
    """
    eigenvalues = [theory["mu"], theory["lambda_max"]] if "lambda_max" in theory else []
    if row.get("converged_to") and "coefficients" in theory:
        bend = np.poly1d(theory["coefficients"]).deriv(2)
        eigenvalues = [float(bend(float(row["converged_to"])))]
    if not eigenvalues:
        return []
    optimizer = parse(plain(OmegaConf.load(job / "config.yaml"))).optimizer
    found = [rate(msgspec.structs.replace(optimizer, lr=eta), eigenvalues) for eta in etas]
    return [one for one in found if one is not None]  # Adam has none, and no prediction


def draw_jobs(
    directory: Path, rows: Sequence[SweepRow], limit: int, say: Callable[[str], None]
) -> None:
    """A single run's pictures in each job's directory, unless there are more jobs than `limit`."""
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
    """The pictures that a single run leaves, from the files in its directory."""
    config = parse(plain(OmegaConf.load(path / "config.yaml")))
    device = json.loads((path / "summary.json").read_text("utf-8"))["device"]
    rows = read_rows(path)
    draw_run(rows, landscape_of_files(path, [rows]), headline(config, device), path)
