"""Which minibatches can be taken. Imports no torch."""

from __future__ import annotations

from ..system.errors import ConfigError
from .problems import SampledProblem
from .schema import Config


def check_minibatch(config: Config) -> None:
    """Whether the problem has samples, and so many, as far as is known before its data are read.

    Raises:
        ConfigError: it has not.
    """
    size, problem = config.minibatch, config.problem
    if size is None:
        return
    if not isinstance(problem, SampledProblem):
        raise ConfigError(
            f"minibatch={size}: problem={problem.name} has no samples to take some of; leave it out"
        )
    if problem.known_samples is not None:
        check_size(size, problem.known_samples)


def check_size(size: int, n: int) -> None:
    """Whether there are `size` samples among n.

    Raises:
        ConfigError: there are not.
    """
    if size > n:
        there_are = f"minibatch={size}: there are {n:,} samples to train on"
        raise ConfigError(f"{there_are}; leave it out, and every update sees all of them")
