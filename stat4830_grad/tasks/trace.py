"""`task=trace`: what reverse mode does on the problem's loss, in the order in which it does it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..config.models import ModelFile
from ..config.problems import Formula, ProblemFile
from ..config.schema import Config
from ..console.terminal import make_console, say, say_whole
from ..figures.graph.figure import save_graph
from ..gradients.file import limits_of
from ..gradients.methods import backward
from ..graph import Trace, trace
from ..graph.page import Shown, page
from ..graph.parting import parting
from ..graph.text import TraceText
from ..sandbox.student import Student
from ..system.errors import ConfigError
from ..system.files import write_text
from ..training.experiment import Experiment, build
from ..training.run_directory import versions, write_config, write_json
from .check import experiment
from .check.comparison import TOLERANCES
from .check.diagnosis import diagnose
from .check.methods import nearby
from .check.report import line


def run(config: Config, directory: Path, command: str) -> int:
    """Trace the loss at the initial point; tell it; leave it as JSON, drawing and page."""
    built = build([config], torch.Size(()))
    console = make_console()
    for note in built.objective.notes(1):
        say(console, note, style="dim")
    traced = traced_loss(config, built)
    write_config(directory, config)
    write_json(
        directory / "trace.json",
        {**traced.to_dict(), "command": command, "versions": versions()},
    )
    console.print(TraceText(traced))
    if config.figures:
        save_graph(traced, directory)
        about = shown(config, traced)
        write_text(directory / "trace.html", page(traced, about))
        if about.parting:
            leaf = about.parting.leaf
            say(console, f"Your gradient parts from torch's on the way to {leaf}: see trace.html")
    say_whole(console, f"files: {directory}")
    return 0


def shown(config: Config, traced: Trace) -> Shown:
    """What the page says besides the trace: the problem, its formula or the file it stands in.

    Raises:
        ConfigError: the file of gradient=file cannot be used.
    """
    problem, source = config.problem, file_of(config)
    about = Shown(
        title=f"backward() on {source.name if source else problem.name}",
        formula=problem.f if isinstance(problem, Formula) else None,
        source=source,
    )
    written = config.gradient.path is not None and traced.order == 1
    return with_mistakes(about, config, traced) if written else about


def with_mistakes(about: Shown, config: Config, traced: Trace) -> Shown:
    """Where the gradient of the student's file parts from ours, and what is wrong with it."""
    assert config.gradient.path is not None
    target = experiment(config, "float64")
    points = [target.params, nearby(target.params, torch.Generator().manual_seed(config.seed))]
    right = [(point, backward(target.objective, point)[1]) for point in points]
    with Student(Path(config.gradient.path), limits_of(config.gradient)) as student:
        found = diagnose(student, target.objective, right, TOLERANCES["float64"])
        if found.accepted:
            return about
        theirs = student.ask(target.objective.constants(), target.params).values
    wrong = [name for name in target.params if name not in found.right]
    return replace(
        about,
        parting=parting(traced, theirs, wrong),
        mistakes=tuple(line(finding) for finding in found.findings),
    )


def file_of(config: Config) -> Path | None:
    """The file of the user's that the loss is computed in, if there is one."""
    for part in (config.problem, config.model):
        if isinstance(part, ProblemFile | ModelFile):
            return Path(part.path)
    return None


def traced_loss(config: Config, experiment: Experiment) -> Trace:
    """The trace that `config` asks for.

    Raises:
        ConfigError: the loss has no derivatives of that order.
    """
    data = experiment.objective.constants()
    source = file_of(config)
    order = config.trace.order if config.trace else 1
    try:
        return trace(
            experiment.objective.loss,
            experiment.params,
            order=order,
            fold=not (config.trace and config.trace.all),
            source=str(source) if source else None,
            constants={name: value for name, value in data.items() if isinstance(value, Tensor)},
        )
    except ValueError as error:
        raise ConfigError(f"trace.order={order}: {error}") from None
