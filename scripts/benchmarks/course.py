"""From the options to the files: which groups, in what order, and what is said about them."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from rich.console import Console

from stat4830_grad.console.terminal import say
from stat4830_grad.system.errors import UserError

from . import picture, report
from .groups import Measurement, groups
from .line import Line, Result
from .setting import Setting

WIDTH = 160
"""Columns where no terminal has any."""


def run(options: argparse.Namespace, scratch: Path, directory: Path) -> int:
    """Measure, print, write; 2 if there is nothing to measure, 1 if a measurement failed."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if not (chosen := choose(options.only)):
        print(
            f"error: --only {options.only} matches none of: {'; '.join(groups())}", file=sys.stderr
        )
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
    if not picture.draw([point for result in results for point in result.points], directory):
        say(console, "no picture: it needs the sizes of the groups called growth")
    say(console, f"files: {directory}")
    return int(any(line.failed for line in lines))


def choose(only: str) -> dict[str, Measurement]:
    """The groups whose name matches the pattern `only`."""
    return {name: measure for name, measure in groups().items() if re.search(only, name)}


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
