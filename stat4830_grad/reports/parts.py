"""Parts that several reports have: the page, configuration, environment, f and its window."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config.schema import OF_OTHER_TASKS
from ..config.values import leaves, written
from ..pages import document
from ..system.files import write_text
from ..training.landscape import Landscape
from ..training.run_directory import finite
from .packing import Data, packed

FILE = "report.html"

PARTS = ("base", "axes", "curves", "panel", "landscape", "weights", "jobs", "points")
"""Scripts of the page, in the order in which they need each other."""

Table = list[tuple[str, str]]
"""Names and values, both as text."""


def write_report(directory: Path, title: str, data: Data) -> None:
    """report.html with everything it shows inside it.

    Raises:
        OSError: it cannot be written.
    """
    page = document(
        title,
        finite({"title": title, **data}),
        body="report.html",
        styles=("report.css",),
        scripts=[*(f"report_{part}.js" for part in PARTS), "report.js"],
    )
    write_text(directory / FILE, page)


def configuration(tree: Mapping[str, Any]) -> Table:
    """Every key of a run and its value, as they are typed."""
    kept = {k: v for k, v in tree.items() if k not in (*OF_OTHER_TASKS, "resume", "sweep")}
    return [(key, written(value)) for key, value in leaves(kept)]


def environment(summary: Mapping[str, Any]) -> Table:
    """Where and with what a run was made, as its summary.json has it."""
    names = ("device", "threads", "dtype", "seconds", "batch")
    found = {name: summary[name] for name in names if name in summary}
    said = [(k, f"{v:.4g}" if isinstance(v, float) else f"{v}") for k, v in found.items()]
    said += [(f"data {key}", str(value)) for key, value in leaves(summary.get("dataset") or {})]
    said += [(f"{one['key']} SHA-256", str(one["sha256"])) for one in summary.get("inputs", [])]
    said += [(name, str(value)) for name, value in (summary.get("versions") or {}).items()]
    if commit := summary.get("git"):
        said.append(("git commit", f"{commit['commit']}{', changed since' * commit['dirty']}"))
    return said


def function(found: Landscape | None) -> Data | None:
    """f on its grid, and where its solution is; None where it cannot be shown."""
    if found is None:
        return None
    return {
        "names": list(found.names),
        "grid": [packed(axis) for axis in found.grid],
        "values": packed(found.values.ravel()),
        "heights": found.heights.tolist() if len(found.grid) == 1 else None,
        "solution": None if found.solution is None else found.solution.tolist(),
    }
