"""Time a batch of runs against the lecture's loop, one run after the other, in one process.

    python scripts/sweep_speed.py [polynomial] [least_squares] [logistic] [--repeats 3]

The two sides take turns; start-up, data and evaluation are left out on both. Each prints the
seconds of every turn and the ratio of the medians, and checks that both sides end at the same
parameters. MNIST is looked for under STAT4830_DATA_DIR.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import lecture_loop
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor

from stat4830_grad.app import register_resolvers
from stat4830_grad.config import plain
from stat4830_grad.experiment import Experiment, build
from stat4830_grad.help import conf_dir
from stat4830_grad.sweep.jobs import make_jobs
from stat4830_grad.sweep.reduction import reduced
from stat4830_grad.train import start, train

CASES = {
    "polynomial": ["problem=polynomial", "optimizer.lr=${linspace:0.001,0.3,1024}"],
    "least_squares": [
        *("problem=least_squares", "problem.n=10000", "problem.p=100", "problem.w_star=null"),
        "optimizer.lr=${logspace:-7,-4,256}",
    ],
    "logistic": ["problem=mnist", "model=logistic", "optimizer.lr=${logspace:-4,-0.5,64}"],
    "mlp": ["problem=mnist", "model=mlp", "optimizer.lr=${logspace:-4,-0.5,16}", "steps=100"],
}


def prepared(overrides: list[str]) -> tuple[Experiment, Any, list[float]]:
    """The batch of a sweep's jobs, their common configuration, their step sizes."""
    composed = compose("config", overrides)
    jobs = [job.config() for job in make_jobs([(overrides, plain(composed))])]
    experiment = build(jobs, torch.Size((len(jobs),)))
    return experiment, jobs[0], [job.optimizer.lr for job in jobs]


def batched(experiment: Experiment, steps: int) -> tuple[dict[str, Tensor], float]:
    """Train the batch as a sweep does: its last parameters, and the seconds of all updates.

    The reduction of least squares is part of the seconds; the evaluation of the last state is not.
    """
    before = time.perf_counter()
    objective = reduced(experiment.objective)
    preparing = time.perf_counter() - before
    params = {name: p.clone() for name, p in experiment.params.items()}
    state = start(params, experiment.optimizer, experiment.lr.shape)
    runs = train(
        objective,
        experiment.gradient,
        experiment.optimizer,
        experiment.lr,
        state,
        steps=steps,
        due=lambda updates: False,
    )
    ((last, _),) = list(runs)[-1:]
    return last.params, preparing + last.seconds


def one_by_one(experiment: Experiment, config: Any, sizes: list[float]) -> list[Tensor]:
    """The lecture's loop for every step size; the first parameter tensor of each run."""
    objective, steps = experiment.objective, config.steps
    match config.problem.name:
        case "polynomial":
            return [lecture_loop.polynomial(config.problem.x0, lr, steps) for lr in sizes]
        case "least_squares":
            X, y = objective.X, objective.y
            return [lecture_loop.least_squares(X, y, lr, steps) for lr in sizes]
    X, y = objective.data.train.X, objective.data.train.y
    first = {name: p[0] for name, p in experiment.params.items()}

    def fresh() -> Any:
        logistic = config.model.name == "logistic"
        return lecture_loop.Logistic(first["w"]) if logistic else lecture_loop.SimpleNN(**first)

    trained = [lecture_loop.classifier(fresh(), X, y, lr, steps) for lr in sizes]
    return [next(model.parameters()).detach().squeeze(0) for model in trained]


def compare(name: str, repeats: int, more: list[str]) -> None:
    """Take turns, print seconds and ratio, and how far the ends of both sides are apart."""
    experiment, config, sizes = prepared([*CASES[name], "device=cpu", *more])
    batched(experiment, 3)  # warm up
    one_by_one(experiment, config.__class__(**{**fields(config), "steps": 3}), sizes[:2])
    ours, theirs = [], []
    for _ in range(repeats):
        params, seconds = batched(experiment, config.steps)
        ours.append(seconds)
        before = time.perf_counter()
        singles = one_by_one(experiment, config, sizes)
        theirs.append(time.perf_counter() - before)
    rows = next(iter(params.values()))
    both = [(a, b) for a, b in zip(rows, singles, strict=True) if a.isfinite().all()]
    apart = max(float((a - b).abs().max()) for a, b in both)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{name}: {len(sizes)} runs × {config.steps} steps · batch "
        f"{', '.join(f'{s:.3f}' for s in ours)} s · lecture's loop "
        f"{', '.join(f'{s:.3f}' for s in theirs)} s · {ratio:.1f} times · "
        f"ends at most {apart:.1e} apart ({len(both)} finite)"
    )


def fields(config: Any) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__struct_fields__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all but mlp")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, help="instead of the problem's own")
    arguments = parser.parse_args()
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        for name in arguments.cases or ["polynomial", "least_squares", "logistic"]:
            compare(name, arguments.repeats, [f"steps={arguments.steps}"] * bool(arguments.steps))


if __name__ == "__main__":
    main()
