"""The ground that runs stand on: device, dtype, data and objective, from a configuration."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import data, problems, schema
from .core import Model, Objective
from .device import pick_device
from .errors import ConfigError
from .models import MLP, RELU, TANH, Logistic
from .schema import Config
from .weights import load_indices


@dataclass(frozen=True)
class Ground:
    """What all runs of a batch share: device, dtype, data, and where random draws go on."""

    objective: Objective
    dataset: dict[str, Any]
    device: torch.device
    dtype: torch.dtype
    after_data: Tensor  # state of the generator once the data are drawn


def prepare(config: Config) -> Ground:
    """The ground of `config` and of every job that differs only in what rows can carry.

    Raises:
        ConfigError: a choice cannot be run here, such as a device that is not there.
        DataError: a file is missing or damaged.
    """
    device, dtype = pick_device(config), getattr(torch, config.dtype)
    torch.set_float32_matmul_precision("highest")  # TF32 off
    generator = torch.Generator().manual_seed(config.seed)
    objective, dataset = build_objective(config, generator, device, dtype)
    return Ground(objective, dataset, device, dtype, generator.get_state())


def build_objective(
    config: Config, generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> tuple[Objective, dict[str, Any]]:
    """The objective, and a description of its data for the summary."""
    match config.problem:
        case schema.Polynomial(coefficients, x0):
            return problems.Polynomial(tuple(coefficients), x0), {"name": "polynomial"}
        case schema.Composite(inputs, hidden, outputs):
            y = torch.randn(outputs, generator=generator).to(device, dtype)
            return problems.Composite(y, inputs, hidden), {"name": "composite"}
        case schema.LeastSquares() as problem:
            return build_least_squares(problem, generator, device, dtype)
        case schema.ImageProblem() as problem:
            return build_parity(config, problem, generator, device, dtype)


def build_least_squares(
    problem: schema.LeastSquares,
    generator: torch.Generator,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[Objective, dict[str, Any]]:
    if problem.file is None:
        X, y, _ = data.synthetic_least_squares(
            generator=generator,
            n=problem.n,
            p=problem.p,
            w_star=problem.w_star,
            noise=problem.noise,
            condition=problem.condition,
            dtype=dtype,
            device=device,
        )
        dataset: dict[str, Any] = {"name": "synthetic"}
    else:
        X, y, features = data.load_least_squares(
            Path(problem.file), problem.target, dtype=dtype, device=device
        )
        dataset = {"name": problem.file, "target": problem.target, "features": features}
    objective = problems.LeastSquares(X, y, problems.minimiser(X, y))
    return objective, {**dataset, "n": X.shape[0], "p": X.shape[1]}


def build_parity(
    config: Config,
    problem: schema.ImageProblem,
    generator: torch.Generator,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[Objective, dict[str, Any]]:
    images = data.load_images(problem.name, Path(config.data_dir).expanduser())
    indices = load_indices(Path(problem.indices)) if problem.indices else None
    split = data.split_images(
        images,
        generator=generator,
        n_train=problem.n_train,
        n_val=problem.n_val,
        use_test=problem.test,
        mean=problem.mean,
        std=problem.std,
        dtype=dtype,
        device=device,
        compiled=compiles(config, device),
        indices=indices,
    )
    dataset = {
        "name": problem.name,
        "sha256": split.sha256,
        "n_train": problem.n_train,
        "n_val": problem.n_val,
    }
    return problems.Parity(build_model(config.model), split), dataset


def compiles(config: Config, device: torch.device) -> bool:
    """Whether products with images are compiled, instead of torch's own with a dense matrix.

    Raises:
        ConfigError: they are to be, on a device that has none.
    """
    if config.products == "compiled" and device.type != "cpu":
        raise ConfigError(f"products=compiled: device={device} has none; use products=torch")
    explains = config.task in ("check", "trace")  # what torch does, operation by operation
    return config.products == "compiled" or (
        config.products == "auto" and device.type == "cpu" and not explains
    )


def build_model(model: Any) -> Model:
    match model:
        case schema.Logistic(bias):
            return Logistic(bias)
        case schema.ReluMLP(hidden):
            return MLP(tuple(hidden), RELU)
        case schema.TanhMLP(hidden):
            return MLP(tuple(hidden), TANH)
    raise TypeError(f"no model is built from {model!r}")


def starting_at(objective: Objective, problem: Any) -> Objective:
    """The same objective with the initial point of `problem`, where it names one.

    Raises:
        ConfigError: the point has not as many entries as the data have columns.
    """
    match objective, problem:
        case problems.Polynomial(), schema.Polynomial():
            return dataclasses.replace(objective, x0=problem.x0)
        case problems.LeastSquares(), schema.LeastSquares():
            w0 = None if problem.w0 is None else tuple(problem.w0)
            if w0 is not None and len(w0) != objective.X.shape[1]:
                raise ConfigError(
                    f"problem.w0 has {len(w0)} entries, "
                    f"but the data has {objective.X.shape[1]} columns"
                )
            return dataclasses.replace(objective, w0=w0)
    return objective
