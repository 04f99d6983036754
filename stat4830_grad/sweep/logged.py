"""logged.csv: what was logged by the jobs of a sweep that leave no directories of their own."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from ..system.files import append, write_text
from ..training.rows import Row
from ..training.run_log import RunLog

JOB = "job"
"""The first column: the number of a row's job."""

AT_ONCE = 1000
"""Jobs whose rows are written together."""


def files(directory: Path) -> list[Path]:
    """Those that a sweep has: jobs with other columns than logged.csv's are in logged_2.csv, …"""
    found: list[Path] = []
    while (path := numbered(directory, len(found) + 1)).exists():
        found.append(path)
    return found


def numbered(directory: Path, place: int) -> Path:
    """The path of the first, second, … of these files."""
    return directory / ("logged.csv" if place == 1 else f"logged_{place}.csv")


def append_logs(directory: Path, logs: Sequence[tuple[int, RunLog]]) -> None:
    """Add what some jobs have logged, each given by its number; it is on disk then.

    The caller holds the sweep's lock. The jobs have the same columns.

    Raises:
        OSError: it could not be written.
    """
    header = ",".join((JOB, *logs[0][1].names))
    there = files(directory)
    path = next((one for one in there if header_of(one) == header), None)
    if path is None:
        path = numbered(directory, len(there) + 1)
        write_text(path, f"{header}\n")
    append(path, "" if is_whole(path) else "\n")
    for first in range(0, len(logs), AT_ONCE):
        text = "".join(text_of(job, log) for job, log in logs[first : first + AT_ONCE])
        append(path, text, sync=first + AT_ONCE >= len(logs))


def text_of(job: int, log: RunLog) -> str:
    """The rows of a job as lines; floats are written so that they read back as the same number."""
    numbers, width = log.numbers.tolist(), len(log.names)
    return "".join(
        f"{job},{int(numbers[at])},{','.join(map(repr, numbers[at + 1 : at + width]))}\n"
        for at in range(0, len(numbers), width)
    )


def header_of(path: Path) -> str:
    """The first line."""
    with path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def is_whole(path: Path) -> bool:
    """Whether the last line is complete: a kill may have cut it."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def read_logs(directory: Path, jobs: Collection[int]) -> dict[int, list[Row]]:
    """The rows of these jobs, by number; those of a job that was run again are its last ones."""
    found: dict[int, list[Row]] = {}
    for path in files(directory):
        with path.open(encoding="utf-8") as file:
            names = file.readline().rstrip("\n").split(",")[1:]
            for line in file:
                job, _, rest = line.rstrip("\n").partition(",")
                if not job.isdigit() or int(job) not in jobs or not line.endswith("\n"):
                    continue
                try:
                    row = dict(zip(names, map(float, rest.split(",")), strict=True))
                except ValueError:  # a line that a kill has cut
                    continue
                rows = found.setdefault(int(job), [])
                if rows and row["step"] <= rows[-1]["step"]:
                    rows.clear()
                rows.append(row)
    return found
