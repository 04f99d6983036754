"""What the runner adds to the bare updates: progress, records, files, and its clock."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from rich.console import Console

from stat4830_grad.config.schema import Config
from stat4830_grad.core import Record, State
from stat4830_grad.tasks.check.cost import wait
from stat4830_grad.training.checkpoint import Checkpoint, save_checkpoint
from stat4830_grad.training.execution import execute
from stat4830_grad.training.experiment import Experiment, build
from stat4830_grad.training.loop import evaluate
from stat4830_grad.training.progress import progress
from stat4830_grad.training.run_directory import RunDirectory

from .cases import MODELS, Case, configuration, make_setup
from .measurement import Line, Result, Setting, alternate, compare

GOAL = 1.02


def measure(setting: Setting) -> Result:
    """The lecture's runs at n = 4,000, logged after every tenth update."""
    lines = []
    for model in MODELS:
        case = Case(model, 4000)
        config = configuration(case, setting)
        experiment = build([config], torch.Size(()), make_setup(config, setting))
        config = msgspec.structs.replace(config, steps=50 if setting.quick else config.steps)
        lines += [
            runner(model, experiment, config, setting),
            loop(model, experiment, config, setting),
            clock(model, experiment, setting),
        ]
    return Result(lines)


def runner(model: str, experiment: Experiment, config: Config, setting: Setting) -> Line:
    """A whole run against what it spends on updates and evaluations: the rest is the runner's."""
    full_run(experiment, config, setting)
    times = [full_run(experiment, config, setting) for _ in range(setting.rounds)]
    whole, steps = zip(*times, strict=True)
    names = (f"{model} {config.steps:,} updates: runner", "its updates, evaluations")
    goal = GOAL if setting.device == "cpu" else None
    return compare("overhead", names, (whole, steps), goal=goal)


def loop(model: str, experiment: Experiment, config: Config, setting: Setting) -> Line:
    """The training loop against one that checks nothing and can neither stop nor go on."""
    samples = {
        "ours": lambda: loop_run(experiment, config),
        "bare": lambda: bare_run(experiment, config),
    }
    values = alternate(samples, setting.rounds)
    names = (f"{model} {config.steps:,} updates: training loop", "bare loop")
    return compare("overhead", names, (values["ours"], values["bare"]))


@dataclass(frozen=True)
class Timed(Experiment):
    """Remembers how long training takes, from record to record."""

    seconds: list[float] = field(default_factory=list)

    def train(self, *args: Any, **options: Any) -> Iterator[tuple[State, Record]]:
        """As `Experiment.train`."""
        since = time.perf_counter()
        for item in super().train(*args, **options):
            self.seconds.append(time.perf_counter() - since)
            yield item
            since = time.perf_counter()


def full_run(experiment: Experiment, config: Config, setting: Setting) -> tuple[float, float]:
    """Seconds of a run with everything that a run on a terminal has, and of its training."""
    directory = Path(tempfile.mkdtemp(dir=setting.scratch))
    timed = Timed(**vars(experiment))
    with open(os.devnull, "w") as nowhere:
        console = Console(file=nowhere, force_terminal=True)
        began = time.perf_counter()
        files = RunDirectory(directory, timed.columns, [])
        sink = progress(console, config.steps, files.columns)
        execute(
            timed,
            timed.start(),
            config,
            [files],
            [sink],
            save=lambda state: save_checkpoint(directory / "checkpoint.pt", Checkpoint(state)),
            stop=lambda: False,
        )
        sink.close()
        return time.perf_counter() - began, sum(timed.seconds)


def loop_run(experiment: Experiment, config: Config) -> float:
    """Seconds of the training loop alone, evaluations included."""
    began = time.perf_counter()
    for _ in experiment.train(experiment.start(), steps=config.steps, due=config.log.due):
        pass
    return time.perf_counter() - began


def bare_run(experiment: Experiment, config: Config) -> float:
    """Seconds of the same updates and evaluations in a loop that does nothing else."""
    objective, optimizer = experiment.objective, experiment.optimizer
    params, memory = experiment.params, optimizer.init(experiment.params)
    began = time.perf_counter()
    for t in range(config.steps + 1):
        _, grads = experiment.gradient(objective, params)
        if config.log.due(t) or t == config.steps:
            evaluate(objective, params, grads, rows=0)
        params, memory = optimizer.update(params, grads, experiment.lr, memory)
    wait(experiment.lr.device)
    return time.perf_counter() - began


def clock(model: str, experiment: Experiment, setting: Setting) -> Line:
    """The runner's own clock, which the other groups rely on, against the wall's."""
    updates = 50 if setting.quick else 1000

    def both() -> tuple[float, float]:
        began = time.perf_counter()
        *_, (_, record) = experiment.train(experiment.start(), steps=updates, due=lambda _: False)
        return record.seconds, time.perf_counter() - began

    both()
    own, wall = zip(*(both() for _ in range(setting.rounds)), strict=True)
    names = (f"{model} {updates:,} updates: own clock", "wall clock, 1 evaluation")
    return compare("overhead", names, (own, wall))
