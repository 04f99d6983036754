"""The program: Hydra composes the configuration, an error becomes one message and a code."""

from __future__ import annotations

import importlib
import os
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import hydra
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from .config.arguments import arrange
from .config.commands import command
from .config.composition import hydra_part
from .config.failures import discard, discard_on_signal, from_hydra, report
from .config.help import conf_dir
from .config.hydra_versions import RUNNING, register_resolver
from .config.jobs import Job
from .config.lists import linspace, logspace
from .config.load import plain, sweep_options
from .config.preflight import CHECKED, requested
from .system.errors import ConfigError
from .system.process import before_leaving, no_garbage
from .system.threads import settle

TOKEN = f"{datetime.now():%Y-%m-%d_%H-%M-%S-%f}_{secrets.token_hex(4)}"
"""Names this program's directories: sortable, and shared with no other process."""


def register_resolvers() -> None:
    """The names of directories, as conf/config.yaml asks for them, and lists of numbers."""
    register_resolver("run_dir", run_directory)
    register_resolver("output_subdir", lambda resume: None if resume else ".hydra")
    register_resolver("logspace", logspace)
    register_resolver("linspace", linspace)


def run_directory(
    resume: str | None, again: str | None, task: str, problem: str, overrides: Sequence[str] = ()
) -> str:
    """Where a run or a sweep leaves its files, if the user names no place.

    Args:
        again: `sweep.resume`.
        overrides: the command line of a sweep: one over problems or tasks has no name of theirs.
    """
    swept = any(re.match(r"(problem|task)=.*,", override) for override in overrides)
    name = "sweep" if swept else problem if task == "train" else task
    return resume or again or f"outputs/{name}/{TOKEN}"


def run(composed: DictConfig) -> int:
    """Run the task of one composed configuration in the directory Hydra made for it."""
    own = HydraConfig.get()
    directory = Path(own.runtime.output_dir)
    before_leaving(partial(discard_on_signal, directory))
    request = CHECKED.get() or requested(plain(composed), own.overrides.task)
    if isinstance(request, list):
        return sweep(composed, own, request, directory)
    settle(request.threads)
    with no_garbage():
        if request.task == "grade" or (request.gradient.path and not request.gradient.trusted):
            import torch  # noqa: F401

            from .sandbox.server import warm

            warm()  # before there is anything that a file should not see
        task = importlib.import_module(f"{__package__}.tasks.{request.task}")
    try:
        return int(task.run(request, directory, command(own.overrides.task)))
    except Exception:
        discard(directory)
        raise


def sweep(composed: DictConfig, own: HydraConf, jobs: list[Job], directory: Path) -> int:
    """Run the jobs that a configuration with lists, or Hydra's multirun, asks for.

    Args:
        own: Hydra's own part of the configuration.
    """
    if own.runtime.choices["hydra/launcher"] != "batched_slurm":  # its tasks have their own CPUs
        settle(None)  # then every job its own number
    with no_garbage():
        from .sweep.run import run_sweep  # imports torch
        from .sweep.runner import runner

    try:
        options, run_jobs = sweep_options(composed), runner(own.launcher)
        return run_sweep(jobs, directory, options, hydra_part(own), run_jobs)
    except Exception:
        discard(directory)
        raise


def start() -> int:
    """Compose and run what the command line asks for; return the exit code."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come to us, not to Hydra's printer
    register_resolvers()
    codes = [0]

    @hydra.main(**RUNNING, config_path=str(conf_dir()), config_name="config")
    def app(composed: DictConfig) -> None:
        try:
            codes.append(run(composed))
        except Exception as error:  # reported here, so that the other jobs of a sweep go on
            codes.append(report(error))

    try:
        sys.argv[1:] = arrange(sys.argv[1:])
        app()
    except SystemExit as ended:  # of Hydra's own options, or by a launcher
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        codes.append(ConfigError.exit_code if code and from_hydra(ended) else code)
    except Exception as error:
        codes.append(report(error))
        for directory in Path("outputs").glob(f"*/{TOKEN}"):  # of a multirun without a first job
            discard(directory)
    return max(codes)
