"""What is computed: a problem, its size, how many runs at once; its data, and its least time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

import msgspec
import torch
from torch import Tensor

from stat4830_grad.config.composing import compose
from stat4830_grad.config.models import ModelFile
from stat4830_grad.config.problems import Mnist
from stat4830_grad.config.schema import Config, Gradient
from stat4830_grad.data.idx import SETS, find_files
from stat4830_grad.data.images import Images
from stat4830_grad.data.split import split_images
from stat4830_grad.problems import Classification, LeastSquares, Polynomial, models
from stat4830_grad.problems.images import compiles
from stat4830_grad.tasks.check.cost import wait
from stat4830_grad.training.experiment import Experiment, build
from stat4830_grad.training.setup import Setup, prepare

from .measurement import Sample, Setting

Kind = Literal["logistic", "mlp", "least squares", "polynomial"]
MODELS: tuple[Kind, ...] = ("logistic", "mlp")
INPUTS, HIDDEN, PARAMETERS = 784, 32, 100


@dataclass(frozen=True)
class Case:
    """`runs` runs of one problem together, each with a step size of its own."""

    problem: Kind
    n: int  # samples
    runs: int = 1
    hidden: int = HIDDEN  # of a network
    columns: int = PARAMETERS  # of least squares

    @property
    def name(self) -> str:
        """As in the table: `mlp n=4,000 × 16`, `mlp n=4,000 with 1,024 hidden`."""
        size = "" if self.problem == "polynomial" else f" n={self.n:,}"
        if self.hidden != HIDDEN:
            size += f" with {self.hidden:,} hidden"
        if self.columns != PARAMETERS:
            size += f" with {self.columns:,} columns"
        return f"{self.problem}{size}" + (f" × {self.runs:,}" if self.runs > 1 else "")

    @property
    def usual(self) -> bool:
        """Whether its sizes but for n and the runs are those of the other cases."""
        return (self.hidden, self.columns) == (HIDDEN, PARAMETERS)

    def step_sizes(self) -> list[float]:
        """Between a tenth of a harmless step size and that; every run of them converges."""
        largest = {"polynomial": 0.1, "least squares": 5e-5}.get(self.problem, 0.01)
        exponents = torch.linspace(-1, 0, self.runs + 1, dtype=torch.float64)[1:]
        return (largest * 10**exponents).tolist()

    def flops(self) -> float:
        """Of the matrix products of one update of one run: forward, then the weights' gradient."""
        network = INPUTS * self.hidden
        width = {"logistic": INPUTS, "mlp": network, "least squares": self.columns}
        return 2 * 2 * self.n * width.get(self.problem, 0)

    def numbers(self) -> int:
        """In X, which every update has to read once at least."""
        width = {"logistic": INPUTS, "mlp": INPUTS, "least squares": self.columns}
        return self.n * width.get(self.problem, 0)


def has_mnist(data_dir: Path) -> bool:
    """Whether all four of its files are there."""
    return None not in find_files(SETS["mnist"], data_dir).values()


def configuration(case: Case, setting: Setting) -> Config:
    """What the command line would run for one run of `case`."""
    common = [f"device={setting.device}", f"data_dir={setting.data_dir}"]
    match case.problem:
        case "polynomial":
            return compose("problem=polynomial", *common)
        case "least squares":
            size = [f"problem.n={case.n}", f"problem.p={case.columns}", "problem.w_star=null"]
            return compose("problem=least_squares", "problem.noise=0.1", *size, *common)
        case "logistic" | "mlp":
            size = [f"problem.n_train={case.n}", "problem.n_val=0"]
            size += [f"model.hidden=[{case.hidden}]"] if case.problem == "mlp" else []
            return compose("problem=mnist", f"model={case.problem}", *size, *common)
        case _:
            assert_never(case.problem)


