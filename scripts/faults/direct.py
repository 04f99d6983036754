"""Commands without Hydra, whose composing takes nine tenths of a short run: composed once, kept."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stat4830_grad.config.composing import readable
from stat4830_grad.config.failures import report
from stat4830_grad.config.hydra_versions import compose_ours
from stat4830_grad.config.jobs import Stem, is_sweep, make_jobs
from stat4830_grad.config.load import parse, plain, resumed
from stat4830_grad.config.schema import Config, Sweep

RESUME, AGAIN, PLACE = "resume=", "sweep.resume=", "hydra.run.dir="


@functools.cache
def composed(words: tuple[str, ...]) -> dict[str, Any]:
    """The raw configuration of a command line."""
    own = [word for word in words if not word.startswith((RESUME, AGAIN, PLACE))]
    return plain(compose_ours(own if is_list(own) else readable(own)))


def is_list(words: Sequence[str]) -> bool:
    """Whether a key has several values."""
    return any("=[" in word for word in words)


def run(words: Sequence[str]) -> int:
    """What `python -m stat4830_grad words` does once it is composed; its exit code."""
    try:
        return run_checked(tuple(words), composed(tuple(words)))
    except Exception as error:
        return report(error)


def run_checked(words: tuple[str, ...], raw: dict[str, Any]) -> int:
    """A run, a resumed one, a sweep, or another task."""
    named = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    own = [word for word in words if not word.startswith((RESUME, AGAIN, PLACE))]
    if is_sweep(raw):
        from stat4830_grad.sweep.run import run_sweep

        again = named.get("sweep.resume")
        place = Path(again or named["hydra.run.dir"])
        options = Sweep(**{**raw["sweep"], "resume": again})
        return run_sweep(make_jobs([Stem(own, raw)]), place, options, {})
    if raw["task"] != "train":
        return run_other(parse(raw), Path(named.get("grade.resume") or named["hydra.run.dir"]))
    from stat4830_grad.tasks import train

    if (before := named.get("resume")) is not None:
        config = parse(resumed(Path(before), raw, own))
        return train.run(config, Path(before), "")
    return train.run(parse(raw), Path(named["hydra.run.dir"]), "")


def run_other(config: Config, directory: Path) -> int:
    """A task that does not train."""
    if config.task == "grade":
        from stat4830_grad.sandbox.server import warm

        warm()
    task = importlib.import_module(f"stat4830_grad.tasks.{config.task}")
    return int(task.run(config, directory, ""))
