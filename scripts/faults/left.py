"""What a command has left in its directory: whole or not, and the same as another's or not."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml

from stat4830_grad.training.rows import read_rows

from .commands import Outcome

CODES = (0, 1, 2, 3, 4, 5, 6, 129, 130, 143)
"""Exit codes that the README names."""

ENDS = {".png": b"IEND\xaeB`\x82", ".svg": b"</svg>", ".html": b"</html>"}
"""How pictures and pages end."""


def rows_of(directory: Path) -> list[tuple[float, ...]]:
    """metrics.csv without its seconds."""
    return [
        tuple(value for name, value in row.items() if name != "seconds")
        for row in read_rows(directory)
    ]


def result(directory: Path) -> dict[str, Any]:
    """All that a finished command found out, but its times."""
    kinds: dict[str, Callable[[Path], dict[str, Any]]] = {
        "sweep.csv": of_sweep,
        "comparison.json": of_comparison,
        "grading.json": of_grading,
    }
    kind = next((of for name, of in kinds.items() if (directory / name).exists()), of_run)
    return kind(directory)


def of_run(directory: Path) -> dict[str, Any]:
    """All numbers of a run."""
    content = torch.load(directory / "checkpoint.pt", weights_only=True)
    summary = json.loads((directory / "summary.json").read_text("utf-8"))
    return {
        "rows": rows_of(directory),
        "params": listed(content["params"]),
        "optimizer": {part: listed(held) for part, held in content["optimizer"].items()},
        "updates": content["updates"],
        "summary": [summary[key] for key in ("status", "steps", "best_step")],
        "final": {k: v for k, v in summary["final"].items() if k != "seconds"},
    }


def of_sweep(directory: Path) -> dict[str, Any]:
    """The table of a sweep, and all numbers of each job."""
    rows = cells(directory / "sweep.csv", without="seconds")
    return {
        "rows": rows,
        "jobs": {r["directory"]: of_run(directory / r["directory"]) for r in rows},
    }


def of_comparison(directory: Path) -> dict[str, Any]:
    """What was compared, and which files tell of it."""
    found = json.loads((directory / "comparison.json").read_text("utf-8"))
    return {"found": found, "files": names(directory)}


def of_grading(directory: Path) -> dict[str, Any]:
    """The gradebook, what Gradescope is told, and which files tell of it."""
    told = [
        {**json.loads(path.read_text("utf-8")), "execution_time": 0}
        for path in sorted((directory / "results").iterdir())
        if path.suffix == ".json"
    ]
    return {"book": cells(directory / "gradebook.csv"), "told": told, "files": names(directory)}


def cells(table: Path, without: str = "") -> list[dict[str, str]]:
    """The rows of a CSV file, but for one column."""
    with table.open(newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != without} for row in csv.DictReader(file)]


def names(directory: Path) -> list[str]:
    """The files below a directory that people look at."""
    found = sorted(str(path.relative_to(directory)) for path in directory.rglob("*.*"))
    return [name for name in found if not name.startswith(".") and not name.endswith(".partial")]


def listed(params: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Tensors as bits."""
    return {name: (str(p.dtype), p.shape, p.numpy().tobytes()) for name, p in params.items()}


def broken(directory: Path) -> str | None:
    """The first file below a directory that is not whole; None if all are."""
    for path in sorted(directory.rglob("*")):
        if path.suffix == ".partial" or ".hydra" in path.parts or not path.is_file():
            continue
        try:
            read(path)
        except Exception as error:  # whatever a reader raises
            return f"{path.name} is not whole: {error}"
    return None


def read(path: Path) -> None:
    """Read a file by its kind.

    Raises:
        Exception: it is not whole.
    """
    if path.suffix == ".pt":
        torch.load(path, weights_only=True)
        if (part := zipfile.ZipFile(path).testzip()) is not None:
            raise ValueError(part)
    elif path.suffix == ".json":
        json.loads(path.read_text("utf-8"))
    elif path.suffix == ".yaml":
        assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict)
    elif path.name == "metrics.csv":
        read_rows(path.parent)
    elif path.suffix in ENDS and not path.read_bytes().rstrip(b"\n").endswith(ENDS[path.suffix]):
        raise ValueError("its end is missing")


def rude(outcome: Outcome) -> str | None:
    """What is wrong with how a command ended and told it; None if nothing is."""
    said = outcome.out + outcome.err
    if outcome.late:
        return "it hangs"
    if "Traceback" in said:
        return f"a traceback: {said.strip().splitlines()[-1]}"
    if outcome.code not in CODES:
        return f"exit code {outcome.code}"
    if outcome.code in (2, 3, 6) and not outcome.message and "error: " not in outcome.err:
        return f"exit code {outcome.code} without a message"
    return None


def wrong_result(directory: Path, wanted: dict[str, Any]) -> str | None:
    """Where the numbers of a finished run or sweep are not those wanted."""
    try:
        found = result(directory)
    except Exception as error:  # files that are missing or damaged
        return f"no result: {type(error).__name__}: {error}"
    return next((f"other {key}" for key, value in wanted.items() if found[key] != value), None)
