"""What the console says of a sweep: a headline per batch, and the table at the end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ..config.jobs import short
from ..config.schema import Config
from ..console.progress import number
from ..console.tables import Column, FittedTable
from .table import SweepRow

SHOWN = 30
"""Rows of the table on the terminal; of a larger sweep it shows the best."""

STYLES = {"completed": "", "increased": "magenta", "diverged": "magenta"}
"""Of a job's row by its status; red for the others."""


def describe(config: Config, device: str) -> str:
    """What the runs of a batch have in common, in one line."""
    parts = [
        config.problem.name,
        config.model.name if config.model else None,
        config.gradient.name,
        config.optimizer.name,
        f"{config.steps:,} steps",
        f"{device} {config.dtype}",
    ]
    return " · ".join(part for part in parts if part)


def goal(rows: Sequence[SweepRow]) -> str | None:
    """The column that tells which job is best: validation accuracy, or the loss."""
    names = rows[0] if rows else {}
    wanted = ("final_val_accuracy", "final_loss", "final_train_loss")
    return next((name for name in wanted if name in names), None)


def ranked(rows: Sequence[SweepRow]) -> list[SweepRow]:
    """Completed jobs, the best first; equal accuracies by the validation loss."""
    column = goal(rows)
    if column is None:
        return []
    sign = -1 if column.endswith("accuracy") else 1

    def badness(row: SweepRow) -> tuple[float, float]:
        loss = row.get("final_val_loss") or "inf"
        return sign * float(row[column]), float(loss)

    done = [row for row in rows if row["status"] == "completed" and row.get(column)]
    return sorted((row for row in done if not math.isnan(badness(row)[0])), key=badness)


def table(rows: Sequence[SweepRow], swept: Sequence[str]) -> FittedTable:
    """Jobs by their swept keys; of more than `SHOWN` the best ones."""
    shown, title, names = list(rows), "", results(rows)
    if len(rows) > SHOWN:
        shown = ranked(rows)[:SHOWN]
        title = f"the best {len(shown)}; all are in sweep.csv"
    columns = [Column("job"), *(Column(short(key, swept)) for key in swept)]
    for place, name in enumerate(names, start=1):
        spare = 0 if name == goal(rows) else place
        columns.append(Column(name.removeprefix("final_").replace("_", " "), spare=spare))
    cells = [
        (
            row["job"],
            *(shown_key(row.get(name, "")) for name in swept),
            *(shown_number(name, row.get(name, "")) for name in names),
            row["status"],
        )
        for row in shown
    ]
    styles = [STYLES.get(row["status"], "red") for row in shown]
    return FittedTable((*columns, Column("status", left=True)), cells, styles, title)


def results(rows: Sequence[SweepRow]) -> list[str]:
    """The columns of results, the last of which are left out first."""
    wanted = ("final_loss", "final_x", "final_val_loss", "final_val_accuracy", "final_distance")
    rates = ("predicted_rate", "measured_rate")
    return [name for name in (*wanted, *rates) if any(row.get(name) for row in rows)]


def shown_number(name: str, text: str) -> str:
    try:
        return number(name, float(text))
    except ValueError:
        return "–"


def shown_key(text: str) -> str:
    """Floats to six digits; the files have all of them."""
    try:
        return f"{float(text):.6g}" if "." in text or "e" in text else text
    except ValueError:
        return text


def tally(rows: Sequence[SweepRow], jobs: int) -> str:
    """`62 completed, 2 diverged of 64 jobs`."""
    counts = Counter(row["status"] for row in rows)
    order = ("completed", "increased", "diverged", "failed", "interrupted")
    said = ", ".join(f"{counts[status]} {status}" for status in order if counts[status])
    missing = jobs - len(rows)
    return f"{said or 'nothing ran'}{f', {missing} not run' if missing else ''} of {jobs:,} jobs"
