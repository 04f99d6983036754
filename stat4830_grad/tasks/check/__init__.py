"""`task=check`: do the gradients agree, and what does each of them cost?"""

from __future__ import annotations

from pathlib import Path

import torch
from msgspec.structs import replace

from ...config.schema import Config
from ...console.terminal import make_console, say, say_whole
from ...core import Gradient
from ...gradients.methods import methods_for
from ...system import exit_codes
from ...training.experiment import Experiment, build
from ...training.report import model_in_words
from ...training.run_directory import git, versions, write_config, write_json
from .costs import cost_card
from .report import as_json, show
from .study import study


def run(config: Config, directory: Path, command: str) -> int:
    """Compare in both dtypes, diagnose a student's file, measure; tell and leave check.json."""
    double, single = experiment(config, "float64"), experiment(config, "float32")
    console = make_console()
    for line in double.objective.notes(1):
        say(console, line, style="dim")
    path = Path(config.gradient.path) if config.gradient.path else None
    result = study(double.objective, single.objective, single.params, config.seed, path)
    measured = single if config.dtype == "float32" else double
    methods: dict[str, Gradient] = methods_for(measured.objective)
    if result.diagnosis and result.diagnosis.accepted:
        methods[config.gradient.name] = measured.gradient
    card = cost_card(measured.objective, measured.params, methods)
    write_config(directory, config)
    write_json(
        directory / "check.json",
        {
            **as_json(result, card),
            "problem": config.problem.name,
            "model": config.model.name if config.model else None,
            "gradient_path": config.gradient.path,
            "device": str(single.lr.device),
            "dtype_of_costs": config.dtype,
            "seed": config.seed,
            "command": command,
            "versions": versions(),
            "git": git(),
        },
    )
    model = f" · {model_in_words(config.model)}" if config.model else ""
    title = f"check · {config.problem.name}{model} · {single.lr.device}"
    show(console, result, card, title, f"cost, {config.dtype} on {single.lr.device}")
    say_whole(console, f"files: {directory}")
    return exit_codes.COMPLETED if result.agree else exit_codes.DISAGREE


def experiment(config: Config, dtype: str) -> Experiment:
    """One run of the configuration in another dtype."""
    return build([replace(config, dtype=dtype)], torch.Size(()))
