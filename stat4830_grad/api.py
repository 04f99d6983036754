"""The Python interface, as `import stat4830_grad` offers it: five functions, imported when used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .config.composing import compose
from .config.schema import Config
from .system.threads import settle

if TYPE_CHECKING:
    from torch import Tensor

    from .core import Record, State
    from .graph import Trace
    from .tasks.check.function import Agreement
    from .training.experiment import Experiment

__all__ = ["build", "check", "compose", "trace", "train"]


def build(config: Config) -> Experiment:
    """The parts of one run: `objective`, `gradient`, `optimizer`, `lr`, `params` and the data.

    A number of `threads` in the configuration becomes that of torch in the whole process.

    Raises:
        ConfigError: a choice cannot be run here, such as a device that is not there.
        DataError: a file is missing or damaged.
    """
    import torch

    from .training.experiment import build

    if config.threads is not None:
        settle(config.threads)
    return build([config], torch.Size(()))


def train(config: Config, experiment: Experiment | None = None) -> Iterator[tuple[State, Record]]:
    """Train one run, yielding (state, record) wherever `config.log` asks for a row.

    `record.values` holds the metrics, each a tensor of shape (); `state.params` the parameters.
    Nothing is written to disk.

    Args:
        experiment: what `build` made of `config`, perhaps with parts replaced
            (`dataclasses.replace`); by default it is built here.

    Raises:
        ConfigError, DataError: as `build`.
    """
    parts = experiment or build(config)
    log = config.log
    return parts.train(parts.start(), steps=config.steps, due=log.due, following=log.following)


def check(
    loss: Callable[..., Tensor],
    gradient: Callable[..., Any] | None = None,
    /,
    **params: Tensor,
) -> Agreement:
    """Compare a gradient with `backward()`, `autograd.grad`, forward mode and central differences.

    Compared at `params` and at a random point near them, in the dtype of the parameters.

    Args:
        loss: called with the parameters by name; returns one number.
        gradient: called likewise; returns ∂loss/∂p of each parameter p, with p's shape: a dict by
            name, a tuple in the order of `params`, or the gradient of an only parameter. Without
            it torch's own ways are compared with one another.
        params: the parameters, of any shapes.

    Raises:
        ValueError: there are no parameters, the loss is no single number, or the gradient is no
            such answer.
    """
    from .tasks.check.function import check_function

    return check_function(loss, gradient, params)


def trace(
    value: Tensor | Callable[..., Tensor], /, *, fold: bool = True, **leaves: Tensor
) -> Trace:
    """What `backward()` does on the graph of `value`, step by step; `print` shows it.

    Args:
        value: a tensor of one number with a graph, or a function of `leaves` by name that returns
            one. Of a function every intermediate value is known, of a tensor those that its graph
            keeps. The graph stays as it is, and no `.grad` is touched.
        fold: whether operations that only move entries (view, transpose, …) are part of the edges.
        leaves: the parameters by name. Those of a tensor's graph that are not named here are called
            x1, x2, … in the order in which the computation used them.

    Raises:
        ValueError: there is no single number, or no parameter that it depends on.
    """
    from .graph import trace, trace_tensor

    if callable(value):
        function = value
        return trace(lambda params: function(**params), leaves, fold=fold)
    return trace_tensor(value, leaves, fold=fold)
