"""The pictures at the end of a sweep, its own and those of its jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs, to_builtins

from ..config.jobs import Job
from ..config.optimizers import Optimizer
from ..config.schema import Config
from ..config.values import leaves
from ..figures.basins import draw_basins
from ..figures.legend import tell_apart
from ..figures.path import draw_paths
from ..figures.run import draw_run
from ..figures.sweep import draw_results
from ..figures.sweep_curves import draw_curves_of_all
from ..figures.titles import shared_title
from ..metrics import Metric
from ..reports.parts import Table, configuration, environment
from ..reports.run import report_run
from ..reports.sweep import SweepReport, report_sweep
from ..system.reading import read_json
from ..training.inputs import with_absolute_paths
from ..training.landscape import Landscape
from ..training.report import headline
from ..training.rows import Row, columns_of, read_rows
from ..training.run_log import RunLog
from ..training.sampling import landscape_of, landscape_of_files
from ..training.sweep_row import SweepRow
from ..training.theory import rate
from .cells import column
from .context import SweepContext
from .logged import read_logs
from .logged_batch import ENVIRONMENT
from .report import tally
from .table import FINAL

SERIAL = 12
"""So many pictures are drawn here; more are worth starting other processes for."""


def draw_sweep(
    jobs: Sequence[Job],
    rows: Sequence[SweepRow],
    context: SweepContext,
    known: Sequence[dict[str, Any]],
) -> None:
    """The sweep's pictures and report.html, with what theory says of all batches alike."""
    if not (runs := drawable(jobs, rows, context)):
        return
    directory, swept = context.directory, [column(key) for key in jobs[0].swept]
    configs = {job.name: job.config() for job in jobs}
    theory = shared_theory(known, swept)
    shown, first = [row for row, _ in runs], configs[runs[0][0].directory]
    title = shared_title(dict(leaves(to_builtins(first))), swept, len(runs), of=len(rows))
    place = directory / runs[0][0].directory if context.separate else None
    logged = [own for _, own in runs]
    found = landscape_of_files(place, logged) if place else landscape_of(first, logged)

    def predict(row: SweepRow, etas: Sequence[float]) -> list[float]:
        return predicted(configs[row.directory].optimizer, row, theory, etas)

    if swept:
        draw_results(shown, swept, theory, predict, title, directory)
    draw_curves_of_all(runs, swept, title, directory)
    draw_paths_and_basins(shown, swept, theory, found, title, directory)
    made = place / "summary.json" if place else directory / ENVIRONMENT
    report = SweepReport(
        title=title,
        summary=tally(rows, len(jobs)),
        command=context.command,
        rows=rows,
        logged={row.directory: own for row, own in runs},
        commands={job.name: job.command for job in jobs},
        swept=swept,
        theory=theory,
        found=found,
        configuration=shared_settings(first, swept),
        environment=environment(read_json(made)),
    )
    report_sweep(report, directory)


def shared_settings(config: Config, swept: Sequence[str]) -> Table:
    """The configuration of one of the jobs, but for the swept keys, and groups as a whole."""
    settings = configuration(with_absolute_paths(config))
    return [(k, v) for k, v in settings if not {k, k.partition(".")[0]} & set(swept)]


def draw_paths_and_basins(
    rows: Sequence[SweepRow],
    swept: Sequence[str],
    theory: dict[str, Any],
    found: Landscape | None,
    title: str,
    directory: Path,
) -> None:
    """Where runs of one or two parameters went, and from which x₀ to which end."""
    if found:
        draw_paths(found, tell_apart([row.swept for row in rows], swept), title, directory)
    if "minimisers" in theory and "problem.x0" in swept:
        draw_basins(rows, theory, found, title, directory)


