"""The groups of measurements, in the table's order, and the way from the options to the files."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from stat4830_grad.console.terminal import say
from stat4830_grad.system.errors import UserError

from . import overhead, peers, processes, report, tables, updates
from .cases import MODELS, Case
from .measurement import Line, Result, Setting

WIDTH = 160
"""Columns where no terminal has any."""

Measurement = Callable[[Setting], Result]

CASES = [
    Case("logistic", 4000),
    Case("mlp", 4000),
    Case("logistic", 60_000),
    Case("mlp", 60_000),
    Case("least squares", 10_000),
    Case("polynomial", 0),
    Case("logistic", 4000, 64),
    Case("mlp", 4000, 16),
    Case("least squares", 10_000, 256),
    Case("polynomial", 0, 1024),
    Case("logistic", 4000, 1024),
]

GROWTH = [
    *(Case(model, n) for model in MODELS for n in (8000, 15_000, 30_000)),
    *(Case("logistic", 4000, runs) for runs in (4, 16, 256, 4096)),
    *(Case("mlp", 4000, runs) for runs in (4, 64, 256)),
    Case("polynomial", 0, 4096),
    *(Case("mlp", 4000, hidden=width) for width in (16, 128, 1024)),
    *(Case("least squares", 10_000, columns=columns) for columns in (25, 400)),
]
"""Between and beyond CASES, to show how cost grows; measured with the manual gradient only."""


def measurements() -> dict[str, Measurement]:
    """Name of a group -> what measures it."""
    named: dict[str, Measurement] = {case.name: partial(updates.measure, case) for case in CASES}
    for case in GROWTH:
        named[f"growth: {case.name}"] = partial(updates.measure, case, methods=("manual",))
    for model in MODELS:
        named[f"minibatch: {model}"] = partial(peers.minibatches, model)
        named[f"torch.compile: {model}"] = partial(peers.compiled, model)
    for case in (Case("logistic", 4000), Case("least squares", 10_000)):
        named[f"to a loss: {case.name}"] = partial(peers.to_a_loss, case)
    named["start-up"] = processes.start_up
    named["whole process"] = processes.whole_process
    named["overhead"] = overhead.measure
    named["peak memory"] = processes.peak_memory
    named["large table"] = tables.measure
    return named


def choose(only: str) -> dict[str, Measurement]:
    """The groups in whose name the regular expression `only` is found."""
    return {name: measure for name, measure in measurements().items() if re.search(only, name)}


def run(options: argparse.Namespace, scratch: Path, directory: Path) -> int:
    """Measure, print, write; 2 if there is nothing to measure, 1 if a measurement failed."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if not (chosen := choose(options.only)):
        names = "; ".join(measurements())
        print(f"error: --only {options.only} matches none of: {names}", file=sys.stderr)
        return 2
    device = options.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    elif device == "cuda" and not torch.cuda.is_available():
        print("error: --device cuda: this machine or this torch has none", file=sys.stderr)
        return 2
    torch.set_num_threads(options.threads)
    setting = Setting(device, options.threads, options.quick, options.data_dir, scratch)
    about = report.machine(setting, report.load_average())
    introduce(console, about, setting)
    results = measure(chosen, setting, console)
    directory.mkdir(parents=True)
    lines = [line for result in results for line in result.lines]
    console.print(report.table(lines))
    report.write(directory, about, setting, results)
    if not report.draw([point for result in results for point in result.points], directory):
        say(console, "no picture: it needs the sizes of the groups called growth")
    say(console, f"files: {directory}")
    return int(any(line.failed for line in lines))


def introduce(console: Console, about: Mapping[str, object], setting: Setting) -> None:
    """What is measured on what, and whether the machine is quiet enough."""
    say(console, f"{about['device']} · {about['threads']} threads · MNIST: {about['mnist']}")
    if setting.quick:
        say(console, "--quick: a trial; too few and too short measurements to quote")
    load = about["load_before"]
    if isinstance(load, float) and load > 0.5:
        say(console, f"load {load:.1f}: other programs run here; a quiet machine gives less spread")


def measure(chosen: Mapping[str, Measurement], setting: Setting, console: Console) -> list[Result]:
    """One result for each group; one that fails is a line that says why."""
    results = []
    for number, (name, group) in enumerate(chosen.items(), start=1):
        say(console, f"{number}/{len(chosen)} {name}", style="dim")
        try:
            results.append(group(setting))
        except (RuntimeError, UserError, subprocess.SubprocessError) as error:
            results.append(Result([Line(name, "", "", missing=str(error), failed=True)]))
    return results
