"""`hydra/launcher=batched_slurm`: the sweep of `batched`, its batches as tasks of a Slurm array.

Hydra loads this file outside sys.modules, where dataclasses cannot have annotations as text.
"""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore

from hydra_plugins.stat4830_launchers.batched import BatchedLauncher


@dataclass
class BatchedSlurmLauncherConf:
    """What a task asks Slurm for; `stat4830_grad.sweep.slurm.request.Request` has the bounds."""

    _target_: str = "hydra_plugins.stat4830_launchers.batched_slurm.BatchedSlurmLauncher"

    batch_size: int = 64  # jobs of a task, at most
    timeout_min: int = 60  # minutes of a task before it is requeued
    partition: str | None = None  # null: Slurm's default
    cpus_per_task: int = 1
    gpus_per_node: int | None = None  # null: none; a task has one node
    mem_gb: float | None = None  # GB of a task; null: Slurm's default
    array_parallelism: int = 256  # tasks that may run at the same time
    signal_delay_s: int = 90  # seconds before the time limit at which a task saves and requeues
    max_num_timeout: int = 1000  # times a task may reach its time limit
    additional_parameters: Any = None  # of sbatch: {account: x, qos: y}


ConfigStore.instance().store(
    group="hydra/launcher",
    name="batched_slurm",
    node=BatchedSlurmLauncherConf,
    provider="stat4830_grad",
)


class BatchedSlurmLauncher(BatchedLauncher):
    """The sweep finds its options in the configuration, since lists use them without a launcher."""

    def __init__(self, **options: Any) -> None: ...
