"""From a configuration to its parts: objective, gradient, optimizer, initial parameters.

Takes one configuration, or several that differ only in what leading dimensions can carry (step
size, momentum, initial seed, initial point); those become one batch with *K = (K,).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import optimizers, schema
from .core import Gradient, Objective, Optimizer, Params, Record, State
from .gradients import GRADIENTS
from .ground import Ground, prepare, starting_at
from .replay import cuda_graph
from .schema import Config
from .student import gradient_from
from .train import start, train
from .weights import load_weights


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
