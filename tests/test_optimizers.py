"""Pure rules against torch.optim, with one step size or one per run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from cases import NAMES, RULES, batch, objective, relative, rule_named, start
from torch import Tensor
from torch.optim import lr_scheduler

from stat4830_grad import optimizers
from stat4830_grad.core import Objective, Optimizer, Params
from stat4830_grad.gradients.methods import GRADIENTS, manual

TORCH: dict[str, Callable[[list[Tensor], float], torch.optim.Optimizer]] = {
    "gd": lambda p, lr: torch.optim.SGD(p, lr=lr),
    "torch_sgd": lambda p, lr: torch.optim.SGD(p, lr=lr),
    "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr),
    "AdamW": lambda p, lr: torch.optim.AdamW(p, lr=lr),
    "file": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
}


def cosine(
    optimizer: torch.optim.Optimizer, warmup: int, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Torch's schedules that do what `optimizer.schedule=cosine optimizer.warmup=…` does."""
    first = lr_scheduler.LinearLR(optimizer, 1 / warmup, total_iters=warmup - 1)
    then = lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup)
    return lr_scheduler.SequentialLR(optimizer, [first, then], [warmup])


def descend(
    target: Objective,
    rule: Optimizer | str,
    params: Params,
    lr: Tensor,
    updates: int,
    method: str = "manual",
) -> Params:
    params = {name: p.clone() for name, p in params.items()}
    rule = rule_named(rule, params, lr) if isinstance(rule, str) else rule
    state = rule.init(params)
    for _ in range(updates):
        _, grads = GRADIENTS[method](target, params)
        params, state = rule.update(params, grads, lr, state)
    return params


@pytest.mark.parametrize("name", RULES)
def test_a_rule_makes_the_iterates_of_torch_optim(name: str) -> None:
    """L13: the loop forward, zero_grad, backward, step and the hand-written update agree."""
    target = objective("tanh_mlp")
    params = start(target, seed=0)
    ours = descend(target, name, params, torch.tensor(0.05, dtype=torch.float64), 30)
    theirs = {k: p.clone().requires_grad_() for k, p in params.items()}
    optimizer = TORCH[name.removesuffix("_cosine")](list(theirs.values()), 0.05)
    schedule = cosine(optimizer, warmup=4, steps=30) if name.endswith("_cosine") else None
    for _ in range(30):
        loss = target.loss(theirs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
    for k in params:
        assert relative(ours[k], theirs[k].detach()) < 1e-12


@pytest.mark.parametrize("problem", NAMES)
@pytest.mark.parametrize("name", RULES)
def test_the_three_gradients_lead_every_rule_to_the_same_place(problem: str, name: str) -> None:
    target = objective(problem)
    lr = torch.tensor(0.01, dtype=torch.float64)
    ends = [descend(target, name, start(target, seed=0), lr, 20, method) for method in GRADIENTS]
    for k in ends[0]:
        for other in ends[1:]:
            assert relative(ends[0][k], other[k]) < 1e-10


@pytest.mark.parametrize("problem", NAMES)
@pytest.mark.parametrize("name", RULES)
def test_in_float32_the_three_gradients_follow_one_another_over_100_updates(
    problem: str, name: str
) -> None:
    target = objective(problem, torch.float32)
    lr = torch.tensor(0.005)
    ends = [
        descend(
            target,
            name,
            start(target, 0, torch.float32),
            lr,
            100,
            method,
        )
        for method in GRADIENTS
    ]
    for k in ends[0]:
        for other in ends[1:]:
            assert relative(ends[0][k], other[k]) < 1e-4


@pytest.mark.parametrize("name", RULES)
def test_each_run_of_a_batch_has_its_own_step_size(name: str) -> None:
    target = objective("least_squares")
    together, sizes = batch(target, [0, 1, 2]), torch.tensor([0.001, 0.01, 0.02]).double()
    ends = descend(target, name, together, sizes, 25)
    for k in range(3):
        alone = {p: value[k] for p, value in together.items()}
        end = descend(target, name, alone, sizes[k], 25)
        assert relative(ends["w"][k], end["w"]) < 1e-12


def test_each_run_of_a_batch_has_its_own_momentum() -> None:
    target = objective("tanh_mlp")
    together, betas = batch(target, [0, 0]), torch.tensor([0.0, 0.9]).double()
    lr = torch.tensor([0.1, 0.1]).double()
    ends = descend(target, optimizers.momentum(betas), together, lr, 25)
    for k in range(2):
        alone = {p: value[k] for p, value in together.items()}
        end = descend(target, optimizers.momentum(betas[k]), alone, lr[k], 25)
        assert all(relative(ends[p][k], end[p]) < 1e-12 for p in end)


def test_permuted_step_sizes_permute_the_results() -> None:
    target = objective("logistic")
    sizes = torch.tensor([0.001, 0.1, 1.0, 10.0], dtype=torch.float64)
    order = torch.tensor([2, 0, 3, 1])
    same_start = batch(target, [0, 0, 0, 0])
    ends = descend(target, optimizers.gd(), same_start, sizes, 20)
    permuted = descend(target, optimizers.gd(), same_start, sizes[order], 20)
    assert relative(permuted["w"], ends["w"][order]) < 1e-14


def test_torch_sgd_is_the_lectures_optimizer_and_updates_in_place() -> None:
    target = objective("logistic")
    params = start(target, seed=0)
    _, grads = manual(target, params)
    rule = optimizers.TorchSGD()
    moved, _ = rule.update(params, grads, torch.tensor(0.1, dtype=torch.float64), rule.init(params))
    assert moved is params
    assert params["w"].grad is None
