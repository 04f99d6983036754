"""The lecture's runs, composed from conf/ as the command line would compose them."""

from __future__ import annotations

from contextlib import nullcontext

import hydra
import torch
from hydra.core.global_hydra import GlobalHydra
from torch import Tensor

from ..config import parse, plain
from ..core import Record, State
from ..experiment import Experiment, build
from ..help import conf_dir
from ..hydra_versions import COMPOSING
from ..schema import Config


def compose(*overrides: str) -> Config:
    """What `python -m stat4830_grad overrides…` would run.

    Raises:
        ConfigError: it cannot be run.
    """
    running = GlobalHydra().is_initialized()  # within the program, or in a session of one's own
    context = (
        nullcontext() if running else hydra.initialize_config_dir(str(conf_dir()), **COMPOSING)
    )
    with context:
        return parse(plain(hydra.compose("config", list(overrides))))


def single(config: Config) -> Experiment:
    """The experiment of one run, *K = ()."""
    return build([config], torch.Size(()))


def history(experiment: Experiment, config: Config) -> list[tuple[State, Record]]:
    """Every state and record that the configuration's log asks for, the initial one first.

    For optimizers that leave earlier parameters alone, such as gd.
    """
    return list(experiment.train(experiment.start(), steps=config.steps, due=config.log.due))


def column(records: list[Record], name: str) -> Tensor:
    """One metric over a run: (number of records,)."""
    return torch.stack([record.values[name] for record in records])
