"""The group of a large table in a file: processes that read it and fit a logistic regression."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .measurement import Line, Result, Setting, compare
from .processes import HERE, OURS

ROWS, COLUMNS, UPDATES = 1_000_000, 50, 100
ROUNDS = 3
MEASURED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""
"""A small process starts the other, because Linux starts a child's peak with its parent's size."""


def measure(setting: Setting) -> Result:
    """Seconds and megabytes of ours, of a script in plain PyTorch, and of scikit-learn's."""
    rows = 10_000 if setting.quick else ROWS
    file = write(setting.scratch / "table.npz", rows)
    script = [sys.executable, str(HERE / "table_script.py")]
    ours = [*OURS, "problem=table", f"problem.file={file}", "problem.val_share=0"]
    ours += ["problem.standardize=false", "model=logistic", "model.bias=true", "gradient=manual"]
    ours += [f"steps={UPDATES}", "optimizer.lr=1", "log.every=100", "figures=false"]
    ours += [f"device={setting.device}"]
    theirs = {
        f"PyTorch, {UPDATES} updates": [*script, "torch", str(file), setting.device, str(UPDATES)],
        "scikit-learn's L-BFGS": [*script, "sklearn", str(file)],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", *theirs)}
    for _ in range(1 if setting.quick else ROUNDS):
        for name, command in {"ours": ours, **theirs}.items():
            taken[name].append(seconds_and_megabytes(command, setting))
    size = f"{rows:,} × {COLUMNS}"
    lines: list[Line] = []
    for name in theirs:
        for which, unit in enumerate(("s", "MB")):
            pair = ([one[which] for one in taken[who]] for who in ("ours", name))
            own, other = pair
            names = (f"{UPDATES} updates, manual", name)
            lines.append(compare(f"large table {size}", names, (own, other), unit=unit))
    return Result(lines)


def write(file: Path, rows: int) -> Path:
    """X (rows, COLUMNS) float32 and classes y of which X says something."""
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, COLUMNS), np.float32)
    noise = random.standard_normal(rows, np.float32)
    y = (X @ random.standard_normal(COLUMNS, np.float32) + 5 * noise > 0).astype(np.int64)
    np.savez(file, X=X, y=y)
    return file


def seconds_and_megabytes(command: Sequence[str], setting: Setting) -> tuple[float, float]:
    """From start to end of a program, and the most memory that it occupies.

    Raises:
        SubprocessError: it fails.
    """
    directory = tempfile.mkdtemp(dir=setting.scratch)
    words = [sys.executable, "-c", MEASURED, *command]
    done = subprocess.run(words, cwd=directory, check=True, capture_output=True, text=True)
    seconds, most = json.loads(done.stdout)
    return seconds, most * (1 if sys.platform == "darwin" else 1024) / 1e6
