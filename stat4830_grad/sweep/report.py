"""What the console says of a sweep: a headline per batch, and the table at the end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ..config.jobs import short
from ..config.schema import Config
from ..console.tables import Column, FittedTable
from ..training.report import model_in_words
from ..training.sweep_row import Cell, SweepRow, deciding, metrics_of

SHOWN = 30
"""Rows of the table on the terminal; of a larger sweep it shows the best."""

STYLES = {"completed": "", "increased": "magenta", "diverged": "magenta"}
"""Of a job's row by its status; red for the others."""


def describe(config: Config, device: str, runs: int, batches: int) -> str:
    """What some runs have in common, and how they train, in one line."""
    parts = [
        config.problem.name,
        model_in_words(config.model),
        config.gradient.name,
        config.optimizer.name,
        f"{config.steps:,} steps",
        f"{device} {config.dtype}",
    ]
    cut = "one batch" if batches == 1 else f"{batches} batches of {-(-runs // batches)}"
    how = "a run alone" if runs == 1 else f"{runs:,} runs in {cut}"
    if not config.optimizer.batches:
        how = f"a run alone, as {config.optimizer.name} cannot train several together"
    return f"{' · '.join(part for part in parts if part)}: {how}"


def ranked(rows: Sequence[SweepRow]) -> list[SweepRow]:
    """Completed jobs, the best first, by the metrics that decide."""
    metrics = deciding(rows)

    def badness(row: SweepRow) -> list[float]:
        ends = [(metric, row.final.get(metric)) for metric in metrics]
        return [math.inf if end is None else metric.badness(end, end) for metric, end in ends]

    done = [row for row in rows if row.status == "completed" and row.final.keys() & metrics[:1]]
    return sorted((row for row in done if not math.isnan(badness(row)[0])), key=badness)


def table(rows: Sequence[SweepRow], swept: Sequence[str]) -> FittedTable:
    """Jobs by their swept keys; of more than `SHOWN` the best ones."""
    shown, title, metrics = list(rows), "", metrics_of(rows)
    rates = [name for name in RATES if any(row.theory.get(name) is not None for row in rows)]
    if len(rows) > SHOWN:
        best = ranked(rows)[:SHOWN]
        shown = best or list(rows)[:SHOWN]
        title = f"the {'best' if best else 'first'} {len(shown)}; all are in sweep.csv"
    columns = [Column("job"), *(Column(short(key, swept)) for key in swept)]
    for place, metric in enumerate(metrics, start=1):
        columns.append(Column(metric.title, spare=0 if metric == deciding(rows)[0] else place))
    for place, name in enumerate(rates, start=len(metrics) + 1):
        columns.append(Column(name.replace("_", " "), spare=place))
    cells = [
        (
            str(row.job),
            *(shown_key(row.swept.get(name, "")) for name in swept),
            *(metric.text(row.final[metric]) if metric in row.final else "–" for metric in metrics),
            *(shown_rate(row.theory.get(name)) for name in rates),
            row.status,
        )
        for row in shown
    ]
    styles = [STYLES.get(row.status, "red") for row in shown]
    return FittedTable((*columns, Column("status", left=True)), cells, styles, title)


RATES = ("predicted_rate", "measured_rate")
"""Columns of theory that the table on the terminal shows."""


def shown_rate(rate: float | None) -> str:
    """A factor per update to four digits; a dash where it is not known."""
    return "–" if rate is None else f"{rate:.4g}"


def shown_key(value: Cell) -> str:
    """Floats to six digits; the files have all of them."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def tally(rows: Sequence[SweepRow], jobs: int, elsewhere: int = 0) -> str:
    """`62 completed, 2 diverged of 64 jobs`.

    Args:
        elsewhere: jobs without a row that are in Slurm's queue.
    """
    counts = Counter(row.status for row in rows)
    order = ("completed", "increased", "diverged", "failed", "interrupted", "not begun")
    said = ", ".join(f"{counts[status]:,} {status}" for status in order if counts[status])
    missing = jobs - len(rows) - elsewhere
    parts = [
        said or ("none has ended" if elsewhere else "nothing ran"),
        f"{elsewhere:,} queued or running" if elsewhere else "",
        f"{missing:,} not run" if missing else "",
    ]
    return f"{', '.join(filter(None, parts))} of {jobs:,} jobs"
