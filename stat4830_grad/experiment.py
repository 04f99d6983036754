"""From a configuration to its parts: objective, gradient, optimizer, initial parameters.

Takes one configuration, or several that differ only in what leading dimensions can carry (step
size, momentum, initial seed, initial point); those become one batch with *K = (K,).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import data, optimizers, problems, schema
from .core import Gradient, Model, Objective, Optimizer, Params, Record, State
from .device import pick_device
from .errors import ConfigError
from .gradients import GRADIENTS
from .models import MLP, RELU, TANH, Logistic
from .replay import cuda_graph
from .schema import Config
from .student import gradient_from
from .train import start, train
from .weights import load_indices, load_weights


@dataclass(frozen=True)
class Experiment:
    """Everything `train` needs, and what a summary says about the data."""

    objective: Objective
    gradient: Gradient
    optimizer: Optimizer
    lr: Tensor  # (*K,)
    params: Params  # initial point, each (*K, …)
    dataset: dict[str, Any]

    def start(self) -> State:
        """The state before the first update."""
        return start(self.params, self.optimizer, self.lr.shape)

    def train(
        self,
        state: State,
        *,
        steps: int,
        due: Callable[[int], bool],
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[State, Record]]:
        """`train.train` with these parts. On CUDA, updates are replayed from a graph.

        A student's gradient is not: it may do what a graph cannot hold.
        """
        self.objective.loss_and_gradient(state.params)  # what compiles does so before the clock
        ours = self.gradient in GRADIENTS.values()
        return train(
            self.objective,
            self.gradient,
            self.optimizer,
            self.lr,
            state,
            steps=steps,
            due=due,
            stop=stop,
            capture=cuda_graph if ours and self.lr.device.type == "cuda" else None,
        )


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


def build(jobs: Sequence[Config], rows: torch.Size, ground: Ground | None = None) -> Experiment:
    """The experiment of `jobs`, one per run; `rows` = *K is () for a run alone.

    Args:
        ground: what `prepare` made of one of the jobs, if it did already.

    Raises:
        ConfigError: a choice cannot be run here, such as a device that is not there.
        DataError: a file is missing or damaged.
    """
    first = jobs[0]
    ground = ground or prepare(first)
    objective, device, dtype = ground.objective, ground.device, ground.dtype

    def initial(job: Config) -> Params:
        own = schema.init_seed(job)
        weights = torch.Generator()
        if own is None:
            weights.set_state(ground.after_data)
        else:
            weights.manual_seed(own)
        params = starting_at(objective, job.problem).init(weights)
        path = job.model.init_from if job.model else None
        return load_weights(Path(path), params) if path else params

    def per_job(value: Callable[[Any], float]) -> Tensor:
        values = torch.tensor([value(job.optimizer) for job in jobs], dtype=dtype, device=device)
        return values.reshape(rows)

    starts = [initial(job) for job in jobs]
    params = {
        name: torch.stack([s[name] for s in starts]).reshape((*rows, *p.shape)).to(device, dtype)
        for name, p in starts[0].items()
    }
    return Experiment(
        objective=objective,
        gradient=build_gradient(first.gradient),
        optimizer=build_optimizer(first.optimizer, per_job),
        lr=per_job(lambda optimizer: optimizer.lr),
        params=params,
        dataset=ground.dataset,
    )


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


def build_gradient(choice: schema.Gradient) -> Gradient:
    return gradient_from(Path(choice.path)) if choice.path else GRADIENTS[choice.name]


def build_optimizer(choice: Any, per_job: Callable[[Callable[[Any], float]], Tensor]) -> Optimizer:
    match choice:
        case schema.GD():
            return optimizers.gd()
        case schema.TorchSGD():
            return optimizers.TorchSGD()
        case schema.Momentum():
            return optimizers.momentum(per_job(lambda o: o.beta))
        case schema.Nesterov():
            return optimizers.nesterov(per_job(lambda o: o.beta))
        case schema.Adam():
            return optimizers.adam(
                per_job(lambda o: o.beta1), per_job(lambda o: o.beta2), per_job(lambda o: o.eps)
            )
    raise TypeError(f"no optimizer is built from {choice!r}")


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