def make_setup(config: Config, setting: Setting) -> Setup:
    """The data: real where they are, synthetic images of MNIST's shape where they are not."""
    problem, model = config.problem, config.model
    if not isinstance(problem, Mnist) or model is None or has_mnist(setting.data_dir):
        return prepare(config)
    generator = torch.Generator().manual_seed(config.seed)
    device = torch.device(setting.device)
    split = split_images(
        synthetic_images(generator),
        generator=generator,
        n_train=problem.n_train,
        n_val=0,
        use_test=False,
        mean=problem.mean,
        std=problem.std,
        dtype=torch.float32,
        device=device,
        compiled=compiles(config.products, device),
    )
    assert not isinstance(model, ModelFile)  # no case has one
    objective = Classification(models.build(model, outputs=1), split)
    return Setup(objective, {"name": "synthetic"}, device, torch.float32, generator.get_state())


def synthetic_images(generator: torch.Generator) -> Images:
    """60,000 images with MNIST's empty margin; the parity is that of a brighter left half."""
    stored = torch.zeros(60_000, 28, 28, dtype=torch.uint8)
    ink = torch.randint(0, 256, (60_000, 20, 20), generator=generator, dtype=torch.uint8)
    ink[torch.rand(ink.shape, generator=generator) < 0.5] = 0
    stored[:, 4:24, 4:24] = ink
    left, right = ink[..., :10].sum((1, 2)), ink[..., 10:].sum((1, 2))
    return Images("synthetic", stored, (left > right).to(torch.uint8), None, None, "")


def experiments(case: Case, setting: Setting, methods: tuple[str, ...]) -> dict[str, Experiment]:
    """One experiment for each gradient method, with the same data and initial point."""
    config = configuration(case, setting)
    setup = make_setup(config, setting)
    rows = torch.Size(() if case.runs == 1 else (case.runs,))

    def jobs(method: str) -> list[Config]:
        replace = msgspec.structs.replace
        chosen = replace(config, gradient=msgspec.convert({"name": method}, Gradient))
        optimizers = [replace(config.optimizer, lr=lr) for lr in case.step_sizes()]
        return [replace(chosen, optimizer=optimizer) for optimizer in optimizers]

    return {method: build(jobs(method), rows, setup) for method in methods}


def data_of(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """X (n, d) and y (n,) of the training data; empty for a polynomial.

    Raises:
        TypeError: a problem of another kind.
    """
    match experiment.objective:
        case Classification(_, split):
            return split.train.X, split.train.y
        case LeastSquares() as objective:
            return objective.X, objective.y
        case Polynomial():
            return torch.empty(0), torch.empty(0)
        case other:
            raise TypeError(f"what the data of {type(other).__name__} are is not known")


def limit(case: Case, device: torch.device) -> Sample:
    """Seconds that one update of one run takes at least, both rates measured at every call.

    The products of all runs at the rate of a large product, or one pass over X, which all runs
    share, at the rate of reading a tensor of that size: whichever takes longer.
    """
    side = 8192 if device.type == "cuda" else 2048
    A = torch.rand(side, side, device=device)
    X = torch.rand(case.numbers(), device=device)

    def sample() -> float:
        arithmetic = case.runs * case.flops() / product_rate(A)
        return max(arithmetic, 4 * case.numbers() / read_rate(X)) / case.runs

    return sample


def product_rate(A: Tensor) -> float:
    """Floating-point operations per second of A @ A, by all threads."""
    wait(A.device)
    began = time.perf_counter()
    A @ A
    wait(A.device)
    return 2 * len(A) ** 3 / (time.perf_counter() - began)


def read_rate(X: Tensor, volume: float = 5e8) -> float:
    """Bytes per second of summing X (any number of entries), by all threads.

    Repeated until `volume` bytes are read, so that what fits a cache is read from there.
    """
    size = X.numel() * X.element_size()
    passes = max(1, round(volume / size))
    wait(X.device)
    began = time.perf_counter()
    for _ in range(passes):
        X.sum()
    wait(X.device)
    return passes * size / (time.perf_counter() - began)
