"""The table on the terminal and benchmark.json."""

from __future__ import annotations

import dataclasses
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stat4830_grad.system.files import write_text
from stat4830_grad.training.run_directory import git, versions, write_json

from .cases import has_mnist
from .line import Line, Result
from .setting import Setting
from .timing import Spread

HEADERS = ("", "ours", "theirs", "ours takes", "theirs takes", "ratio (quartiles)", "goal", "")


def table(lines: list[Line]) -> Table:
    """One row for each line; a group is named in its first, and a rule ends it."""
    result = Table(header_style="bold", title="time (or memory) of ours / theirs: below 1 is less")
    for header in HEADERS[:3]:
        result.add_column(header, overflow="fold")
    for header in HEADERS[3:]:
        result.add_column(header, justify="right", no_wrap=True)
    rows = cells(lines)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ends = following is None or bool(following[0])
        style = "bold red" if row[-1] == "not met" else ""
        result.add_row(*map(escape, row[:-1]), Text(row[-1], style), end_section=ends)
    return result


def markdown(lines: list[Line]) -> str:
    """The same table for a document."""
    rows = [HEADERS, ("---", "---", "---", "---:", "---:", "---", "---", "---"), *cells(lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cells(lines: list[Line]) -> list[list[str]]:
    """What stands under HEADERS, a row for each line; only the first of a group names it."""
    rows, shown = [], None
    for line in lines:
        theirs = f"{line.theirs} not measured: {line.missing}" if line.missing else line.theirs
        group = "" if line.group == shown else line.group
        rows.append([group, line.ours, theirs, *numbers(line)])
        shown = line.group
    return rows


def numbers(line: Line) -> list[str]:
    """The cells of a row that hold numbers, if there are any."""
    goal = "" if line.goal is None else f"≤ {line.goal:.3g}"
    if line.ratio is None or line.ours_takes is None or line.theirs_takes is None:
        return ["", "", "", goal, ""]
    verdict = {True: "met", False: "not met", None: ""}[line.met]
    takes = [amount(t.median, line.unit) for t in (line.ours_takes, line.theirs_takes)]
    return [*takes, quartiles(line.ratio), goal, verdict]


def quartiles(ratio: Spread) -> str:
    return f"{ratio.median:.3g} ({ratio.low:.3g}–{ratio.high:.3g})"


def amount(value: float, unit: str) -> str:
    """0.00021 s -> 210 µs."""
    if unit != "s":
        return f"{value:.0f} {unit}"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def machine(setting: Setting, load: float) -> dict[str, Any]:
    """What the numbers belong to."""
    cuda = setting.device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else processor(),
        "threads": setting.threads,
        "load_before": load,  # processes that were running on the machine on average
        "mnist": "real" if has_mnist(setting.data_dir) else "synthetic, of the same shape",
        "versions": {**versions(), "jax": version("jax")},
        "git": git(),
    }


def processor() -> str:
    """The processor's name, where Linux tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def write(directory: Path, about: dict[str, Any], setting: Setting, results: list[Result]) -> None:
    """benchmark.json: every line and point with median and quartiles; table.md: the table."""
    lines = [line for result in results for line in result.lines]
    content = {
        "machine": about,
        "quick": setting.quick,
        "rounds": {"updates": setting.rounds, "processes": setting.process_rounds},
        "lines": [dataclasses.asdict(line) for line in lines],
        "points": [dataclasses.asdict(point) for result in results for point in result.points],
    }
    write_json(directory / "benchmark.json", content)
    write_text(directory / "table.md", markdown(lines))


def load_average() -> float:
    """Processes running on the machine, averaged over the last minute."""
    return os.getloadavg()[0]
