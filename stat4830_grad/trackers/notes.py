"""trackers.json: what each tracker has of a run, so that nothing is logged twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from ..system.reading import read_json
from ..training.run_directory import write_json

FILE = "trackers.json"

Note = dict[str, Any]
"""What is remembered for a tracker: `last`, the step up to which it has the run's rows, and
`status`, how the run ended, as it was logged; and what its module adds to find the run again."""


class Notes:
    """The file in the directory of a run, or of a sweep.

    Raises:
        DataError: it is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        found = read_json(self._path) if self._path.exists() else {}
        self.id: str = found.get("id") or uuid4().hex
        self._trackers: dict[str, Note] = found.get("trackers", {})

    def of(self, tracker: str) -> Note:
        """The note of a tracker; to be added to."""
        return self._trackers.setdefault(tracker, {})

    def save(self) -> None:
        """Write it."""
        write_json(self._path, {"id": self.id, "trackers": self._trackers})
