"""Theory in the pictures of a sweep: predicted rates, and the step sizes that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..system.wording import typeset
from ..training.sweep_row import SweepRow
from .legend import Look
from .style import BLACK, GREY, log_spaced

Known = dict[str, Any]
Predict = Callable[[SweepRow, Sequence[float]], list[float]]
"""(a job's row, step sizes) -> the rate that theory predicts for that job at each of them."""

THEORY_LOOKS = {"1/L": ":", "2/(L+mu)": "-.", "2/L": "--"}
DENSE = 400
"""Points of a predicted curve."""


def draw_rates(
    axes: Axes,
    series: Sequence[tuple[Look, list[SweepRow]]],
    known: Known,
    predict: Predict,
) -> None:
    """Predicted rate as a curve, measured as points; 1 parts convergence from divergence."""
    for look, rows in series:
        curves = of_one_curve(rows)
        for said in curves:
            etas = [step_size(row) for row in (rows if len(curves) == 1 else said)]
            dense = densely(etas, list(known.get("step_sizes", {}).values()))
            curve = predict(said[0], dense)
            if not curve:  # the jobs' problems differ: only what was said of each is known
                dense, curve = map(list, zip(*sorted(rates(said, "predicted_rate")), strict=True))
            axes.plot(dense, curve, **look.of_line(label="predicted"))
        if points := rates(rows, "measured_rate"):
            rings: dict[str, Any] = {"color": BLACK, "linestyle": "", "fillstyle": "none"}
            axes.plot(*zip(*points, strict=True), look.marker, markersize=4, label="measured",
                      **rings)  # fmt: skip
    axes.axhline(1, color=GREY, linewidth=0.8)
    axes.set_ylabel("factor of the error per update")
    axes.set_ylim(0, 1.6)


def step_size(row: SweepRow) -> float:
    """Where a job stands along the axis of step sizes."""
    return float(row.swept["optimizer.lr"])


def rates(rows: Sequence[SweepRow], which: str) -> list[tuple[float, float]]:
    """(step size, rate) of the jobs that have one."""
    pairs = [(step_size(row), row.theory.get(which)) for row in rows]
    return [(eta, rate) for eta, rate in pairs if rate is not None]


def of_one_curve(rows: Sequence[SweepRow]) -> list[list[SweepRow]]:
    """The rows that theory speaks of, apart by the minimiser that they are near."""
    found: dict[float | None, list[SweepRow]] = {}
    for row in rows:
        if row.theory.get("predicted_rate") is not None:
            found.setdefault(row.theory.get("converged_to"), []).append(row)
    return list(found.values())


def densely(etas: Sequence[float], named: Sequence[float]) -> list[float]:
    """Step sizes from the least to the greatest, with those that theory names among them."""
    low, high = min(etas), max(etas)
    between = np.geomspace(low, high, DENSE) if log_spaced(etas) else np.linspace(low, high, DENSE)
    return sorted({*between.tolist(), *(eta for eta in named if low <= eta <= high)})


def mark_theory(axes: Axes, known: Known) -> None:
    """Vertical lines at the step sizes that theory names."""
    named = dict(known.get("step_sizes", {}))
    words = {"2/L": "2/L, gradient descent's limit", "limit": "limit of convergence"}
    if "step_limit" in known:  # the same for all jobs; None if their optimizer has no limit
        limit = known["step_limit"]
        if limit is not None and limit == named.get("2/L"):
            words["2/L"] = "2/L, the limit of convergence"
        else:
            named = {} if limit is None else {"limit": limit}
    for name, value in named.items():
        text = f"{words.get(name, name.replace('mu', 'μ'))} = {value:.3g}"
        style = THEORY_LOOKS.get(name, "--")
        axes.axvline(value, color=BLACK, linewidth=1, linestyle=style, label=text)
    for at, style in zip(known.get("minimisers", []), ("--", ":", "-.") * 9, strict=False):
        if at["step_limit"] is not None:
            text = f"limit at x = {typeset(at['x'])}: {at['step_limit']:.3g}"
            axes.axvline(at["step_limit"], color=BLACK, linewidth=1, linestyle=style, label=text)
