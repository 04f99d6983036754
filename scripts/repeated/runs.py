"""Every configuration under one condition: one process runs them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .conditions import COMMON, SWEEP, Condition, Setting, configurations


def make(setting: Setting, condition: Condition, scratch: Path) -> Path:
    """Run every configuration; the directory with one directory for each.

    Args:
        scratch: where it is made; the processes of a setting share a cache there.
    """
    place = scratch / setting.name / condition.name / condition.below
    place.mkdir(parents=True)
    environment = {
        **os.environ,
        **setting.environment,
        **condition.environment,
        "NUMBA_CACHE_DIR": str(scratch / setting.name / "numba"),
        "STAT4830_CACHE_DIR": str(scratch / "data"),
    }
    begun, resumed = [], []
    for name, words in configurations().items():
        figures = f"figures={str(condition.figures).lower()}"
        run = [*COMMON, *words, figures, f"threads={setting.threads}"]
        begun.append([*run, f"hydra.run.dir=runs/{name}"])
        resumed.append(
            [*run, f"sweep.resume=runs/{name}"] if SWEEP in run else [f"resume=runs/{name}"]
        )
    with load() if condition.busy else nullcontext():
        start(begun, condition, place, environment, code=143 if condition.cut else 0)
        if condition.cut:
            start(resumed, condition, place, environment, code=0)
    return place / "runs"


def start(
    commands: Sequence[Sequence[str]],
    condition: Condition,
    place: Path,
    environment: Mapping[str, str],
    *,
    code: int,
) -> None:
    """Run `commands` in one new process in the directory `place`; each is to end with `code`."""
    asked = {"commands": commands, "imported": condition.imported, "code": code}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "repeated.child"],
        input=json.dumps(asked),
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"error: {condition.name}: {done.stderr.strip()[-2000:]}")


@contextmanager
def load() -> Iterator[None]:
    """A busy process for each core, meanwhile; they would end by themselves."""
    code = "import time\nend = time.time() + 900\nwhile time.time() < end: pass"
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
