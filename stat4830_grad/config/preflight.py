"""What a command line asks for, checked once, before Hydra makes a directory. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..system.errors import ConfigError
from ..system.process import before_leaving
from ..system.threads import checked
from .checks import check_drawn
from .commands import assigned
from .failures import discard_on_signal, report
from .jobs import Job, Stem, is_sweep, make_jobs, sort_out
from .load import load, plain, sweep_options
from .schema import Config, Sweep
from .starts import sweep_began, what_is_there

Request = Config | list[Job]
"""What a command line asks for: one run, or the jobs of a sweep."""

CHECKED: ContextVar[Request | None] = ContextVar("CHECKED", default=None)
"""What `CheckFirst` has checked, for `app.run`: Hydra stands between them and hands nothing on."""


def requested(raw: dict[str, Any], overrides: Sequence[str]) -> Request:
    """What the plain configuration `raw`, composed from `overrides`, asks for, checked.

    Raises:
        ConfigError: it cannot be run; of a sweep, no job can.
    """
    check_drawn(raw, overrides)
    if not is_sweep(raw):
        return load(raw, overrides)
    jobs = make_jobs([Stem(overrides, raw)])
    sort_out(jobs)
    return jobs


class CheckFirst(Callback):
    """Checks a configuration before Hydra makes its directory. Hydra instantiates it."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra calls it before a run."""
        self._check(config, is_multirun=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra calls it before the jobs of a multirun."""
        self._check(config, is_multirun=True)

    def _check(self, config: DictConfig, *, is_multirun: bool) -> None:
        # Hydra turns exceptions of callbacks into warnings, so the error leaves as an exit.
        try:
            CHECKED.set(check_directories(config, is_multirun=is_multirun))
        except Exception as error:
            raise SystemExit(report(error)) from error
        directory = config.hydra.sweep.dir if is_multirun else config.hydra.run.dir
        before_leaving(partial(discard_on_signal, Path(directory).absolute()))


def check_directories(config: DictConfig, *, is_multirun: bool) -> Request | None:
    """What is asked for, after everything that can be known to be wrong before a directory is made.

    None for a multirun, whose jobs are not composed yet: its launcher checks them.

    Raises:
        ConfigError: the configuration cannot be run, or not in its directory.
    """
    overrides, options = config.hydra.overrides.task, sweep_options(config)
    again, launcher = options.resume, config.hydra.runtime.choices["hydra/launcher"]
    refuse_to_leave(options, launcher)
    if again is not None and not sweep_began(Path(again)):
        single = (Path(again) / "metrics.csv").is_file()
        instead = f"; to go on with the run there, write {assigned('resume', again)}"
        none = f"no sweep is in that directory{instead if single else ''}"
        why = what_is_there(Path(again)) or none
        raise ConfigError(f"{assigned('sweep.resume', again)}: {why}")
    directory = Path(config.hydra.sweep.dir if is_multirun else config.hydra.run.dir)
    stays_in_place("sweep.resume", again, directory)
    if is_multirun:
        return None
    raw = plain(config)
    if launcher not in (("batched", "batched_slurm") if is_sweep(raw) else ("batched",)):
        raise ConfigError(f"hydra/launcher={launcher} runs the jobs of a sweep: add -m")
    if again is not None and not is_sweep(raw):
        raise ConfigError("sweep.resume goes with a sweep: -m, or a list of values for a key")
    request = requested(raw, overrides)
    if isinstance(request, Config):
        checked(request.threads)
        stays_in_place("resume", request.resume, directory)
    resumed = request.resume if isinstance(request, Config) else again
    for file, key in (("metrics.csv", "resume"), ("sweep.csv", "sweep.resume")):
        if resumed is None and (directory / file).exists():
            raise ConfigError(
                f"hydra.run.dir={directory} holds a run already: choose another directory, "
                f"or go on with it by {assigned(key, directory)}"
            )
    return request


def refuse_to_leave(options: Sweep, launcher: str) -> None:
    """See that jobs are left to Slurm only.

    Raises:
        ConfigError: this machine would run them, and nobody would wait.
    """
    if not options.wait and launcher != "batched_slurm":
        raise ConfigError(
            "sweep.wait=false: a sweep on this machine ends with its process, so it waits; "
            "on a cluster hydra/launcher=batched_slurm goes with it"
        )


def stays_in_place(key: str, resumed: str | None, directory: Path) -> None:
    """See that what is resumed goes on where it is.

    Raises:
        ConfigError: `hydra.run.dir` or `hydra.sweep.dir` name another directory.
    """
    if resumed is not None and Path(resumed).resolve() != directory.resolve():
        raise ConfigError(
            f"{assigned(key, resumed)} goes on in that directory: leave out the other, {directory}"
        )
