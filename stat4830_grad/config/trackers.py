"""The trackers that a run can be logged to: their names and libraries. Imports none of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ..system.errors import ConfigError

LIBRARIES = {
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "sqlalchemy", "alembic"),
    "wandb": ("wandb",),
    "trackio": ("trackio",),
}
"""Tracker -> what it takes to be imported; the extra that installs it has the tracker's name."""


def check_installed(trackers: Sequence[str]) -> None:
    """See that the libraries of `trackers` are there.

    Raises:
        ConfigError: they are not; the message has the command that installs them.
    """
    missing = [name for name in trackers if not all(map(find_spec, LIBRARIES[name]))]
    if missing:
        extras = ",".join(missing)
        are = "are" if len(missing) > 1 else "is"
        raise ConfigError(
            f"log.to={extras}: {' and '.join(missing)} {are} not installed; "
            f"pip install 'stat4830-grad[{extras}]'"
        )
