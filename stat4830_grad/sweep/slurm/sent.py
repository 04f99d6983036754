"""What was sent to Slurm: the tasks of a sweep with their jobs, kept in its directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, to_builtins

from ...system.errors import ConfigError
from ...system.reading import reading
from ...system.threads import patience
from ...training.run_directory import write_json
from ..context import SweepContext
from ..task import Task
from .request import Request


class Sent(Struct, frozen=True, forbid_unknown_fields=True):
    """A task that was sent to Slurm, and the limits that it was given."""

    id: str
    jobs: tuple[str, ...] = ()  # names of their directories; none: an earlier version did not say
    timeout_min: int = 0
    mem_gb: float | None = None


def send(tasks: Sequence[Task], request: Request, context: SweepContext) -> list[Sent]:
    """Send one array to Slurm.

    Raises:
        ConfigError: Slurm refuses it.
    """
    import submitit

    executor = submitit.AutoExecutor(
        folder=logs(context) / "%j",
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
        slurm_additional_parameters={"requeue": True, **(request.additional_parameters or {})},
    )
    try:
        submitted = executor.submit_array(tasks)
    except submitit.core.utils.FailedJobError as error:
        said = str(error).strip().splitlines()[-1]
        raise ConfigError(f"Slurm refuses these values of hydra.launcher: {said}") from None
    return [
        Sent(job.job_id, tuple(one.name for one in task.jobs), request.timeout_min, request.mem_gb)
        for task, job in zip(tasks, submitted, strict=True)
    ]


def record(sent: Sequence[Sent], context: SweepContext) -> None:
    """Keep what was sent, for a process that comes later."""
    write_json(file_of(context), to_builtins(sent))


def recorded(context: SweepContext) -> list[Sent]:
    """What was sent, as it was kept.

    Raises:
        DataError: the file is damaged.
    """
    file = file_of(context)
    if not file.exists():
        return []
    with reading(file, "the list of a sweep's Slurm tasks"):
        kept = msgspec.json.decode(file.read_bytes(), type=list[Sent | str])
    return [Sent(one) if isinstance(one, str) else one for one in kept]


def file_of(context: SweepContext) -> Path:
    """Where that is kept."""
    return context.directory / ".sweep" / "slurm.json"


def logs(context: SweepContext) -> Path:
    """The directory of what the tasks of a sweep print."""
    return context.directory / ".sweep" / "slurm"


def log(task: Sent, context: SweepContext) -> str | None:
    """What a task, and Slurm about it, wrote to standard error; None if it never began."""
    import submitit

    paths = submitit.core.utils.JobPaths(logs(context) / "%j", job_id=task.id, task_id=0)
    try:
        return paths.stderr.read_text("utf-8", errors="replace")
    except OSError:
        return None
