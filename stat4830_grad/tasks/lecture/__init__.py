"""`task=lecture`: everything the lecture shows, and its numbers beside ours."""

from __future__ import annotations

from pathlib import Path

from ...config.schema import Config
from ...console.terminal import make_console, say_whole
from ...reports.lecture import report_lecture
from ...system.files import write_text
from ...training.run_directory import versions, write_config, write_json
from .comparison import exit_code, markdown, table, verdict
from .row import NOT_RUN
from .rows import lecture


def run(config: Config, directory: Path, command: str) -> int:
    """Exit code 0: all rows exact; 1: one is not; 3: some could not be run, the others are."""
    console = make_console()
    write_config(directory, config)
    rows = []
    with console.status("the lecture, L1 to L15") as status:  # on a terminal only
        for row in lecture(config):
            for picture in row.pictures:
                picture.draw(directory)
            status.update(f"done: {row.id} {row.title}")
            rows.append(row)
    code = exit_code(rows)
    write_json(
        directory / "lecture.json",
        {
            "schema": 1,
            "exit_code": code,
            "rows": [row.to_dict() for row in rows],
            "command": command,
            "versions": versions(),
        },
    )
    write_text(directory / "lecture.md", markdown(rows, command))
    if config.figures:
        captions = {f"{p.name}.png": p.caption for row in rows for p in row.pictures}
        told = [row.to_dict() for row in rows]
        installed = list(versions().items())
        report_lecture(told, captions, verdict(rows), command, installed, directory)
    console.print(table(rows, console.width))
    console.print(verdict(rows), style="bold")
    for row in rows:
        if row.not_run is not None:
            say_whole(console, f"{row.id} {NOT_RUN}: {row.not_run}")
    say_whole(console, f"files: {directory}/lecture.md")
    return code
