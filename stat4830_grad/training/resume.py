"""What a run that is gone on with finds in its directory, before anything is written there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..config.schema import Config
from ..core import State
from ..system.errors import ConfigError
from .checkpoint import load_state
from .device import pick_device
from .execution import EXIT
from .inputs import refuse_changed_inputs


def saved_state(config: Config, directory: Path) -> State | None:
    """The state to go on from; None for a new run.

    Raises:
        ConfigError: the directory holds a run already, it has made more updates than `steps`, or
            its input files have changed.
        DataError: its checkpoint is missing or damaged.
    """
    if config.resume is None:
        if (directory / "metrics.csv").exists():
            raise ConfigError(f"{directory} holds a run already: choose another directory")
        return None
    refuse_changed_inputs(directory, [config])
    state = load_state(directory / "checkpoint.pt", pick_device(config.device, config.dtype))
    if state.updates > config.steps:
        raise ConfigError(
            f"steps={config.steps}: the run in {directory} has made {state.updates:,} updates "
            f"already; steps counts from its initial point, so give more than {state.updates}"
        )
    return state


def ended_before(config: Config, directory: Path, state: State) -> dict[str, Any] | None:
    """The summary of a run for which nothing is left to do; None where there is."""
    path = directory / "summary.json"
    try:
        summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
        status, steps = summary["status"], summary["steps"]
    except (OSError, ValueError, KeyError, TypeError):  # it was killed before its end
        return None
    over = status == "diverged" or state.updates == config.steps
    return summary if status in EXIT and steps == state.updates and over else None
