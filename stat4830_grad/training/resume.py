"""What a run that is gone on with finds in its directory, trusted only as far as it fits together.

Everything is checked before anything is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ..config.load import RESUMABLE
from ..config.schema import Config
from ..config.values import leaves, written
from ..core import OptimizerState, Params, State
from ..system.errors import ConfigError, DataError, UserError
from ..system.wording import shown
from .checkpoint import Checkpoint, Kept, load_checkpoint
from .device import pick_device
from .experiment import Experiment
from .inputs import KEYS, refuse_changed_inputs, with_absolute_paths
from .outcome import EXIT
from .rows import FILE, Row, rows_before

MAY_DIFFER = (*RESUMABLE, *KEYS, "resume", "sweep.")
"""Keys, or how they begin, that are not what makes a run: inputs are known by their content."""


def saved_checkpoint(config: Config, directory: Path) -> Checkpoint | None:
    """The checkpoint to go on from; None for a new run.

    Raises:
        ConfigError: the directory holds a run already, or its input files have changed.
        DataError: its checkpoint is missing or damaged, or of a run with another configuration.
    """
    if config.resume is None:
        if (directory / FILE).exists():
            raise ConfigError(f"{directory} holds a run already: choose another directory")
        return None
    refuse_changed_inputs(directory, [config])
    saved = load_checkpoint(directory / "checkpoint.pt", pick_device(config.device, config.dtype))
    now = kept_part(config)
    for key, before in (saved.config or {}).items():
        if key in now and now[key] != before:
            raise DataError(
                f"{directory / 'config.yaml'} says {key}={shown(written(now[key]))}, and "
                f"checkpoint.pt is of a run with {key}={shown(written(before))}; put the right "
                "file back, or begin a new run"
            )
    return saved


def kept_part(config: Config) -> Kept:
    """What a resumed run keeps of its configuration."""
    tree = dict(leaves(with_absolute_paths(config)))
    kept = {key: value for key, value in tree.items() if not key.startswith(MAY_DIFFER)}
    plain: Kept = json.loads(json.dumps(kept))
    return plain


def checked_rows(
    config: Config, directory: Path, saved: Checkpoint, experiment: Experiment
) -> list[Row] | None:
    """The rows that the run goes on from; None if the user has taken metrics.csv away.

    Raises:
        DataError: checkpoint.pt is not of this run, or metrics.csv is not what it counts on.
        ConfigError: the run has made more updates than `steps`.
    """
    path = directory / "checkpoint.pt"
    refuse_foreign(path, saved.state, experiment)
    updates = saved.state.updates
    rows = rows_before(directory, updates, saved.rows[0] if saved.rows else None)
    refuse_rows_that_end_early(config, path, updates, rows)
    if updates > config.steps:
        raise ConfigError(
            f"steps={config.steps}: the run in {directory} has made {updates:,} updates "
            f"already; steps counts from its initial point, so give more than {updates}"
        )
    return rows


def refuse_rows_that_end_early(
    config: Config, path: Path, updates: int, rows: list[Row] | None
) -> None:
    """See that the rows go up to a checkpoint: they are on disk before it is.

    Raises:
        DataError: they do not.
    """
    if rows:
        last = int(rows[-1]["step"])
        ahead = range(last + 1, min(updates, last + 2 * config.log.every + config.log.first + 1))
        if any(map(config.log.due, ahead)):
            raise DataError(
                f"{path} is of step {updates:,}, and {FILE} ends at step {last:,}: they are not of "
                f"one run; put the right file back, or remove {path.with_name(FILE)} to go on "
                f"without the rows before step {updates:,}"
            )


def refuse_foreign(path: Path, state: State, experiment: Experiment) -> None:
    """See that a state has the parameters and the optimizer's memory of `experiment`.

    Raises:
        DataError: it is of another model, dtype, batch or optimizer.
    """
    start = experiment.start()
    other = difference({"": state.params}, {"": start.params})
    if other is None and state.diverged_at.shape != start.diverged_at.shape:
        other = f"it is of {state.diverged_at.numel()} runs, not of {start.diverged_at.numel()}"
    if other is None and experiment.optimizer.fixed_state:
        other = difference(state.optimizer, start.optimizer)
    elif other is None and not goes_on(state, experiment):
        other = "the optimizer cannot go on from what it holds"
    if other is not None:
        raise DataError(
            f"{path} is not of this run: {other}; put the right file back, or begin a new run"
        )


def difference(found: OptimizerState, wanted: OptimizerState) -> str | None:
    """The first tensor that is missing, too many, or of another shape or dtype; None if none is."""
    theirs, ours = named(found), named(wanted)
    for name in (*ours, *theirs):
        if name not in theirs:
            return f"it lacks {name}"
        if name not in ours:
            return f"it holds {name}, which this run has not"
        if (theirs[name].shape, theirs[name].dtype) != (ours[name].shape, ours[name].dtype):
            return f"{name} is {described(theirs[name])}, not {described(ours[name])}"
    return None


def named(state: OptimizerState) -> Params:
    """Every tensor of nested ones by a name for messages."""
    return {f"{part} {name}".strip(): p for part, held in state.items() for name, p in held.items()}


def described(tensor: Tensor) -> str:
    """Its dtype and shape."""
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"


def goes_on(state: State, experiment: Experiment) -> bool:
    """Whether an optimizer whose memory may change its form can make an update from this one."""
    if not state.optimizer:
        return state.updates == 0 or not experiment.start().optimizer
    params = {name: p.clone() for name, p in state.params.items()}
    grads = {name: p.detach().clone() for name, p in params.items()}
    memory = {
        part: {k: p.clone() for k, p in held.items()} for part, held in state.optimizer.items()
    }
    try:
        moved, after = experiment.optimizer.update(params, grads, experiment.lr, memory)
    except (UserError, AttributeError, KeyError, TypeError, ValueError, RuntimeError, IndexError):
        return False
    same = difference({"": moved}, {"": state.params}) is None
    return same and named(memory).keys() <= named(after).keys()


def ended_before(config: Config, directory: Path, state: State) -> dict[str, Any] | None:
    """The summary of a run for which nothing is left to do; None where there is."""
    path = directory / "summary.json"
    try:
        summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
        status, steps, _ = summary["status"], summary["steps"], summary["device"]
    except (OSError, ValueError, KeyError, TypeError):  # it was killed before its end
        return None
    over = status == "diverged" or state.updates == config.steps
    return summary if status in EXIT and steps == state.updates and over else None
