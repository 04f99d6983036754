"""What pictures share: labels of axes, and margins that hold them."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation
from pictures import points

from stat4830_grad.figures.curves import curves
from stat4830_grad.figures.style import in_percent, logarithmic
from stat4830_grad.system.wording import SUPERSCRIPTS
from stat4830_grad.training.rows import columns_of


def labels(figure: Figure) -> list[str]:
    """Of the vertical axis, those of minor ticks too."""
    FigureCanvasAgg(figure).draw()
    axis = figure.axes[0].yaxis
    return [tick.label1.get_text() for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())]


def in_plain_text(formula: str) -> str:
    """matplotlib's `$\\mathdefault{2\\times10^{-3}}$` as we write it."""
    if not formula:
        return ""
    found = re.fullmatch(r"\$\\mathdefault\{(?:([\d.]+)\\times)?10\^\{(-?\d+)\}\}\$", formula)
    assert found, formula
    power = "10" + found[2].translate(SUPERSCRIPTS)
    return f"{found[1]}·{power}" if found[1] else power


@pytest.mark.parametrize(
    ("low", "high"), [(1e-14, 1e2), (2e-3, 7.0), (0.03, 0.8), (0.2, 0.6), (0.9, 12.0), (3e4, 8e5)]
)
def test_a_logarithmic_axis_says_what_matplotlib_says(low: float, high: float) -> None:
    ours, theirs = Figure(), Figure()
    for figure in (ours, theirs):
        figure.subplots().plot([0, 1], [low, high])
    logarithmic(ours.axes[0], "y")
    theirs.axes[0].set_yscale("log")
    assert isinstance(theirs.axes[0].yaxis.get_major_formatter(), LogFormatterSciNotation)
    expected = [in_plain_text(label) for label in labels(theirs)]
    assert any(expected)
    assert labels(ours) == expected


def test_accuracies_half_a_percent_apart_have_labels_of_their_own() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set_ylim(0.82, 0.83)
    axes.set_yticks([0.82, 0.825, 0.83])
    in_percent(axes)
    assert labels(figure) == ["82 %", "82.5 %", "83 %"]


@pytest.mark.parametrize("scale", [1.0, -1.25e-3, 1.25e9])
def test_labels_of_curves_stay_in_the_picture_and_out_of_other_panels(scale: float) -> None:
    rows = [
        {"step": 25_000 * t, "seconds": 0.0, "loss": scale * (3 + 0.01 * t), "grad_norm": 10.0**-t}
        for t in range(5)
    ]
    figure = curves(rows, columns_of(rows), "a title")
    FigureCanvasAgg(figure).draw()
    found = (axes.get_tightbbox() for axes in figure.axes)  # with every label that is drawn
    boxes = [box for box in found if box is not None]
    assert len(boxes) == len(figure.axes)
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    assert all(one.x1 < next.x0 for one, next in itertools.pairwise(boxes))


def test_a_run_that_diverges_to_minus_infinity_still_shows_how_it_began() -> None:
    losses = [8.0, -4.0, -1e3, -1e30, -math.inf]
    rows = [{"step": t, "seconds": 0.0, "loss": loss} for t, loss in enumerate(losses)]
    panel = curves(rows, columns_of(rows), "").axes[0]
    low, high = panel.get_ylim()
    assert -20 < low < -4 < 8 < high < 20
    steps, values = points(panel.lines[0])
    assert values[:2] == [8.0, -4.0]
    assert (len(steps), values[-1] < low) == (3, True)


def test_a_run_that_goes_far_and_stays_there_is_shown_to_its_end() -> None:
    xs = [-1e-3, 0.3, 0.9, 1.0, 1.0]
    rows = [{"step": t, "seconds": 0.0, "x": x} for t, x in enumerate(xs)]
    panel = curves(rows, columns_of(rows), "").axes[0]
    assert points(panel.lines[0])[1] == xs
    assert panel.get_ylim()[1] > 1


def test_numbers_at_the_lower_end_of_float64_can_be_drawn() -> None:
    rows = [{"step": t, "seconds": 0.0, "loss": 1e-319 / 30**t} for t in range(4)]
    FigureCanvasAgg(curves(rows, columns_of(rows), "")).draw()
