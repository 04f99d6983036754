"""What a task asks Slurm for, checked before anything is sent. Imports no torch."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from omegaconf import DictConfig, OmegaConf

from ...config.fields import Count, Positive
from ...config.load import complaint
from ...system.errors import ConfigError

LAUNCHER = "BatchedSlurmLauncher"


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
    additional_parameters: dict[str, Any] | None


def request_of(launcher: DictConfig) -> Request | None:
    """What the tasks of a sweep ask for; None where this machine runs its jobs.

    Args:
        launcher: Hydra's configuration of the launcher.

    Raises:
        ConfigError: Slurm or submitit is not here, or an option has an impossible value.
    """
    raw = OmegaConf.to_container(launcher, resolve=True)
    assert isinstance(raw, dict)
    if not str(raw.pop("_target_")).endswith(LAUNCHER):
        return None
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
        request = msgspec.convert(raw, Request)
    except msgspec.ValidationError as error:
        said = str(error).replace("`$", "`$.hydra.launcher")
        raise ConfigError(complaint(said, {"hydra": {"launcher": raw}})) from None
    if request.signal_delay_s >= 60 * request.timeout_min:
        raise ConfigError(
            f"hydra.launcher.signal_delay_s={request.signal_delay_s}: tasks of "
            f"hydra.launcher.timeout_min={request.timeout_min} would have to save before they have "
            "begun; write fewer seconds, or more minutes"
        )
    return request
