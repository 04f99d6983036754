"""The schema of a configuration: every choice with its type and bounds. Imports no torch."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta, Struct, field

from .fields import (
    LARGEST,
    Count,
    Finite,
    NotNegative,
    PerRun,
    Positive,
    Seed,
    Strict,
    per_run_fields,
)
from .optimizers import Optimizer


class ProblemKeys(Strict, frozen=True):
    """What every problem states about itself."""

    module: ClassVar[str]  # of stat4830_grad.problems, where the objective is
    takes_model: ClassVar[bool] = False


class Polynomial(ProblemKeys, frozen=True, tag="polynomial"):
    module: ClassVar[str] = "polynomial"
    coefficients: Annotated[list[Finite], Meta(min_length=2)]
    x0: Annotated[Finite, PerRun]


class Composite(ProblemKeys, frozen=True, tag="composite"):
    module: ClassVar[str] = "composite"
    inputs: Count
    hidden: Count
    outputs: Count
    init_seed: Annotated[Seed | None, PerRun]


class SampledProblem(ProblemKeys, frozen=True):
    """A problem that adds up over samples, so that minibatches can be taken of it."""

    @property
    def known_samples(self) -> int | None:
        """How many there are to train on, where no file has to be read to know."""
        return None


class TableFile(SampledProblem, frozen=True, kw_only=True):
    """The keys of a table in a file of the user's; `data.table.read_table` reads it."""

    file: str | None = None
    target: str = "y"
    columns: list[str] | None = None  # the features; None takes all
    drop: list[str] = field(default_factory=list)
    missing: Literal["error", "drop"] = "error"
    delimiter: str | None = None  # this one and what follows: None finds it
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    encoding: str | None = None


class LeastSquares(TableFile, frozen=True, kw_only=True, tag="least_squares"):
    module: ClassVar[str] = "least_squares"
    file: str | None
    target: str
    standardize: bool = False
    intercept: bool = False
    n: Count
    p: Count
    w_star: list[Finite] | None
    noise: NotNegative
    condition: Annotated[float, Meta(ge=1, le=LARGEST)] | None
    w0: Annotated[list[Finite] | None, PerRun]

    @property
    def known_samples(self) -> int | None:
        """Those that are drawn."""
        return self.n if self.file is None else None


class Table(TableFile, frozen=True, kw_only=True, tag="table"):
    module: ClassVar[str] = "table"
    takes_model: ClassVar[bool] = True
    file: str
    val_share: Annotated[float, Meta(ge=0, lt=1)]
    standardize: bool
    intercept: bool


class Formula(ProblemKeys, frozen=True, tag="formula"):
    module: ClassVar[str] = "formula"
    f: Annotated[str, Meta(min_length=1)]
    start: Annotated[dict[str, Finite], PerRun]  # parameter -> initial value


class ProblemFile(ProblemKeys, frozen=True, tag="file"):
    module: ClassVar[str] = "file"
    path: str
    init_seed: Annotated[Seed | None, PerRun]


class ImageProblem(SampledProblem, frozen=True):
    module: ClassVar[str] = "images"
    takes_model: ClassVar[bool] = True
    n_train: Count
    n_val: Annotated[int, Meta(ge=0)]
    test: bool
    mean: Finite
    std: Positive
    indices: str | None
    labels: Literal["parity", "digit"] = "parity"

    @property
    def known_samples(self) -> int | None:
        """The images to train on."""
        return self.n_train


class Mnist(ImageProblem, frozen=True, tag="mnist"):
    pass


class FashionMnist(ImageProblem, frozen=True, tag="fashion_mnist"):
    pass


class Kmnist(ImageProblem, frozen=True, tag="kmnist"):
    pass


class Digits(ImageProblem, frozen=True, tag="digits"):
    pass


class Logistic(Strict, frozen=True, tag="logistic"):
    bias: bool
    init_seed: Annotated[Seed | None, PerRun]
    init_from: Annotated[str | None, PerRun]


class MLP(Strict, frozen=True):
    hidden: Annotated[list[Count], Meta(min_length=1)]
    init_seed: Annotated[Seed | None, PerRun]
    init_from: Annotated[str | None, PerRun]


class ReluMLP(MLP, frozen=True, tag="relu_mlp"):
    pass


class TanhMLP(MLP, frozen=True, tag="tanh_mlp"):
    pass


class Gradient(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    name: Literal["manual", "backward", "autograd_grad", "file"]
    path: str | None = None  # of gradient=file


Problem = (
    Polynomial
    | Composite
    | LeastSquares
    | Table
    | Formula
    | ProblemFile
    | Mnist
    | FashionMnist
    | Kmnist
    | Digits
)
Model = Logistic | ReluMLP | TanhMLP


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    every: Count
    first: Annotated[int, Meta(ge=0)]

    def due(self, updates: int) -> bool:
        """Whether a row is written after this many updates; the last is written in any case."""
        past = updates - self.first
        return updates == 0 or (past >= 0 and past % self.every == 0)


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: NotNegative


class Compare(Struct, frozen=True, forbid_unknown_fields=True):
    tolerance: NotNegative


class Sweep(Struct, frozen=True, forbid_unknown_fields=True):
    """How several runs are made; no part of any one of them."""

    zip: bool = False
    resume: str | None = None
    batch: Count | None = None
    memory: Positive | None = None
    job_figures: Annotated[int, Meta(ge=0)] = 100


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    """Which past runs are shown."""

    directory: str
    where: str | None = None
    rows: Count = 30


class Tracing(Struct, frozen=True, forbid_unknown_fields=True):
    order: Count
    all: bool = False


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One run, every choice made."""

    task: Literal["train", "check", "trace", "pitfalls", "lecture", "compare", "list"]
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
    trace: Tracing | None = None
    listing: Listing | None = field(default=None, name="list")
    products: Literal["auto", "compiled", "torch"] = "auto"
    threads: Count | None = None
    minibatch: Count | None = None


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
