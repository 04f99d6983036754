"""What the runs of a batch share: device, dtype, data and objective, from a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import problems
from ..config.schema import Config
from ..core import Objective
from ..problems.environment import Environment
from .device import pick_device


@dataclass(frozen=True)
class Setup:
    """What all runs of a batch share: device, dtype, data, and where random draws go on."""

    objective: Objective
    dataset: dict[str, Any]  # for summary.json
    device: torch.device
    dtype: torch.dtype
    after_data: Tensor  # state of the generator once the data are drawn


def prepare(config: Config) -> Setup:
    """The setup of `config` and of every job that differs only in what rows can carry.

    Raises:
        ConfigError: a choice cannot be run here, such as a device that is not there.
        DataError: a file is missing or damaged.
    """
    device, dtype = pick_device(config.device, config.dtype), getattr(torch, config.dtype)
    torch.set_float32_matmul_precision("highest")  # TF32 off
    generator = torch.Generator().manual_seed(config.seed)
    explains = config.task in ("check", "trace")  # what torch does, operation by operation
    where = Environment(
        generator=generator,
        device=device,
        dtype=dtype,
        seed=config.seed,
        data_dir=Path(config.data_dir).expanduser(),
        products="torch" if explains and config.products == "auto" else config.products,
    )
    objective, dataset = problems.build(config.problem, config.model, where)
    return Setup(objective, dataset, device, dtype, generator.get_state())
