"""What can be known to be wrong before Hydra makes a directory. Imports no torch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Protocol

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..system.errors import ConfigError
from ..system.process import before_leaving
from ..system.threads import checked
from .commands import assigned
from .failures import discard_on_signal, report
from .jobs import Job, is_sweep, requested
from .load import plain, sweep_options
from .schema import Config


class Program(Protocol):
    """What runs a composed configuration; Hydra is given a method of it."""

    checked: Config | list[Job] | None


class CheckFirst(Callback):
    """Checks a configuration before Hydra makes its directory. Hydra instantiates it."""

    _checked: Config | list[Job] | None = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra calls it before a run."""
        self._check(config, is_multirun=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra calls it before the jobs of a multirun."""
        self._check(config, is_multirun=True)

    def on_job_start(self, config: DictConfig, *, task_function: Any, **kwargs: Any) -> None:
        """Hand on what was checked: Hydra itself hands on the composed configuration alone."""
        program: Program = task_function.__self__
        program.checked = self._checked

    def _check(self, config: DictConfig, *, is_multirun: bool) -> None:
        # Hydra turns exceptions of callbacks into warnings, so the error leaves as an exit.
        try:
            self._checked = check(config, is_multirun=is_multirun)
        except Exception as error:
            raise SystemExit(report(error)) from error
        directory = config.hydra.sweep.dir if is_multirun else config.hydra.run.dir
        before_leaving(partial(discard_on_signal, Path(directory).absolute()))


def check(config: DictConfig, *, is_multirun: bool) -> Config | list[Job] | None:
    """What is to be run, with everything checked that can be before a directory is made.

    None for a multirun: its jobs are not composed yet, and the launcher checks them.

    Raises:
        ConfigError: the configuration cannot be run, or not in its directory.
    """
    overrides, again = config.hydra.overrides.task, sweep_options(config).resume
    if again is not None and not (Path(again) / ".sweep").is_dir():
        single = (Path(again) / "metrics.csv").is_file()
        instead = f"; to go on with the run there, write {assigned('resume', again)}"
        raise ConfigError(
            f"{assigned('sweep.resume', again)}: no sweep is in that directory"
            f"{instead if single else ''}"
        )
    directory = Path(config.hydra.sweep.dir if is_multirun else config.hydra.run.dir)
    stays_in_place("sweep.resume", again, directory)
    if is_multirun:
        return None
    raw = plain(config)
    launcher = config.hydra.runtime.choices["hydra/launcher"]
    if launcher not in (("batched", "batched_slurm") if is_sweep(raw) else ("batched",)):
        raise ConfigError(f"hydra/launcher={launcher} runs the jobs of a sweep: add -m")
    if again is not None and not is_sweep(raw):
        raise ConfigError("sweep.resume goes with a sweep: -m, or a list of values for a key")
    asked = requested(raw, overrides)
    if isinstance(asked, Config):
        checked(asked.threads)
        again = asked.resume
        stays_in_place("resume", again, directory)
    for file, key in (("metrics.csv", "resume"), ("sweep.csv", "sweep.resume")):
        if again is None and (directory / file).exists():
            raise ConfigError(
                f"hydra.run.dir={directory} holds a run already: choose another directory, "
                f"or go on with it by {assigned(key, directory)}"
            )
    return asked


def stays_in_place(key: str, resumed: str | None, directory: Path) -> None:
    """See that what is resumed goes on where it is.

    Raises:
        ConfigError: `hydra.run.dir` or `hydra.sweep.dir` name another directory.
    """
    if resumed is not None and Path(resumed).resolve() != directory.resolve():
        raise ConfigError(
            f"{assigned(key, resumed)} goes on in that directory: leave out the other, {directory}"
        )
