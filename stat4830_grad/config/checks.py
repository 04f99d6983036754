"""What single values of a configuration cannot tell: which of them go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..system.errors import ConfigError
from ..system.wording import listed
from .conditions import conditions
from .formula import check_start
from .formula import parse as parse_formula
from .formula_tree import constants
from .keys import options
from .problems import Formula, LeastSquares, Polynomial, Problem, SampledProblem, TableFile
from .sampling import check_minibatch
from .schema import Config
from .torch_classes import Torch
from .torch_options import check_options
from .trackers import check_installed
from .values import leaves, written

LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127
TOO_LARGE = "too large for float32, which ends at 3.4e38; write dtype=float64"

OF_TABLES = (("standardize", False), ("intercept", False))
"""Further keys of least squares that change nothing but a table, and what they are by default."""


OF_DRAWN = ("n", "p", "w_star", "noise", "condition")
"""Keys of least squares that say how data are drawn where no table is read."""


def check_drawn(raw: dict[str, Any], overrides: Sequence[str]) -> None:
    """See that no typed key says how data are drawn that are read from a table.

    Args:
        raw: the configuration that `overrides` compose to.

    Raises:
        ConfigError: one does.
    """
    problem = raw["problem"]
    if problem["name"] != "least_squares" or problem["file"] is None:
        return
    for override in overrides:
        key = override.partition("=")[0].lstrip("+")
        if key in {f"problem.{name}" for name in OF_DRAWN}:
            raise ConfigError(f"{override} is for drawn data: leave it out, or problem.file")


def check_range(config: Config) -> None:
    """Whether every number fits into the dtype, a polynomial's also times their powers.

    Raises:
        ConfigError: one does not.
    """
    if config.dtype != "float32":
        return
    if isinstance(config.problem, Formula):
        for number in constants(parse_formula(config.problem.f).root):
            if abs(number) > LARGEST_FLOAT32:
                raise ConfigError(f"problem.f: {written(number)} is {TOO_LARGE}")
    factor = len(config.problem.coefficients) if isinstance(config.problem, Polynomial) else 1
    for key, value in leaves(msgspec.to_builtins(config)):
        scale = factor if key == "problem.coefficients" else 1
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, float) and abs(number) * scale > LARGEST_FLOAT32:
                raise ConfigError(f"{key}={written(value)}: {TOO_LARGE}")


def check(config: Config) -> None:
    """What single values cannot tell: which of them go together.

    Raises:
        ConfigError: two choices contradict each other.
    """
    problem, model, name = config.problem, config.model, config.problem.name
    check_problem(problem)
    check_range(config)
    check_minibatch(config)
    if isinstance(config.optimizer, Torch):
        check_options(config.optimizer, config.minibatch)
    if problem.takes_model and model is None:
        raise ConfigError(f"problem={name} needs a model: {listed(options('model'))}")
    if model is not None and not problem.takes_model:
        raise ConfigError(f"problem={name} takes no model: leave out model={model.name}")
    if (config.gradient.name == "file") != (config.gradient.path is not None):
        raise ConfigError(
            "gradient=file and gradient.path=FILE.py go together: the file defines your gradient"
        )
    if config.gradient.trusted and config.gradient.autograd == "forbid":
        raise ConfigError(
            "gradient.autograd=forbid holds in a process of the file's own: leave out "
            "gradient.trusted=true"
        )
    check_task(config)


def check_problem(problem: Problem) -> None:
    """Which keys of a problem go together.

    Raises:
        ConfigError: two of them contradict each other.
    """
    if isinstance(problem, Formula):
        check_start(problem.f, problem.start)
    if isinstance(problem, Polynomial) and not any(problem.coefficients[:-1]):
        raise ConfigError(
            f"problem.coefficients={problem.coefficients} is a constant: nothing to minimise"
        )
    if isinstance(problem, LeastSquares) and problem.file is None:
        for key, usual in (*leaves(msgspec.to_builtins(TableFile())), *OF_TABLES):
            of_any = key == "name" or key in SampledProblem.__struct_fields__
            if not of_any and (value := getattr(problem, key)) != usual:
                typed = f"problem.{key}={written(value)}"
                raise ConfigError(f"{typed} is for a table: write problem.file=FILE.csv too")
        for key, vector in (("w_star", problem.w_star), ("w0", problem.w0)):
            if vector is not None and len(vector) != problem.p:
                raise ConfigError(
                    f"problem.{key}={vector} has {len(vector)} entries, but problem.p={problem.p}"
                )


def check_task(config: Config) -> None:
    """Whether a task has the keys that it needs.

    Raises:
        ConfigError: one is missing, or cannot be used.
    """
    conditions(config.listing.where if config.listing else None)
    check_installed(config.log.to)
    if config.task == "export" and not (config.runs and config.log.to):
        raise ConfigError("task=export takes runs and trackers; write runs=[DIR,DIR] log.to=mlflow")
    if config.task == "compare" and not config.runs:
        typed = written(config.runs)
        raise ConfigError(f"runs={typed}: to compare takes two runs; write runs=[DIR,DIR]")
