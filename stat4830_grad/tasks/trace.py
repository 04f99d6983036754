"""`task=trace`: what reverse mode does on the problem's loss, in the order in which it does it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..config.models import ModelFile
from ..config.problems import Formula, ProblemFile
from ..config.schema import Config
from ..console.terminal import make_console, say, say_whole
from ..figures.graph.figure import save_graph
from ..graph import Trace, trace
from ..graph.page import Shown, page
from ..graph.text import TraceText
from ..system.errors import ConfigError
from ..system.files import write_text
from ..training.experiment import Experiment, build
from ..training.run_directory import versions, write_config, write_json


def run(config: Config, directory: Path, command: str) -> int:
    """Trace the loss at the initial point; tell it; leave it as JSON, drawing and page."""
    experiment = build([config], torch.Size(()))
    console = make_console()
    for line in experiment.objective.notes(1):
        say(console, line, style="dim")
    traced = traced_loss(config, experiment)
    write_config(directory, config)
    write_json(
        directory / "trace.json",
        {**traced.to_dict(), "command": command, "versions": versions()},
    )
    console.print(TraceText(traced))
    if config.figures:
        save_graph(traced, directory)
        write_text(directory / "trace.html", page(traced, shown(config)))
    say_whole(console, f"files: {directory}")
    return 0


def shown(config: Config) -> Shown:
    """What the page says besides the trace: the problem, its formula or the file it stands in."""
    problem = config.problem
    source = file_of(config)
    return Shown(
        title=f"backward() on {source.name if source else problem.name}",
        formula=problem.f if isinstance(problem, Formula) else None,
        source=source,
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
