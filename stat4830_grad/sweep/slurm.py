"""A sweep on a Slurm cluster: its batches are tasks of an array, submitted through submitit.

Slurm starts, preempts and requeues the tasks. They share the sweep's directory with the process
that submitted them, which has to be on a file system that all nodes see.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct
from omegaconf import DictConfig, OmegaConf

from ..config.fields import Count, Positive
from ..config.jobs import Job
from ..config.load import complaint
from ..system.errors import ConfigError
from ..system.threads import patience
from ..training.run_directory import write_json
from .batches import Runner, run_jobs
from .cells import ended
from .context import SweepContext
from .table import FINAL
from .task import Task, cut

if TYPE_CHECKING:
    import submitit

LAUNCHER = "BatchedSlurmLauncher"

POLL = (1.0, 30.0)
"""Seconds between two questions to Slurm, at first and at most."""

PATIENCE = 60.0
"""Seconds that interrupted tasks have to save and end."""


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What a task asks Slurm for; the launcher's dataclass has the meanings and defaults."""

    batch_size: Count
    timeout_min: Count
    partition: str | None
    cpus_per_task: Count
    gpus_per_node: Count | None
    mem_gb: Positive | None
    array_parallelism: Count
    signal_delay_s: Annotated[int, Meta(ge=0)]
    max_num_timeout: Annotated[int, Meta(ge=0)]
    additional_parameters: dict[str, Any]


def runner(launcher: DictConfig) -> Runner:
    """What runs the jobs of a sweep: this process, or Slurm for `hydra/launcher=batched_slurm`.

    Args:
        launcher: Hydra's configuration of the launcher.

    Raises:
        ConfigError: Slurm or submitit is not here, or an option has an impossible value.
    """
    raw = OmegaConf.to_container(launcher, resolve=True)
    assert isinstance(raw, dict)
    if not str(raw.pop("_target_")).endswith(LAUNCHER):
        return run_jobs
    if find_spec("submitit") is None:
        raise ConfigError(
            "hydra/launcher=batched_slurm needs submitit: pip install -e '.[slurm]' brings it"
        )
    if not all(map(shutil.which, ("sbatch", "srun", "squeue", "scancel"))):
        raise ConfigError(
            "hydra/launcher=batched_slurm: no sbatch here. Run it on a login node of a Slurm "
            "cluster, or leave it out to sweep on this machine"
        )
    try:
        return partial(run_on_slurm, msgspec.convert(raw, Request))
    except msgspec.ValidationError as error:
        said = str(error).replace("`$", "`$.hydra.launcher")
        raise ConfigError(complaint(said, {"hydra": {"launcher": raw}})) from None


def run_on_slurm(request: Request, jobs: Sequence[Job], context: SweepContext) -> None:
    """Run what is not final of `jobs` as tasks of one array, and wait for them.

    SIGINT and SIGTERM to this process end the tasks, after they have saved where they are.

    Raises:
        ConfigError: Slurm refuses the array, or tasks of this sweep are still in its queue.
    """
    refuse_a_second_array(context)
    context.table.drop_unfinished([job.name for job in jobs])
    statuses = context.table.statuses()
    tasks = [
        Task(tuple(batch), context.directory.absolute(), context.options, context.hydra)
        for batch in cut(jobs, request.batch_size)
        if any(statuses.get(job.name) not in FINAL for job in batch)
    ]
    if not tasks:
        return
    submitted = submit(tasks, request, context.directory)
    ids = [job.job_id for job in submitted]
    write_json(ids_file(context), ids)
    count = sum(len(task.jobs) for task in tasks)
    array = ids[0].partition("_")[0]
    context.say_whole(
        f"Slurm job {array}: {count:,} jobs in {len(tasks)} tasks; logs: {logs(context)}"
    )
    wait(ids, context)
    if context.stop():
        end(array, ids, context)
        return
    for task, job in zip(tasks, submitted, strict=True):
        record_lost(task, job, context)


