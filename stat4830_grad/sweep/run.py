"""A sweep from its begin to its exit code: jobs, then table and pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..config.commands import assigned, export
from ..config.jobs import Job, key_of, sort_out
from ..config.schema import Sweep
from ..console.tables import show
from ..console.terminal import make_console
from ..system import exit_codes
from ..system.errors import ConfigError, UserError
from ..system.files import make_directory, write_text
from ..system.lock import sole_writer
from ..system.reading import read_json, reading
from ..training.execution import Interrupt
from ..training.finished import is_run
from ..training.inputs import record_inputs, refuse_changed_inputs
from ..training.run_directory import write_json
from ..training.sweep_row import SweepRow, deciding
from .cells import column, ended
from .context import TOGETHER, SweepContext
from .drawing import draw_jobs, draw_sweep, pictured
from .report import ranked, table, tally
from .runner import Runner, run_here
from .table import FINAL, NOT_BEGUN


def run_sweep(
    jobs: Sequence[Job],
    directory: Path,
    options: Sweep,
    hydra: dict[str, Any],
    run: Runner = run_here,
) -> int:
    """Have `run` run the jobs, on this machine or another; return the exit code.

    0: all completed or diverged, or left to Slurm; 1: a job failed; 129, 130 or 143: interrupted.

    Raises:
        ConfigError: no job can be run (with `sweep.fail_fast`: one cannot), or `directory` holds
            another sweep.
    """
    directory = directory.absolute()
    jobs = as_named(jobs, directory)
    runnable, errors = sort_out(jobs)
    if options.fail_fast and errors:
        name, error = next(iter(errors.items()))
        raise ConfigError(f"{name}: {error}; nothing ran, as sweep.fail_fast asks")
    shown = frozenset(job.name for job in pictured(jobs))
    context = SweepContext(directory, options, hydra, make_console(), Interrupt(), pictured=shown)
    with sole_writer(directory):
        with context.stop.listening():
            begin(jobs, directory, options)
            guard_inputs(runnable, directory, options)
            over = run(runnable, context)
        refuse(jobs, errors, context)
        return conclude(jobs, context) if over else leave(jobs, context)


def guard_inputs(jobs: Sequence[Job], directory: Path, options: Sweep) -> None:
    """Record the files that the jobs name as inputs, or see that a resumed sweep has the same.

    Raises:
        ConfigError: one of them has changed.
    """
    configs = [job.config() for job in jobs]
    if options.resume is not None:
        refuse_changed_inputs(directory / ".sweep", configs)
    record_inputs(directory / ".sweep", configs)


def as_named(jobs: Sequence[Job], directory: Path) -> Sequence[Job]:
    """The jobs under the names that they have in the sweep in `directory`, if it has these jobs.

    An older version named directories in another way.
    """
    file = jobs_file(jobs, directory)
    if not file.exists():
        return jobs
    before = recorded(file)
    if [overrides for _, *overrides in before] != [computed(job) for job in jobs]:
        return jobs
    return [replace(job, name=name) for job, (name, *_) in zip(jobs, before, strict=True)]


def recorded(file: Path) -> list[list[str]]:
    """The jobs that a sweep recorded, each its name and its overrides.

    Raises:
        DataError: the file is damaged.
    """
    with reading(file, "the list of a sweep's jobs"):
        return msgspec.json.decode(file.read_bytes(), type=list[Recorded])


Recorded = Annotated[list[str], Meta(min_length=1)]


def jobs_file(jobs: Sequence[Job], directory: Path) -> Path:
    """The file in which a sweep records its jobs."""
    return directory / ".sweep" / f"jobs-{jobs[0].number}.json"


def computed(job: Job) -> list[str]:
    """Its overrides without the number of threads, which a resumed sweep may change."""
    return [override for override in job.overrides if key_of(override) != "threads"]


def begin(jobs: Sequence[Job], directory: Path, options: Sweep) -> None:
    """Record which jobs the sweep has, or see that a resumed one has the same.

    Raises:
        ConfigError: it has not, or another sweep is in the directory.
    """
    file = jobs_file(jobs, directory)
    text = json.dumps([[job.name, *computed(job)] for job in jobs], indent=1)
    if options.resume is None:
        if file.exists():
            raise ConfigError(
                f"{directory} holds a sweep already: choose another directory, "
                f"or go on with it by {assigned('sweep.resume', directory)}"
            )
        make_directory(file.parent)
        if len(jobs) > options.directories and not jobs[0].raw["log"]["to"]:  # read by trackers
            write_text(file.with_name(TOGETHER), "")
        write_text(file, text)
    elif not file.exists():
        raise ConfigError(f"sweep.resume={directory}: no sweep is in that directory")
    elif (before := recorded(file)) != json.loads(text):
        raise ConfigError(
            f"sweep.resume={directory} holds another sweep: {difference(before, jobs)}"
        )


def difference(before: list[list[str]], jobs: Sequence[Job]) -> str:
    """What the recorded sweep has and this one has not."""
    if len(before) != len(jobs):
        return f"it has {len(before)} jobs, this command has {len(jobs)}"
    pairs = zip(before, jobs, strict=True)
    old, new = next((old, job) for old, job in pairs if old != [job.name, *computed(job)])
    return f"its job {new.number} is {' '.join(old[1:])}, here it is {' '.join(computed(new))}"


def refuse(jobs: Sequence[Job], errors: dict[str, UserError], context: SweepContext) -> None:
    """Rows for jobs whose configuration cannot be run."""
    context.table.drop_unfinished(list(errors))
    for name in list(errors)[:SAID]:
        context.say_whole(f"{name} failed: {errors[name]}", style="red")
    if len(errors) > SAID:
        context.say(f"and {len(errors) - SAID:,} more failed; sweep.csv says why", style="red")
    context.table.append(
        *(
            ended(job, "failed", error=str(errors[job.name]), separate=context.separate)
            for job in jobs
            if job.name in errors
        )
    )


SAID = 10
"""Jobs that cannot be run and are named on the terminal."""


def leave(jobs: Sequence[Job], context: SweepContext) -> int:
    """What a sweep has so far whose tasks are in Slurm's queue, and how to come back to it."""
    rows = context.table.rows()
    if rows:
        show(context.console, table(rows, [column(key) for key in jobs[0].swept]))
    context.say(tally(rows, len(jobs), elsewhere=len(jobs) - len(rows)))
    again = assigned("sweep.resume", context.directory)
    context.say_whole(f"later, to see how far it is and to end it: the same command and {again}")
    return exit_codes.COMPLETED


