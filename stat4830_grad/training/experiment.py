"""From a configuration to its parts: objective, gradient, optimizer, initial parameters.

Takes one configuration, or several that differ only in what leading dimensions can carry (step
size, momentum, initial seed, initial point); those become one batch with *K = (K,).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import optimizers
from ..config import schema
from ..config.fields import per_run_fields
from ..config.optimizers import Optimizer as OptimizerChoice
from ..config.schema import Config
from ..core import Gradient, Objective, Optimizer, Params, Record, Sampled, State, stacked
from ..data.weights import load_weights
from ..gradients.methods import GRADIENTS, backward, manual
from ..metrics import Metric
from ..problems import penalised
from .choice import stepper_for
from .coordinates import coordinates, logged_columns
from .loop import start, train
from .minibatches import Minibatches, Sampling
from .setup import Setup, prepare
from .steppers import Parts


@dataclass(frozen=True)
class Experiment:
    """Everything `train` needs, and what a summary says about the data."""

    objective: Objective
    gradient: Gradient
    optimizer: Optimizer
    lr: Tensor  # (*K,)
    params: Params  # initial point, each (*K, …)
    dataset: dict[str, Any]
    sampling: Sampling | None = None  # of minibatches; None is the full batch

    @property
    def columns(self) -> tuple[Metric, ...]:
        """What is logged, in its order; the loss comes first."""
        numbers = coordinates(self.params, self.lr.ndim)
        scheduled = isinstance(self.optimizer, optimizers.Scheduled)
        return logged_columns(self.objective, numbers, scheduled=scheduled)

    def start(self) -> State:
        """The state before the first update."""
        return start(self.params, self.optimizer, self.lr.shape)

    def train(
        self,
        state: State,
        *,
        steps: int,
        due: Callable[[int], bool],
        following: Callable[[int], int] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[State, Record]]:
        """`loop.train` with these parts, whose updates `stepper_for` has made."""
        warm = manual if self.gradient is manual else backward
        warm(self.objective, state.params)  # what compiles does so before the clock
        minibatches = self.minibatches()
        parts = Parts(self.objective, self.gradient, self.optimizer, self.lr, minibatches)
        stepper = stepper_for(parts, self.lr.device, state.updates, steps)
        return train(
            parts, state, steps=steps, due=due, following=following, stop=stop, stepper=stepper
        )

    def minibatches(self) -> Minibatches | None:
        """What each update sees of the objective; None is all of it.

        Raises:
            ConfigError: it has fewer samples than a minibatch takes.
        """
        if self.sampling is None:
            return None
        assert isinstance(self.objective, Sampled)  # the schema says of which problem it is
        return Minibatches(self.objective, self.sampling, self.lr.device)

    @property
    def updates_per_epoch(self) -> int | None:
        """None where every update sees all data."""
        minibatches = self.minibatches()
        return minibatches.per_epoch if minibatches else None


def build(jobs: Sequence[Config], rows: torch.Size, setup: Setup | None = None) -> Experiment:
    """The experiment of `jobs`, one per run; `rows` = *K is () for a run alone.

    Args:
        setup: what `prepare` made of one of the jobs, if it did already.

    Raises:
        ConfigError: a choice cannot be run here, such as a device that is not there.
        DataError: a file is missing or damaged.
    """
    first = jobs[0]
    setup = setup or prepare(first)
    objective = setup.objective
    if rows:  # each run with its own penalty
        problems = [job.problem for job in jobs]
        objective = penalised(objective, problems, rows, setup.device, setup.dtype)
    starts = [initial(job, setup) for job in jobs]
    params = {n: p.to(setup.device, setup.dtype) for n, p in stacked(starts, rows).items()}
    values = hyperparameters([job.optimizer for job in jobs], rows, setup)
    gradient = build_gradient(first.gradient)
    evaluate = partial(gradient, objective)
    experiment = Experiment(
        objective=objective,
        gradient=gradient,
        optimizer=optimizers.build(first.optimizer, values, first.steps, params, evaluate),
        lr=values["lr"],
        params=params,
        dataset=setup.dataset,
        sampling=Sampling(first.minibatch, first.seed) if first.minibatch else None,
    )
    experiment.minibatches()  # refused before anything is written
    return experiment


def initial(job: Config, setup: Setup) -> Params:
    """The initial point of one run (*K = ()), drawn or as its files have it.

    Raises:
        ConfigError: a point that is asked for does not fit the data.
        DataError: the file of the weights is missing or damaged.
    """
    weights, own = torch.Generator(), schema.init_seed(job)
    if own is None:
        weights.set_state(setup.after_data)
    else:
        weights.manual_seed(own)
    params = setup.objective.starting_at(job.problem).init(weights)
    path = job.model.init_from if job.model else None
    return load_weights(Path(path), params) if path else params


def build_gradient(choice: schema.Gradient) -> Gradient:
    """One of ours, or the function of the file that `gradient.path` names."""
    if not choice.path:
        return GRADIENTS[choice.name]
    from ..gradients.file import gradient_from  # and with it the sandbox, for a file alone

    return gradient_from(choice)


def hyperparameters(
    jobs: Sequence[OptimizerChoice], rows: torch.Size, setup: Setup
) -> dict[str, Tensor]:
    """Every key of an optimizer that a run may have of its own, lr among them: (*K,)."""
    own = {key: [getattr(job, key) for job in jobs] for key in per_run_fields(type(jobs[0]))}
    return {
        key: torch.tensor(values, dtype=setup.dtype, device=setup.device).reshape(rows)
        for key, values in own.items()
    }
