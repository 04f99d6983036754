"""Every problem with every model it takes, small enough for a test, and batches of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.config.formula import parse
from stat4830_grad.config.torch_classes import CLASSES, Option
from stat4830_grad.core import Model, Objective, Optimizer, Params
from stat4830_grad.data import Part, Split, synthetic_least_squares
from stat4830_grad.gradients.methods import manual
from stat4830_grad.problems import (
    Classification,
    Composite,
    Formula,
    LeastSquares,
    Polynomial,
    minimiser,
)
from stat4830_grad.problems.file import from_file
from stat4830_grad.problems.file_classification import FileClassification
from stat4830_grad.problems.file_classification import from_file as model_from_file
from stat4830_grad.problems.likelihoods import Softmax
from stat4830_grad.problems.models import MLP, RELU, TANH, Logistic

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "problems"

NAMES = (
    "polynomial",
    "quartic",
    "composite",
    "least_squares",
    "ridge",
    "formula",
    "file",
    "logistic",
    "logistic_bias",
    "relu_mlp",
    "tanh_mlp",
    "tanh_mlp_l2",
    "deep_relu_mlp",
    "deep_tanh_mlp",
    "softmax",
    "softmax_bias",
    "softmax_relu_mlp",
    "softmax_deep_tanh_mlp",
    "file_model",
)
MODELS: dict[str, Model] = {
    "logistic": Logistic(),
    "logistic_bias": Logistic(bias=True),
    "relu_mlp": MLP((8,), RELU),
    "tanh_mlp": MLP((8,), TANH),
    "deep_relu_mlp": MLP((7, 5, 4), RELU),
    "deep_tanh_mlp": MLP((7, 5), TANH),
}
SOFTMAX_MODELS: dict[str, Model] = {  # of ten classes
    "softmax": Logistic(outputs=10),
    "softmax_bias": Logistic(bias=True, outputs=10),
    "softmax_relu_mlp": MLP((8,), RELU, outputs=10),
    "softmax_deep_tanh_mlp": MLP((7, 5), TANH, outputs=10),
}


OURS = ("gd", "torch_sgd", "momentum", "nesterov", "adam")
RULES = (*OURS, "gd_cosine", "torch_sgd_cosine", "AdamW", "file")
"""Every rule of ours; a schedule around one that takes its step size as a tensor and one that does
not, with 4 updates of warm-up and its end at 30; a class of torch's; and a file of a user's."""

HEAVY_BALL = """
def init(params):
    return {"velocity": {k: 0 * p for k, p in params.items()}, "updates": 0}


def update(params, grads, lr, state):
    v = {k: 0.9 * state["velocity"][k] + g for k, g in grads.items()}
    moved = {k: p - lr * v[k] for k, p in params.items()}
    return moved, {"velocity": v, "updates": state["updates"] + 1}
"""


SOFTMAX = """
import torch
from torch import nn


def model(features, outputs):
    return nn.Linear(features, outputs)


def gradient(params, X, y):
    P = torch.softmax(X @ params["weight"].T + params["bias"], 1)
    error = (P - nn.functional.one_hot(y, 10)) / len(y)
    return {"weight": error.T @ X, "bias": error.sum(0)}
"""


def rule_named(
    name: str, params: Params, lr: Tensor, beta: Sequence[float] | float = 0.9
) -> Optimizer:
    """The rule with the usual hyperparameters.

    Args:
        params: the initial point, each (*K, …).
        lr: (*K,).
        beta: of momentum; several for a batch.
    """
    momentum = torch.tensor(beta, dtype=lr.dtype)
    beta2, eps = (torch.full_like(momentum, value) for value in (0.999, 1e-8))
    warmup = torch.full_like(lr, 4)
    scheduled = partial(optimizers.Scheduled, shape="cosine", warmup=warmup, steps=30)
    rules: dict[str, Callable[[], Optimizer]] = {
        "gd": optimizers.gd,
        "torch_sgd": optimizers.TorchSGD,
        "momentum": lambda: optimizers.momentum(momentum),
        "nesterov": lambda: optimizers.nesterov(momentum),
        "adam": lambda: optimizers.adam(momentum, beta2, eps),
        "gd_cosine": lambda: scheduled(optimizers.gd()),
        "torch_sgd_cosine": lambda: scheduled(optimizers.TorchSGD()),
        "AdamW": lambda: torch_class("AdamW", params, lr),
        "file": lambda: written(HEAVY_BALL, params, lr),
    }
    return rules[name]()


def torch_class(
    name: str,
    params: Params,
    lr: Tensor,
    target: Objective | None = None,
    **options: Option,
) -> Optimizer:
    """A class of torch.optim; `target` is minimised by those that ask for its loss."""
    choice = CLASSES[name](lr=1.0, options=options)
    evaluate = partial(manual, target or objective("polynomial"))
    return optimizers.TorchClass(choice, params, lr, evaluate)


def written(source: str, params: Params, lr: Tensor) -> Optimizer:
    """The rule that a file with this text defines."""
    with in_a_file(source) as path:
        return optimizers.FileRule(path, params, lr)


@contextmanager
def in_a_file(source: str) -> Iterator[Path]:
    """A file of a user's with this text, for a while."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "mine.py"
        path.write_text(source)
        yield path


