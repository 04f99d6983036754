"""`task=export`: runs logged to trackers from what they left."""

from __future__ import annotations

from pathlib import Path

from ..config.failures import discard_empty
from ..config.schema import Config
from ..console.terminal import make_console, say_whole
from ..trackers.logging_runs import log_runs
from ..training.finished import find_directories


def run(config: Config, directory: Path, command: str) -> int:
    """Tell each run to each tracker, once. Nothing is left in `directory`.

    Raises:
        ConfigError: no run is found, or a process is still writing to one.
        DataError: a run's files are damaged.
        MachineError: a tracker failed.
    """
    assert config.runs is not None  # the configuration is refused without
    discard_empty(directory)
    console = make_console()
    found = find_directories([config.runs] if isinstance(config.runs, str) else config.runs)
    for name in config.log.to:
        say_whole(console, log_runs(found, name))
    return 0
