"""The classes of torch.optim: their table, one run, batches, resumed runs, what is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cases import batch, objective, relative, start, torch_class
from conftest import Cli

from stat4830_grad.config.torch_classes import CLASSES, Option
from stat4830_grad.core import Objective, Params, State
from stat4830_grad.gradients.methods import manual
from stat4830_grad.optimizers import Scheduled
from stat4830_grad.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from stat4830_grad.training.loop import start as begin
from stat4830_grad.training.loop import train
from stat4830_grad.training.rows import read_rows
from stat4830_grad.training.steppers import Parts

BATCHING = [name for name, one in CLASSES.items() if one.batches]
OPTIONS: dict[str, dict[str, Option]] = {
    "Adagrad": {"lr_decay": 0.01, "weight_decay": 0.1},
    "AdamW": {"weight_decay": 0.3, "amsgrad": True},
    "NAdam": {"weight_decay": 0.1, "decoupled_weight_decay": True},
    "RAdam": {"weight_decay": 0.1, "decoupled_weight_decay": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "SGD": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "LBFGS": {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3},
}
"""Options that bring in what the defaults leave out."""


def installed() -> dict[str, type[torch.optim.Optimizer]]:
    every = {k: v for k, v in vars(torch.optim).items() if isinstance(v, type)}
    wanted = torch.optim.Optimizer
    return {k: v for k, v in every.items() if issubclass(v, wanted) and v is not wanted}


def test_the_table_has_the_classes_and_options_of_the_installed_torch() -> None:
    there = installed()
    assert set(there) == {*CLASSES, "SparseAdam"}
    for name, made in there.items():
        if name not in CLASSES:
            continue
        own = inspect.signature(made.__init__).parameters.values()
        taken = {p.name: p.default for p in own if p.name not in ("self", "params", "lr")}
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in taken.items()}
        assert CLASSES[name].takes == plain, name
        for key, default in plain.items():
            assert isinstance(CLASSES[name].takes[key], bool) == isinstance(default, bool)


def target_of(name: str) -> Objective:
    """Muon takes matrices only, and the weights of ten classes are one."""
    return objective("softmax" if name == "Muon" else "tanh_mlp")


@pytest.mark.parametrize("name", CLASSES)
def test_a_run_alone_makes_the_bits_of_the_plain_loop(name: str) -> None:
    target, options = target_of(name), OPTIONS.get(name, {})
    lr = torch.tensor(0.05, dtype=torch.float64)
    params = start(target, 0)
    rule = torch_class(name, params, lr, target, **options)
    ours, state = {k: p.clone() for k, p in params.items()}, rule.init(params)
    theirs = {k: p.clone().requires_grad_() for k, p in params.items()}
    made: Callable[..., torch.optim.Optimizer] = installed()[name]
    plain = made(list(theirs.values()), lr=0.05, **options)

    def closure() -> float:
        loss, grads = manual(target, {k: p.detach() for k, p in theirs.items()})
        for k, p in theirs.items():
            p.grad = grads[k].contiguous()
        return loss.item()

    for _ in range(12):
        _, grads = manual(target, ours)
        ours, state = rule.update(ours, grads, lr, state)
        if name != "LBFGS":
            closure()
        if name == "LBFGS":
            plain.step(closure)
        else:
            plain.step()
    for k, p in params.items():
        assert torch.equal(ours[k], theirs[k].detach())
        assert not torch.equal(ours[k], p)


@pytest.mark.parametrize("name", BATCHING)
def test_a_batch_of_64_step_sizes_is_64_runs(name: str) -> None:
    target, options = objective("tanh_mlp"), OPTIONS.get(name, {})
    sizes = torch.logspace(-4, -0.5, 64, dtype=torch.float64)
    together = batch(target, list(range(64)))
    ends = descended(target, name, together, sizes, options)
    for k in range(64):
        own = {key: p[k] for key, p in together.items()}
        alone = descended(target, name, own, sizes[k], options)
        assert all(relative(ends[key][k], p) < 1e-9 for key, p in alone.items())


def descended(
    target: Objective, name: str, params: Params, lr: torch.Tensor, options: dict[str, Option]
) -> Params:
    rule = torch_class(name, params, lr, target, **options)
    state = rule.init(params)
    for _ in range(25):
        _, grads = manual(target, params)
        params, state = rule.update(params, grads, lr, state)
    return params


@pytest.mark.parametrize("name", BATCHING)
def test_step_sizes_of_a_batch_may_lie_far_apart(name: str) -> None:
    """Gradients are given, so that what a large step size does to rounding stays out of it."""
    options, sizes = OPTIONS.get(name, {}), torch.logspace(-8, 3, 12, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    params = {"w": torch.randn(12, 5, generator=generator).double()}
    steps = [{"w": torch.randn(12, 5, generator=generator).double()} for _ in range(20)]
    ends = following(steps, name, params, sizes, options)
    for k in range(12):
        alone = [{"w": g["w"][k]} for g in steps]
        end = following(alone, name, {"w": params["w"][k]}, sizes[k], options)
        assert relative(ends["w"][k], end["w"]) < 1e-13


def following(
    steps: list[Params], name: str, params: Params, lr: torch.Tensor, options: dict[str, Option]
) -> Params:
    rule = torch_class(name, params, lr, None, **options)
    state = rule.init(params)
    for grads in steps:
        params, state = rule.update(params, grads, lr, state)
    return params


@pytest.mark.parametrize("cut", [1, 6])
@pytest.mark.parametrize("schedule", [False, True])
@pytest.mark.parametrize("rows", [(), (1,), (3,)])
@pytest.mark.parametrize("name", CLASSES)
def test_a_run_cut_and_resumed_gives_the_bits_of_one_that_was_not(
    name: str, rows: tuple[int, ...], schedule: bool, cut: int, tmp_path: Path
) -> None:
    if rows == (3,) and name not in BATCHING:
        return
    target, options = target_of(name), OPTIONS.get(name, {})
    lr = torch.logspace(-2, 0, 3, dtype=torch.float64)[: max(1, *rows, 0)].reshape(rows)
    starts = batch(target, [0, 1, 2][: lr.numel()])
    params = {k: p.reshape((*rows, *p.shape[1:])) for k, p in starts.items()}

    def run(state: State | None, steps: int) -> State:
        inner = torch_class(name, params, lr, target, **options)
        rule = Scheduled(inner, "cosine", torch.full_like(lr, 2), 12) if schedule else inner
        begun = state or begin({k: p.clone() for k, p in params.items()}, rule, lr.shape)
        go = train(Parts(target, manual, rule, lr), begun, steps=steps, due=lambda t: False)
        *_, (state, _) = go
        return state

    whole = run(None, 12)
    save_checkpoint(tmp_path / "checkpoint.pt", Checkpoint(run(None, cut)))
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["updates"] == cut
    resumed = run(load_checkpoint(tmp_path / "checkpoint.pt", torch.device("cpu")).state, 12)
    for k, p in whole.params.items():
        assert torch.equal(resumed.params[k], p)
    for part, held in whole.optimizer.items():
        for k, value in held.items():
            assert torch.equal(resumed.optimizer[part][k], value)


def test_the_given_parameters_stay_as_they_were() -> None:
    target, lr = objective("logistic"), torch.tensor(0.1, dtype=torch.float64)
    params = start(target, 0)
    before = params["w"].clone()
    rule = torch_class("Adam", params, lr)
    rule.update(params, manual(target, params)[1], lr, rule.init(params))
    assert torch.equal(params["w"], before)


def test_a_sweep_trains_together_or_one_by_one_and_says_which(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=composite", "optimizer=torch", "figures=false", "steps=4")
    done = cli(*words, "optimizer.name=RAdam", "optimizer.lr=[0.01,0.1,1]", "hydra.run.dir=a")
    assert "3 runs in one batch" in done.stdout
    alone = cli(*words, "optimizer.name=LBFGS", "problem.init_seed=[1,2]", "hydra.sweep.dir=b")
    assert alone.stdout.count("a run alone, as LBFGS cannot train several together") == 2
    assert "optimizer.lr=1 " in alone.stdout
    jobs = sorted(path.parent for path in (tmp_path / "b").glob("*/metrics.csv"))
    for job in jobs:
        seed = job.name[-1]
        one = cli(*words, "optimizer.name=LBFGS", f"problem.init_seed={seed}", "hydra.run.dir=c")
        assert one.returncode == 0
        losses = [[row["loss"] for row in read_rows(d)] for d in (job, tmp_path / "c")]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
        (tmp_path / "c").rename(tmp_path / f"c{seed}")


REFUSED = {
    ("optimizer=torch",): "optimizer.name: a value is missing; write optimizer.name=AdamW",
    ("optimizer.name=AdamW",): "write optimizer=torch optimizer.name=AdamW",
    ("optimizer=RMSprop",): "write optimizer=torch optimizer.name=RMSprop",
    ("optimizer=torch", "optimizer.name=AdanW"): "did you mean AdamW?",
    ("optimizer=torch", "optimizer.name=SparseAdam"): "takes sparse gradients",
    ("optimizer=torch", "optimizer.name=Adam", "optimizer.options.weigth_decay=1"): (
        "torch.optim.Adam has no such option; did you mean weight_decay?"
    ),
    ("optimizer=torch", "optimizer.name=Adam", "optimizer.options.lr=1"): "write optimizer.lr=1",
    ("optimizer=torch", "optimizer.name=Adam", "optimizer.options.amsgrad=1"): "true or false",
    ("optimizer=torch", "optimizer.name=Adam", "optimizer.options.betas=0.9"): "a list of 2",
    ("optimizer=torch", "optimizer.name=LBFGS", "optimizer.options.max_iter=x"): "a whole number",
    ("optimizer=torch", "optimizer.name=Adam", "optimizer.options.betas=[0.9,2]"): "Invalid beta",
    ("optimizer=torch", "optimizer.name=Muon"): "Muon only supports 2D parameters",
    (
        "problem=digits",
        "minibatch=8",
        "optimizer=torch",
        "optimizer.name=LBFGS",
    ): "needs all samples",
    ("optimizer.options.weight_decay=1",): "optimizer.options.weight_decay belongs to",
}


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: words[-1])
def test_what_cannot_be_used_is_one_message(cli: Cli, words: tuple[str, ...]) -> None:
    problem = () if "problem=digits" in words else ("problem=polynomial",)
    done = cli("figures=false", *problem, *words)
    assert done.returncode == 2
    assert REFUSED[words] in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_list_of_lists_of_betas_is_swept(cli: Cli) -> None:
    words = ("problem=polynomial", "optimizer=torch", "optimizer.name=Adam", "figures=false")
    one = cli(*words, "optimizer.options.betas=[0.8,0.9]", "steps=3")
    assert (one.returncode, one.stdout.count("jobs")) == (0, 0)
    several = cli(*words, "optimizer.options.betas=[[0.8,0.9],[0.5,0.9]]", "steps=3")
    assert "2 completed of 2 jobs" in several.stdout
    names = cli(*words[:2], "optimizer.name=[Adam,NAdam,LBFGS]", "figures=false", "steps=3")
    assert "3 completed of 3 jobs" in names.stdout


@pytest.mark.parametrize("option", ["eps=1e-7", "betas=[0.8,0.9]"])
def test_an_option_that_is_a_number_in_this_class_is_no_list(cli: Cli, option: str) -> None:
    """Adafactor's eps are two numbers, AdamW's is one."""
    done = cli(
        "problem=polynomial", "steps=2", "figures=false", "optimizer=torch", "optimizer.name=AdamW",
        f"optimizer.options.{option}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