def submit(tasks: Sequence[Task], request: Request, directory: Path) -> list[submitit.Job[None]]:
    """Send one array to Slurm.

    Raises:
        ConfigError: Slurm refuses it.
    """
    import submitit

    executor = submitit.AutoExecutor(
        folder=directory.absolute() / ".sweep" / "slurm" / "%j",
        cluster="slurm",
        slurm_max_num_timeout=request.max_num_timeout,
    )
    # Since Slurm 22.05 srun does not inherit cpus_per_task. Unpickling a task imports torch, which
    # takes its number of threads, and how they wait, from the environment; `settle` comes later.
    executor.update_parameters(
        name="stat4830_grad",
        timeout_min=request.timeout_min,
        cpus_per_task=request.cpus_per_task,
        gpus_per_node=request.gpus_per_node,
        mem_gb=request.mem_gb,
        slurm_partition=request.partition,
        slurm_array_parallelism=request.array_parallelism,
        slurm_signal_delay_s=request.signal_delay_s,
        slurm_srun_args=[f"--cpus-per-task={request.cpus_per_task}"],
        slurm_setup=[
            'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$SLURM_CPUS_PER_TASK}"',
            *(f"export {name}={value}" for name, value in patience().items()),
        ],
        slurm_additional_parameters={"requeue": True, **request.additional_parameters},
    )
    try:
        return executor.submit_array(tasks)
    except submitit.core.utils.FailedJobError as error:
        said = str(error).strip().splitlines()[-1]
        raise ConfigError(f"Slurm refuses these values of hydra.launcher: {said}") from None


def wait(ids: Sequence[str], context: SweepContext) -> None:
    """Return when Slurm has ended all tasks, or this process is interrupted.

    A task that is requeued stays in Slurm's queue all the time. Neither submitit's result files
    nor its states tell as much: a killed task leaves none, and states need accounting.
    """
    over, pause, answers = 0, POLL[0], True
    while not context.stop():
        there = queued()
        if there is None and answers:
            context.say("squeue does not answer; asking again until it does", style="yellow")
        answers = there is not None
        if there is not None and (now := sum(task not in there for task in ids)) > over:
            done = sum(status in FINAL for status in context.table.statuses().values())
            context.say(f"{now} of {len(ids)} tasks over; {done:,} jobs completed or diverged")
            over, pause = now, POLL[0]
        if over == len(ids):
            return
        until = time.monotonic() + pause
        while time.monotonic() < until and not context.stop():
            time.sleep(0.1)
        pause = min(1.2 * pause, POLL[1])


def queued() -> set[str] | None:
    """Ids of this user's tasks that Slurm has not ended; None if Slurm does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", "--format=%i"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except subprocess.SubprocessError:
        return None
    return set(asked.stdout.split())


def end(array: str, ids: Sequence[str], context: SweepContext) -> None:
    """End the tasks of an array, and give those that run time to save."""
    context.say(f"ending Slurm job {array}: waiting for its tasks to save")
    for which in (["--state=PENDING"], ["--signal=INT"]):
        subprocess.run(["scancel", "--quiet", *which, array], check=False)
    until = time.monotonic() + PATIENCE
    while (there := queued()) is None or there & set(ids):
        if time.monotonic() > until:
            context.say(f"tasks of Slurm job {array} have not ended; scancel {array} kills them")
            return
        time.sleep(POLL[0])


def ids_file(context: SweepContext) -> Path:
    """Where the ids of a sweep's tasks are kept."""
    return context.directory / ".sweep" / "slurm.json"


def logs(context: SweepContext) -> Path:
    """The directory of what the tasks of a sweep print."""
    return context.directory / ".sweep" / "slurm"


def refuse_a_second_array(context: SweepContext) -> None:
    """See that no task of a resumed sweep still runs: its process may have died without ending it.

    Raises:
        ConfigError: one is in Slurm's queue.
    """
    if not ids_file(context).exists():
        return
    left = sorted((queued() or set()) & set(json.loads(ids_file(context).read_text("utf-8"))))
    if left:
        array = left[0].partition("_")[0]
        raise ConfigError(
            f"{len(left)} tasks of this sweep are still in Slurm's queue: "
            f"wait for them, or end them by scancel {array}"
        )


def record_lost(task: Task, job: submitit.Job[None], context: SweepContext) -> None:
    """Rows for jobs whose task is over and has left none: it was killed, or could not start."""
    statuses = context.table.statuses()
    lost = [one for one in task.jobs if one.name not in statuses]
    if not lost:
        return
    said = [line for line in (job.stderr() or "").splitlines() if line.strip()]
    why = f"Slurm task {job.job_id} ended without it; its log ends: {said[-1] if said else '—'}"
    context.say_whole(f"{lost[0].name} and {len(lost) - 1} more: {why}", style="red")
    for one in lost:
        context.table.append(ended(one, "failed", error=why))
