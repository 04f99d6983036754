"""A function in a Python file of the user's: `loss`, where it starts, and what else is known.

The file defines `loss`, whose arguments are the parameters, and `start`; it may define `gradient`,
`metrics` and `minimiser`. Its tensors at module level are its data.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..config import problems as choices
from ..core import Params
from ..metrics import Metric
from ..system.errors import ConfigError
from ..system.user_file import UserFile, run_file
from .environment import Environment
from .file_objective import FileObjective, as_metrics, called
from .file_values import as_params, saved_numbers, settle, start

KEY = "problem.path"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The generators that a file may draw its data from without a seed, begun with this one."""
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


def from_file(
    path: Path, seed: int, generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> FileObjective:
    """The function of a file, which is run.

    Its data come to the device and, if they are no whole numbers, to the dtype of the run.

    Args:
        seed: of what the file draws without a seed of its own.
        generator: which draws the initial point; it is left as it is.

    Raises:
        ConfigError: the file cannot be used; the message has the line where there is one.
    """
    with seeded(seed):
        file = run_file(path, KEY, "a Python file with a function loss")
    settle(file, device, dtype)
    drawn = torch.Generator()
    drawn.set_state(generator.get_state())
    like = {name: p.to(device, dtype) for name, p in start(file, drawn).items()}
    minimiser = None
    if file.defines("minimiser"):
        minimiser = shaped(as_params(file.value("minimiser"), file, "minimiser"), like, file)
    said, loss = file.said, file.function("loss")
    extra: tuple[Metric, ...] = ()
    if file.defines("metrics"):
        names = as_metrics(called(file.function("metrics"), like), said, like)
        extra = tuple(Metric(name, name.replace("_", " "), better=None) for name in names)
    numbers = saved_numbers(lambda params: called(loss, params), like, said)
    return FileObjective(file, like, extra, minimiser, numbers)


def shaped(found: Params, like: Params, file: UserFile) -> Params:
    """The minimiser that a file names, in the shapes of its start.

    Raises:
        ConfigError: it has others.
    """
    for name, p in like.items():
        if name not in found or found[name].numel() != p.numel():
            raise ConfigError(f"{file.said}: minimiser and start differ in {name}")
    return {name: found[name].to(p).reshape(p.shape) for name, p in like.items()}


def build(
    problem: choices.ProblemFile, model: None, where: Environment
) -> tuple[FileObjective, dict[str, Any]]:
    """The function of the file that is named.

    Raises:
        ConfigError: as `from_file`.
    """
    objective = from_file(
        Path(problem.path), where.seed, where.generator, where.device, where.dtype
    )
    return objective, {"name": problem.name, "path": problem.path}
