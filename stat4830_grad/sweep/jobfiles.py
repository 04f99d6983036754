"""Files of a job that training does not write: its .hydra, and what a failure leaves."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from ..config.failures import known
from ..config.jobs import Job
from ..system.files import make_directory, write_text
from .cells import ended
from .context import SweepContext


def record_failures(jobs: Sequence[Job], error: Exception, context: SweepContext) -> None:
    """The rows of jobs that failed by one cause. Other jobs go on.

    A defect of this program leaves its traceback as error.txt in the job's directory, or in the
    sweep's where jobs have none.
    """
    cause = known(error)
    said = f"{type(error).__name__}: {error}" if cause is None else str(cause)
    more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
    context.say_whole(f"{jobs[0].name}{more} failed: {said}", style="red")
    if cause is None or any(job.raw.get("debug") for job in jobs):
        lines = "".join(traceback.format_exception(error))
        names = [job.name for job in jobs] if context.separate else ["."]
        for name in names:
            make_directory(context.directory / name)
            write_text(context.directory / name / "error.txt", lines)
    rows = [ended(job, "failed", error=said, separate=context.separate) for job in jobs]
    context.table.append(*rows)


def write_hydra(job: Job, context: SweepContext) -> None:
    """The job's .hydra, as Hydra leaves it for a single run."""
    directory = context.directory / job.name / ".hydra"
    shutil.rmtree(directory.parent, ignore_errors=True)
    make_directory(directory)
    overrides = list(job.overrides)
    hydra = {
        **context.hydra,
        "overrides": {**context.hydra.get("overrides", {}), "task": overrides},
    }
    contents: list[tuple[str, Any]] = [
        ("config", job.raw),
        ("hydra", {"hydra": hydra}),
        ("overrides", overrides),
    ]
    for name, content in contents:
        text = yaml.dump(content, sort_keys=False, allow_unicode=True, Dumper=dumper())
        (directory / f"{name}.yaml").write_text(text, "utf-8")


def dumper() -> Callable[..., Any]:
    """PyYAML's safe dumper in C, ten times as fast, where it was built."""
    fastest: Callable[..., Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return fastest
