"""The lecture's runs: one experiment each, and its whole history."""

from __future__ import annotations

import torch
from torch import Tensor

from ...config.schema import Config
from ...core import Record, State
from ...training.experiment import Experiment, build


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
