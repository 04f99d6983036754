"""Numbers in the form in which a report's scripts take them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..metrics import Metric
from ..training.rows import Row

MOST = 400_000
"""Numbers that a report holds of curves: of longer ones, and of many, rows are left out."""

LEAST = 12
"""Rows of a curve that are kept in any case."""

Data = dict[str, Any]
"""What becomes JSON."""


def packed(values: Iterable[float]) -> str:
    """Base64 of float32, little-endian; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        array = np.fromiter(values, np.float64).astype("<f4")
    return base64.b64encode(array.tobytes()).decode()


def thinned(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """At most so many rows, evenly chosen, the first and the last among them."""
    if len(rows) <= most:
        return rows
    return [rows[i] for i in np.linspace(0, len(rows) - 1, most).round().astype(int).tolist()]


def curves(runs: Sequence[Sequence[Row]], metrics: Sequence[Metric]) -> Data:
    """The rows of each run, column by column, one run after another.

    {counts: rows of each run, steps, metrics: [{name, label, …, values}]}; steps and values are
    packed.
    """
    most = max(LEAST, MOST // max(1, len(runs) * (len(metrics) + 1)))
    kept = [thinned(rows, most) for rows in runs]
    every = [row for rows in kept for row in rows]
    columns = [
        {
            **about(metric),
            "values": packed(row.get(metric.name, np.nan) for row in every),
        }
        for metric in metrics
    ]
    return {
        "counts": [len(rows) for rows in kept],
        "thinned": any(len(rows) > most for rows in runs),
        "steps": packed(row["step"] for row in every),
        "metrics": columns,
    }


def about(metric: Metric) -> Data:
    """What a page says of a metric."""
    return {
        "name": metric.name,
        "title": metric.title,
        "label": metric.label,
        "percent": metric.percent,
        "panel": metric.panel or metric.label,
        "line": metric.line or metric.title,
    }
