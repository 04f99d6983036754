"""The report of the lecture: its rows, with their figures beside what the lecture states."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .parts import write_report


def report_lecture(
    rows: Sequence[Mapping[str, Any]],
    captions: Mapping[str, str],
    verdict: str,
    command: str,
    environment: Sequence[tuple[str, str]],
    directory: Path,
) -> None:
    """report.html in `directory`, which has the figures.

    Args:
        rows: as lecture.json has them.
        captions: of each figure, by its file's name.

    Raises:
        OSError: it cannot be written.
    """
    shown = [
        {**row, "figures": [figure(directory / name, captions[name]) for name in row["figures"]]}
        for row in rows
    ]
    data = {
        "kind": "lecture",
        "summary": verdict,
        "command": command,
        "lecture": shown,
        "environment": list(environment),
    }
    write_report(directory, "How to compute gradients in PyTorch: the lecture's numbers", data)


def figure(path: Path, caption: str) -> dict[str, str]:
    """A picture inside the page."""
    content = base64.b64encode(path.read_bytes()).decode()
    return {"source": f"data:image/png;base64,{content}", "caption": caption}