def conclude(jobs: Sequence[Job], context: SweepContext) -> int:
    """Table, pictures, the best job and how to repeat it; return the exit code."""
    context.table.sort()
    rows = context.table.rows()
    swept = [column(key) for key in jobs[0].swept]
    if rows:
        show(context.console, table(rows, swept))
    context.say(tally(rows, len(jobs)))
    say_best(jobs, rows, context)
    known = gather_theory(context.directory)
    left = {"interrupted", NOT_BEGUN} & {row.status for row in rows}
    if NOT_BEGUN in left:
        context.say("stopped at its first failure, as sweep.fail_fast asks", style="red")
    whole = not context.stop() and not left
    if whole and rows and jobs[0].raw.get("figures"):
        draw_sweep(jobs, rows, context, known)
        draw_jobs(jobs, rows, context)
    if whole:
        log_to_trackers(jobs, rows, context)
    if whole and len(rows) >= len(jobs):
        for leftover in (context.directory / ".sweep").glob("*.pt"):
            leftover.unlink()
    else:
        again = assigned("sweep.resume", context.directory)
        context.say_whole(f"go on with the same command and {again}")
    context.say_whole(f"files: {context.directory}")
    if context.stop():
        return context.stop.exit_code
    failed = any(row.status not in FINAL for row in rows) or len(rows) < len(jobs)
    return exit_codes.DEFECT if failed else exit_codes.COMPLETED


def log_to_trackers(jobs: Sequence[Job], rows: Sequence[SweepRow], context: SweepContext) -> None:
    """Log the jobs that trained to the trackers that `log.to` names; what fails is said."""
    ended = [context.directory / row.directory for row in rows]
    trained = [path for path in ended if is_run(path)]
    for name in jobs[0].config().log.to if trained else ():
        from ..trackers.logging_runs import log_runs  # imports what only trackers take

        try:
            context.say_whole(log_runs(trained, name))
        except UserError as error:
            context.say_whole(f"{error}; later: {export(context.directory, name)}", style="yellow")


def say_best(jobs: Sequence[Job], rows: Sequence[SweepRow], context: SweepContext) -> None:
    """The best job, and the exact command that repeats it alone."""
    best = next(iter(ranked(rows)), None)
    job = next((job for job in jobs if best and job.name == best.directory), None)
    if best and job:
        metric = deciding(rows)[0]
        value = metric.text(best.final[metric])
        context.say(f"best final {metric.title}: {value}, by {job.name}; alone:")
        context.say_whole(f"  {job.command}")


def gather_theory(directory: Path) -> list[dict[str, Any]]:
    """theory.json: what was forecast of each function that was minimised, where theory speaks."""
    known: list[dict[str, Any]] = []
    for file in sorted((directory / ".sweep").glob("*.theory.json"), key=lambda f: f.name):
        known += [one for one in read_json(file) if one and one not in known]
    if known:
        write_json(directory / "theory.json", known)
    return known
