"""`task=check`: do the gradients agree, and what does each of them cost?"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import torch
from msgspec.structs import replace

from ...config.schema import Config, Gradient
from ...console.terminal import make_console, say, say_whole
from ...gradients.file import limits_of
from ...gradients.methods import methods_for
from ...sandbox.student import Student
from ...system import exit_codes
from ...training.experiment import Experiment, build
from ...training.report import model_in_words
from ...training.run_directory import git, versions, write_config, write_json
from .costs import cost_card, cost_of_file
from .report import as_json, show, show_costs, show_printed
from .study import study


def run(config: Config, directory: Path, command: str) -> int:
    """Compare in both dtypes, diagnose a student's file; tell, then measure; leave check.json."""
    path = config.gradient.path
    student = Student(Path(path), limits_of(config.gradient)) if path else None
    with student or nullcontext():
        return run_with(student, config, directory, command)


def run_with(student: Student | None, config: Config, directory: Path, command: str) -> int:
    """As `run`, with the student's file, if there is one, in its process."""
    double, single = experiment(config, "float64"), experiment(config, "float32")
    console = make_console()
    for line in double.objective.notes(1):
        say(console, line, style="dim")
    result = study(double.objective, single.objective, single.params, config.seed, student)
    if student and student.open:
        say(console, f"Your file is not locked in: {student.open}.", style="yellow")
    device = str(single.lr.device)
    model = f" · {model_in_words(config.model)}" if config.model else ""
    show(console, result, f"check · {config.problem.name}{model} · {device}")
    show_printed(console, student.printed if student else "")
    write_config(directory, config)
    about = {
        "problem": config.problem.name,
        "model": config.model.name if config.model else None,
        "gradient_path": config.gradient.path,
        "device": device,
        "dtype_of_costs": config.dtype,
        "seed": config.seed,
        "command": command,
        "versions": versions(),
        "git": git(),
    }
    write_json(directory / "check.json", {**as_json(result, []), **about})
    measured = single if config.dtype == "float32" else double
    target = measured.objective
    card = cost_card(target, measured.params, methods_for(target), by_forward=result.by_forward)
    if student and result.diagnosis and result.diagnosis.accepted:
        known = result.fewer.seconds if result.fewer else None
        card.append(cost_of_file(student, target, measured.params, known))
    write_json(directory / "check.json", {**as_json(result, card), **about})
    show_costs(console, card, f"cost, {config.dtype} on {device}")
    say_whole(console, f"files: {directory}")
    return exit_codes.COMPLETED if result.agree else exit_codes.DISAGREE


def experiment(config: Config, dtype: str) -> Experiment:
    """One run of the configuration in another dtype, by a gradient of ours."""
    return build([replace(config, dtype=dtype, gradient=Gradient(name="backward"))], torch.Size(()))