def objective(name: str, dtype: torch.dtype = torch.float64) -> Objective:
    """The problem called `name` in NAMES."""
    generator = torch.Generator().manual_seed(7)
    if name == "polynomial":
        return Polynomial((1.0, 0.0, -3.0, 0.0), x0=2.0)
    if name == "quartic":
        return Polynomial((0.25, -1.0, 0.0, 2.0, 5.0), x0=0.3)
    if name == "composite":
        return Composite(torch.randn(3, generator=generator).to(dtype), d=4, h=6)
    if name == "file":
        return from_file(EXAMPLES / "logistic.py", 0, generator, torch.device("cpu"), dtype)
    if name == "file_model":
        data = split(dtype, classes=10)
        with in_a_file(SOFTMAX) as path:
            model, _ = model_from_file(path, data, Softmax(10), 0, generator)
        return FileClassification(model, data, Softmax(10))
    if name == "formula":
        text = "x**3 - 3*x*max(y, 0.1) + exp(-x*y)/(1 + y**2) + tanh(z)*abs(x) - 0.5*z"
        return Formula(parse(text).root, {"x": 1.2, "y": 0.5, "z": -0.7})
    if name == "tanh_mlp_l2":
        plain = Classification(MODELS["tanh_mlp"], split(dtype))
        return plain.penalised(torch.tensor(0.3, dtype=dtype))
    if name in ("least_squares", "ridge"):
        X, y, _ = synthetic_least_squares(
            generator=generator,
            n=12,
            p=3,
            w_star=None,
            noise=0.1,
            condition=None,
            dtype=dtype,
            device="cpu",
        )
        if name == "least_squares":
            return LeastSquares(X, y, minimiser(X, y))
        X[:, 0] = 1  # an intercept, which the penalty leaves out
        alone = LeastSquares(X, y, minimiser(X, y), ones_first=True)
        return alone.penalised(torch.tensor(0.7, dtype=dtype))
    if name in SOFTMAX_MODELS:
        return Classification(SOFTMAX_MODELS[name], split(dtype, classes=10), Softmax(10))
    return Classification(MODELS[name], split(dtype))


def split(dtype: torch.dtype, classes: int = 2) -> Split[Part]:
    """Twenty samples of nine inputs to train on, ten to validate on; of two or ten classes."""
    generator = torch.Generator().manual_seed(3)

    def part(n: int) -> Part:
        X = torch.randn(n, 9, generator=generator).to(dtype)
        labels = torch.randint(0, 10, (n,), generator=generator, dtype=torch.uint8)
        y = (labels % 2).to(dtype) if classes == 2 else labels.long()
        return Part(X, y)

    return Split("made", part(20), part(10), None, "")


def start(target: Objective, seed: int, dtype: torch.dtype = torch.float64) -> Params:
    """One run's initial point, moved off the origin so that no gradient vanishes by accident."""
    generator = torch.Generator().manual_seed(seed)
    params = target.init(generator)
    return {
        name: (p.double() + 0.1 * torch.randn(p.shape, generator=generator).double()).to(dtype)
        for name, p in params.items()
    }


def batch(target: Objective, seeds: list[int], dtype: torch.dtype = torch.float64) -> Params:
    """Initial points of several runs as one batch (K, …)."""
    starts = [start(target, seed, dtype) for seed in seeds]
    return {name: torch.stack([s[name] for s in starts]) for name in starts[0]}


def relative(a: Tensor, b: Tensor) -> float:
    """Largest difference, relative to the largest entry."""
    return float((a - b).abs().max() / torch.maximum(a.abs().max(), b.abs().max()).clamp(min=1e-30))
