"""What runs on CUDA alone, without a GPU: tensors of torch's device meta, which have no values.

To read a number from such a tensor is an error, where it would make the host wait for a GPU. So
updates that run on them neither wait nor decide anything by values, and a CUDA graph can hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from cases import NAMES, batch, objective, rule_named
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.core import Gradient, Objective, Optimizer, Params, Sampled
from stat4830_grad.gradients.methods import GRADIENTS, manual
from stat4830_grad.problems import Polynomial
from stat4830_grad.problems.images import compiles
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.training.choice import stepper_for
from stat4830_grad.training.device import pick_device
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.minibatches import Minibatches, Sampling
from stat4830_grad.training.steppers import WARM_UP, Eager, Parts, Replayed, StepState, cuda_graph

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
HELD = [name for name in NAMES if objective(name).capturable]
RULES = ("gd", "momentum", "nesterov", "adam", "gd_cosine")


def elsewhere(value: Any) -> Any:
    """The same with all its tensors on the device meta."""
    match value:
        case Tensor():
            return value.to("meta")
        case tuple():
            return tuple(map(elsewhere, value))
        case dict():
            return {key: elsewhere(one) for key, one in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{f.name: elsewhere(getattr(value, f.name)) for f in fields(value)}
            )
    return value


def without_values(
    target: Objective, gradient: Gradient, rule: str = "adam"
) -> tuple[Parts, StepState]:
    lr = torch.tensor([0.1, 0.2], dtype=torch.float64)
    params = batch(target, [0, 1])
    optimizer: Optimizer = elsewhere(rule_named(rule, params, lr, [0.9, 0.8]))
    state = begin(elsewhere(params), optimizer, lr.shape)
    parts = Parts(elsewhere(target), gradient, optimizer, lr.to("meta"))
    return parts, StepState(state.params, state.optimizer, state.diverged_at)


def updates_of(parts: Parts, state: StepState) -> int:
    """How often an update is made by a graph that is recorded and replayed five times."""
    made: list[int] = []

    def capture(work: Callable[[], None]) -> Callable[[], None]:
        def counted() -> None:
            made.append(1)
            work()

        for _ in range(WARM_UP + 1):
            counted()
        return counted

    stepper = Replayed(parts, state, 0, capture)
    assert stepper.advance(0, 5, lambda: False) == 5
    assert all(p.is_meta for p in (*stepper.state.params.values(), *stepper.grads.values()))
    return len(made)


@pytest.mark.parametrize("method", GRADIENTS)
@pytest.mark.parametrize("name", HELD)
def test_an_update_of_every_problem_leaves_the_host_without_a_value(name: str, method: str) -> None:
    assert updates_of(*without_values(objective(name), GRADIENTS[method])) == WARM_UP + 1 + 5


@pytest.mark.parametrize("rule", RULES)
def test_an_update_of_every_rule_leaves_the_host_without_a_value(rule: str) -> None:
    assert updates_of(*without_values(objective("relu_mlp"), manual, rule)) == WARM_UP + 1 + 5


class Curious(Polynomial):
    """Looks at its loss."""

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        loss, grads = super().loss_and_gradient(params)
        return (loss, grads) if bool((loss < 1).all()) else (2 * loss, grads)


def test_who_looks_at_a_value_is_found() -> None:
    with pytest.raises(RuntimeError, match="meta"):
        updates_of(*without_values(Curious((1.0, 0.0), x0=0.0), manual))


def test_updates_without_a_graph_do_not_wait_for_the_device_either() -> None:
    parts, state = without_values(objective("relu_mlp"), manual)
    stepper = Eager(parts, state, 0)
    assert stepper.advance(0, 5, lambda: False) == 5


def test_on_cuda_a_graph_makes_what_it_can_hold() -> None:
    target, lr = objective("relu_mlp"), torch.tensor(0.1, dtype=torch.float64)
    parts = Parts(target, manual, optimizers.gd(), lr)
    assert isinstance(target, Sampled)
    sampled = replace(parts, minibatches=Minibatches(target, Sampling(4, 0), CPU))
    looking = replace(parts, objective=objective("file_model"))
    assert stepper_for(parts, CUDA, 0, 10) is Replayed
    assert stepper_for(sampled, CUDA, 0, 10) is Eager
    assert stepper_for(looking, CUDA, 0, 10) is Eager
    assert stepper_for(parts, torch.device("mps"), 0, 10) is Eager
    assert stepper_for(looking, CPU, 0, 10) is Eager


def test_auto_takes_cuda_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto", "float64") == pick_device("cuda", "float32") == CUDA
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device=cuda: this machine or this torch has none"):
        pick_device("cuda", "float32")


def test_images_are_a_dense_matrix_on_cuda() -> None:
    assert compiles("auto", CPU)
    assert not compiles("auto", CUDA)
    with pytest.raises(ConfigError, match="products=compiled: device=cuda has none"):
        compiles("compiled", CUDA)


def test_a_graph_is_recorded_on_the_stream_that_has_warmed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[object] = []

    class Stream:
        def wait_stream(self, other: object) -> None:
            told.append((self, "waits for", other))

    class Graph:
        def replay(self) -> None:
            told.append("replayed")

    side, main, graph = Stream(), Stream(), Graph()

    @contextmanager
    def within(*what: object, **options: object) -> Iterator[None]:
        told.append(("begin", *what, *options.values()))
        yield
        told.append("end")

    cuda = SimpleNamespace(
        Stream=lambda: side,
        current_stream=lambda: main,
        stream=within,
        graph=within,
        CUDAGraph=lambda: graph,
    )
    monkeypatch.setattr(torch, "cuda", cuda)
    cuda_graph(lambda: told.append("work"))()
    assert told == [
        *((side, "waits for", main), ("begin", side), *["work"] * WARM_UP, "end"),
        *((main, "waits for", side), ("begin", graph, side), "work", "end", "replayed"),
    ]