def pictured(jobs: Sequence[Job]) -> list[Job]:
    """The jobs that a sweep's pictures show: of very many `MOST`, evenly chosen."""
    if len(jobs) <= MOST:
        return list(jobs)
    return [jobs[at * (len(jobs) - 1) // (MOST - 1)] for at in range(MOST)]


MOST = 300
"""Jobs that pictures show: drawing these takes two seconds, and more curves cover one another."""


def drawable(
    jobs: Sequence[Job], rows: Sequence[SweepRow], context: SweepContext
) -> list[tuple[SweepRow, list[Row]]]:
    """The jobs that have ended and logged something, with where they started and what that was."""
    shown = pictured(jobs)
    names = {job.name for job in shown}
    ended = [row for row in rows if row.status in FINAL and row.directory in names]
    unread = {row.directory for row in ended if row.directory not in context.trained}
    before = read_logs(context.directory, {job.number for job in shown if job.name in unread})
    logged = [(row, before.get(row.job) or rows_of(row, context)) for row in ended]
    if len(shown) < len(jobs):
        context.say(f"pictures show {len(shown):,} of {len(jobs):,} jobs, evenly chosen")
    return [(replace(row, start=own[0]), own) for row, own in logged if own]


def rows_of(row: SweepRow, context: SweepContext) -> list[Row]:
    """What a job logged; none where it is no training."""
    if log := context.trained.get(row.directory):
        return log.rows
    path = context.directory / row.directory
    return read_rows(path) if (path / "metrics.csv").exists() else []


def shared_theory(known: Sequence[dict[str, Any]], swept: Sequence[str]) -> dict[str, Any]:
    """What theory says of every batch alike.

    Args:
        known: what it says of each.
        swept: the columns of swept keys.
    """
    first = known[0] if known else {}
    shared = {n: value for n, value in first.items() if all(one.get(n) == value for one in known)}
    momentum = any(key.startswith("optimizer.") and key != "optimizer.lr" for key in swept)
    return without_limits(shared) if momentum else shared


def without_limits(theory: dict[str, Any]) -> dict[str, Any]:
    """Theory for a sweep over momentum, where a limit holds for some of the jobs only."""
    near = [{**at, "step_limit": None} for at in theory.get("minimisers", [])]
    kept = {name: value for name, value in theory.items() if name != "step_limit"}
    return {**kept, "minimisers": near} if near else kept


def predicted(
    optimizer: Optimizer, row: SweepRow, theory: dict[str, Any], etas: Sequence[float]
) -> list[float]:
    """The rates of a job's optimizer at other step sizes; none where its problem's are not known.

    Near the job's minimiser, for a polynomial.
    """
    eigenvalues = [theory["mu"], theory["lambda_max"]] if "lambda_max" in theory else []
    x = row.theory.get("converged_to")
    if x is not None and "coefficients" in theory:
        bend = np.poly1d(theory["coefficients"]).deriv(2)
        eigenvalues = [float(bend(x))]
    if not eigenvalues:
        return []
    found = [rate(structs.replace(optimizer, lr=eta), eigenvalues) for eta in etas]
    return [one for one in found if one is not None]  # Adam has none, and no prediction


def draw_jobs(jobs: Sequence[Job], rows: Sequence[SweepRow], context: SweepContext) -> None:
    """A single run's pictures and report in each job's directory, where so many are asked for."""
    limit, ended = context.options.job_figures, {row.directory for row in rows}
    if len(jobs) > limit or not context.separate:
        return
    there = [job for job in jobs if job.name in ended and has(job, context, "summary.json")]
    missing = [job for job in there if not has(job, context, "curves.svg")]
    paths = [context.directory / job.name for job in missing]
    configs = [job.config() for job in missing]
    logged = [in_memory(context.trained.get(job.name)) for job in missing]
    if len(missing) <= SERIAL:
        for drawn in zip(paths, configs, logged, strict=True):
            draw_job(*drawn)
        return
    context.say(f"drawing each job's own curves: {len(missing):,}")
    workers = min(len(os.sched_getaffinity(0)), 8) if hasattr(os, "sched_getaffinity") else 2
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(draw_job, paths, configs, logged, chunksize=4))


def has(job: Job, context: SweepContext, name: str) -> bool:
    """Whether a job has left this file."""
    return (context.directory / job.name / name).exists()


Logged = tuple[list[Row], tuple[Metric, ...]]
"""The rows of a run, and their columns: what another process can be sent."""


def in_memory(log: RunLog | None) -> Logged | None:
    """What a run of this process logged."""
    return (log.rows, log.columns) if log else None


def draw_job(path: Path, config: Config, logged: Logged | None) -> None:
    """What a single run leaves to look at; for one of an earlier process from its files."""
    rows = logged[0] if logged else read_rows(path)
    columns = logged[1] if logged else columns_of(rows, path)
    title = headline(config, read_json(path / "summary.json")["device"])
    found = landscape_of_files(path, [rows])
    draw_run(rows, columns, found, title, path)
    report_run(config, rows, columns, found, path)
