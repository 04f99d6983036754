"""The schema of a configuration: every choice with its type and bounds. Imports no torch."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field

from .fields import (
    Count,
    NotNegative,
    Positive,
    Seed,
    per_run_fields,
)
from .models import Model
from .optimizers import Optimizer
from .problems import Problem


class Gradient(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    name: Literal["manual", "backward", "autograd_grad", "file"]
    path: str | None = None  # of gradient=file, and so is what follows
    trusted: bool = False
    autograd: Literal["allow", "forbid"] = "allow"
    seconds: Positive = 30.0  # of one call
    memory: Positive = 2.0  # GiB


TrackerName = Literal["tensorboard", "mlflow", "wandb", "trackio"]


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    every: Count
    first: Annotated[int, Meta(ge=0)]
    to: list[TrackerName] = field(default_factory=list)

    def due(self, updates: int) -> bool:
        """Whether a row is written after this many updates; the last is written in any case."""
        past = updates - self.first
        return updates == 0 or (past >= 0 and past % self.every == 0)

    def following(self, updates: int) -> int:
        """The first number of updates above this one after which a row is due."""
        past = updates - self.first
        following = self.first if past < 0 else updates + self.every - past % self.every
        return max(following, 1)


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: NotNegative


class Compare(Struct, frozen=True, forbid_unknown_fields=True):
    tolerance: NotNegative


class Sweep(Struct, frozen=True, forbid_unknown_fields=True):
    """How several runs are made; no part of any one of them."""

    zip: bool = False
    resume: str | None = None
    wait: bool = True  # false: on Slurm only
    batch: Count | None = None
    memory: Positive | None = None
    fail_fast: bool = False
    directories: Annotated[int, Meta(ge=0)] = 1000
    job_figures: Annotated[int, Meta(ge=0)] = 0


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    """Which past runs are shown."""

    directory: str
    where: str | None = None
    rows: Count = 30


class Grading(Struct, frozen=True, forbid_unknown_fields=True):
    """How a class is graded."""

    points: Positive
    seconds: Positive  # of one call
    memory: Positive  # GiB
    autograd: Literal["allow", "forbid"]
    jobs: Count | None = None
    only: str | None = None
    resume: str | None = None


class Tracing(Struct, frozen=True, forbid_unknown_fields=True):
    order: Count
    all: bool = False


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One run, every choice made."""

    task: Literal[
        "train", "check", "grade", "trace", "pitfalls", "lecture", "compare", "list", "export"
    ]
    problem: Problem
    gradient: Gradient
    optimizer: Optimizer
    steps: Count
    seed: Seed
    device: Literal["auto", "cpu", "cuda", "mps"]
    dtype: Literal["float32", "float64"]
    data_dir: str
    log: Log
    checkpoint: Checkpoint
    figures: bool
    resume: str | None
    debug: bool
    model: Model | None = None
    sweep: Sweep = field(default_factory=Sweep)
    pitfall: str | None = None
    runs: list[str] | str | None = None
    compare: Compare | None = None
    submissions: str | None = None
    grade: Grading | None = None
    trace: Tracing | None = None
    listing: Listing | None = field(default=None, name="list")
    products: Literal["auto", "compiled", "torch"] = "auto"
    threads: Count | None = None
    minibatch: Count | None = None


OF_OTHER_TASKS = ("pitfall", "runs", "compare", "trace", "list", "submissions", "grade")
"""Keys that say nothing of a run."""

PARTS = {"problem": Problem, "model": Model, "optimizer": Optimizer}
"""The parts of a configuration that are chosen among options, each a struct."""


@cache
def per_run_keys() -> frozenset[str]:
    """Every dotted key marked `PerRun`, such as optimizer.lr."""
    return frozenset(
        f"{part}.{key}"
        for part, options in PARTS.items()
        for option in get_args(options)
        for key in per_run_fields(option)
    )


def init_seed(config: Config) -> int | None:
    """The seed of a generator for the initial weights alone, if they have one."""
    chosen = config.model or config.problem
    seed: int | None = getattr(chosen, "init_seed", None)
    return seed
