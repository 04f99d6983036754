"""Weights & Biases: a run of the project WANDB_PROJECT, or `stat4830_grad`, below ./wandb.

Without an account (no WANDB_API_KEY, and no login), or with WANDB_MODE=offline, it is an offline
run, which `wandb sync` sends later. The jobs of a sweep are a group.
"""

from __future__ import annotations

import netrc
import os
import shutil
from pathlib import Path
from urllib.parse import urlparse

from ..training.rows import Row
from .left_run import PROJECT, Array, LeftRun, histogram, scalars
from .notes import Note


def place() -> str:
    """The project, and whether it is here or at the server."""
    return f"{os.environ.get('WANDB_PROJECT', PROJECT)} {mode()}"


def mode() -> str:
    """`online` or `offline`, as the environment has it; offline without an account."""
    return os.environ.get("WANDB_MODE") or ("online" if has_account() else "offline")


def has_account() -> bool:
    """Whether a key for the server is known."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return netrc.netrc().authenticators(host or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def has(run: LeftRun, note: Note) -> bool:
    """Whether the run's files are there; of one at the server we cannot know."""
    parts = note.get("parts", [])
    return bool(parts) and (mode() == "online" or all(Path(part).is_dir() for part in parts))


def begin(run: LeftRun, note: Note) -> Run:
    """A part of the run: an offline run that is gone on with is several, which W&B puts together.

    A part that has no end is removed and logged again.
    """
    offline = mode() != "online"
    parts = note.setdefault("parts", [])
    last = note.get("last")
    if offline and last is None:
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)
        parts.clear()
    opened = Run(run, -1 if last is None else int(last))
    parts.append(opened.directory)
    return opened


class Run:
    """An open run of W&B's."""

    def __init__(self, run: LeftRun, last: int) -> None:
        import wandb

        self._wandb = wandb
        quiet = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,  # summary.json has the commit of this program
            disable_code=True,
            x_disable_stats=True,  # an export would log the wrong machine's
            x_disable_machine_info=True,
        )
        self._open = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            id=run.id,
            name=run.name,
            group=run.group,
            config=run.config,
            allow_val_change=True,  # of `steps`, where a run is resumed
            mode="online" if mode() == "online" else "offline",
            resume="allow",
            reinit="finish_previous",  # one that failed is not to be taken for this one
            settings=quiet,
        )
        self.directory = str(self._open.settings.sync_dir)
        self.last = max(last, int(self._open.starting_step) - 1)
        if self.last < 0:
            self._histograms(run.first_weights(), 0)

    def log(self, row: Row) -> None:
        """The row at its own step."""
        self._open.log(scalars(row), step=int(row["step"]))

    def close(self, run: LeftRun) -> None:
        """Histograms and pictures beside the last row, best values and status in the summary."""
        self._histograms(run.last_weights(), run.steps)
        for picture in run.figures:
            self._open.log({picture.stem: self._wandb.Image(str(picture))}, step=run.steps)
        known = ("status", "seconds", "device", "dataset", "versions", "command", "git")
        known_values = {key: run.summary[key] for key in known if key in run.summary}
        self._open.summary.update({**known_values, **run.results()})
        self._open.finish(exit_code=int(run.failed))
        self._wandb.teardown()

    def _histograms(self, weights: dict[str, Array], step: int) -> None:
        for name, values in weights.items():
            drawn = self._wandb.Histogram(np_histogram=histogram(values))
            self._open.log({f"weights/{name}": drawn}, step=step)
