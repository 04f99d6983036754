"""Theory in the pictures of a sweep: predicted rates, and the step sizes that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .legend import Look
from .style import BLACK, GREY, log_spaced, signed

SweepRow = dict[str, str]
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
            etas = [float(r["optimizer.lr"]) for r in (rows if len(curves) == 1 else said)]
            dense = densely(etas, list(known.get("step_sizes", {}).values()))
            curve = predict(said[0], dense)
            if not curve:  # the jobs' problems differ: only what was said of each is known
                pairs = [(float(r["optimizer.lr"]), float(r["predicted_rate"])) for r in said]
                dense, curve = map(list, zip(*sorted(pairs), strict=True))
            axes.plot(dense, curve, **look.of_line(label="predicted"))
        measured = [(r["optimizer.lr"], r["measured_rate"]) for r in rows if r["measured_rate"]]
        if measured:
            rings: dict[str, Any] = {"color": BLACK, "linestyle": "", "fillstyle": "none"}
            points = [(float(eta), float(rate)) for eta, rate in measured]
            axes.plot(*zip(*points, strict=True), look.marker, markersize=4, label="measured",
                      **rings)  # fmt: skip
    axes.axhline(1, color=GREY, linewidth=0.8)
    axes.set_ylabel("factor of the error per update")
    axes.set_ylim(0, 1.6)


def of_one_curve(rows: Sequence[SweepRow]) -> list[list[SweepRow]]:
    """The rows that theory speaks of, apart by the minimiser that they are near."""
    found: dict[str, list[SweepRow]] = {}
    for row in rows:
        if row.get("predicted_rate"):
            found.setdefault(row.get("converged_to", ""), []).append(row)
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
            text = f"limit at x = {signed(at['x'])}: {at['step_limit']:.3g}"
            axes.axvline(at["step_limit"], color=BLACK, linewidth=1, linestyle=style, label=text)
