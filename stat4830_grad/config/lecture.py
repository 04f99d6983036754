"""Numbers the lecture states for MNIST odd/even, and the protocol they hold for.

Source: STAT 4830, Lecture 4, "How to compute gradients in PyTorch" (Damek Davis).
"""

from __future__ import annotations

from .models import Logistic, ReluMLP
from .optimizers import GD, TorchSGD
from .problems import Mnist
from .schema import Config

UPDATES = 991
"""The lecture's final figure is its last logged row, after 991 updates."""

VAL_ACCURACY = {"logistic": 0.8730, "relu_mlp": 0.9240}


def stated_accuracy(config: Config) -> float | None:
    """The validation accuracy the lecture states for this problem and model, if it does."""
    problem = config.problem
    if not isinstance(problem, Mnist) or problem.labels != "parity" or config.model is None:
        return None
    return VAL_ACCURACY.get(config.model.name)


def departures(config: Config) -> list[str]:
    """What differs from the lecture's protocol; empty where its number must come out."""
    problem, model, optimizer = config.problem, config.model, config.optimizer
    assert isinstance(problem, Mnist)
    keeps = {
        f"seed={config.seed}": config.seed == 42,
        f"n_train={problem.n_train}": problem.n_train == 4000,
        f"n_val={problem.n_val}": problem.n_val == 1000,
        f"l2={problem.l2:g}": problem.l2 == 0,
        f"indices={problem.indices}": problem.indices is None,
        f"mean={problem.mean}, std={problem.std}": (problem.mean, problem.std) == (0.1307, 0.3081),
        f"lr={optimizer.lr}": optimizer.lr == 0.01,
        f"optimizer={optimizer.name}": isinstance(optimizer, GD | TorchSGD),
        f"optimizer.schedule={optimizer.schedule}": optimizer.schedule == "constant",
        f"optimizer.warmup={optimizer.warmup}": optimizer.warmup == 0,
        f"minibatch={config.minibatch}": config.minibatch is None,
        f"steps={config.steps}": config.steps >= UPDATES,
        "no row after 991 updates": config.log.due(UPDATES) or config.steps == UPDATES,
    }
    match model:
        case Logistic(bias=bias):
            keeps["bias=true"] = not bias
        case ReluMLP(hidden=hidden):
            keeps[f"hidden={hidden}"] = hidden == [32]
        case _:
            pass  # the lecture states no number for it
    if model is not None:
        own = model.init_seed is not None or model.init_from is not None
        keeps["initial weights of its own"] = not own
    return [what for what, kept in keeps.items() if not kept]
