"""A trace as a picture: boxes for operations, solid lines forward, dashed lines backward."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from ...graph import Trace
from ...graph.text import partial
from ..style import save
from .drawing import BACKWARD, FORWARD, INK, SOFT, Box, Drawing, Words, drawn, title
from .layout import LANE, Layout, Line, Place, Size, layered

FILL = {"operation": "#EAF3FA", "leaf": "#FFF4D1", "rest": "#F0F0F0"}
DPI = 150
PAD, LEADING, MARGIN = 7.0, 1.35, 16.0  # points, except the line height in font sizes


KEY = [Words("solid: forward, values", FORWARD), Words("dashed: backward, gradients", BACKWARD)]


def save_graph(trace: Trace, directory: Path, name: str = "graph") -> None:
    """`name`.png and `name`.svg in `directory`."""
    save(graph_figure(trace), directory, name)


def graph_figure(trace: Trace) -> Figure:
    """The graph with its function at the top and the leaves below, as large as it has to be."""
    drawing = drawn(trace)
    figure = Figure(dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    sizes = [measured(canvas, box.words, 2 * PAD) for box in drawing.boxes]
    labels = [measured(canvas, words, LANE) for words in drawing.labels]
    layout = layered(sizes, drawing.links, labels)
    axes = fitted(figure, layout, measured(canvas, heading(trace, drawing), 0).w)
    draw_lines(axes, layout)
    draw_seed(axes, trace, layout.boxes[0])
    for box, place in zip(drawing.boxes, layout.boxes, strict=True):
        draw_box(axes, box, place)
    for words, line in zip(drawing.labels, layout.lines, strict=True):
        label = line.label
        write(axes, words, label.x - label.w / 2 + LANE, label.y + label.h / 2)
    (left, _), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    write(axes, heading(trace, drawing), left + MARGIN, top - MARGIN / 2)
    write(axes, KEY, left + MARGIN, bottom + 36)
    return figure


def fitted(figure: Figure, layout: Layout, least: float) -> Axes:
    """Axes in points around the layout, with room for the heading, the seed and the key."""
    places = layout.boxes + [p for line in layout.lines for p in (line.label, *line.passes)]
    left, right = min(p.x - p.w / 2 for p in places), max(p.x + p.w / 2 for p in places)
    spare = max(least - (right - left), 0) / 2 + MARGIN
    bottom, top = min(p.bottom for p in places) - 48, max(p.top for p in places) + 74
    figure.set_size_inches((right - left + 2 * spare) / 72, (top - bottom) / 72)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_xlim(left - spare, right + spare)
    axes.set_ylim(bottom, top)
    return axes


def heading(trace: Trace, drawing: Drawing) -> list[Words]:
    """The title, and under it what the drawing leaves out."""
    note = [Words(drawing.note, SOFT)] if drawing.note else []
    return [Words(title(trace), size=11, weight="bold"), *note]


def measured(canvas: FigureCanvasAgg, words: list[Words], extra: float) -> Size:
    """Width of the longest line and `extra`; height of all lines, padded above and below."""
    scale = 72 / canvas.figure.dpi
    renderer = canvas.get_renderer()
    widths = []
    for line in words:
        font = FontProperties(size=line.size, weight=line.weight)
        widths.append(renderer.get_text_width_height_descent(line.text, font, False)[0] * scale)
    height = sum(LEADING * line.size for line in words)
    return Size(max(widths) + extra, height + (PAD if extra == 2 * PAD else 0))


def write(axes: Axes, words: list[Words], x: float, y: float) -> None:
    """Lines of text from the top left corner (x, y) downwards."""
    for line in words:
        y -= LEADING * line.size
        axes.text(
            x, y + 0.35 * line.size, line.text,
            color=line.color, fontsize=line.size, fontweight=line.weight, va="baseline",
        )  # fmt: skip


def draw_box(axes: Axes, box: Box, place: Place) -> None:
    """A box at its place, in points; those of leaves are round."""
    x, y = place.x - place.w / 2, place.y - place.h / 2
    corner = 9 if box.kind == "leaf" else 2
    style = f"round,pad=0,rounding_size={corner}"
    patch = FancyBboxPatch(
        (x, y), place.w, place.h, boxstyle=style, facecolor=FILL[box.kind], edgecolor=INK, lw=0.9
    )
    axes.add_patch(patch)
    write(axes, box.words, x + PAD, y + place.h - PAD / 2)


def draw_seed(axes: Axes, trace: Trace, place: Place) -> None:
    """The 1 that reverse mode starts from, above the function."""
    top = place.y + place.h / 2
    arrow(axes, [(place.x, top + 22), (place.x, top)], BACKWARD, "--")
    seed = [Words(f"seed {partial(trace.function, trace.function)} = 1", BACKWARD, 8.5)]
    write(axes, seed, place.x + 6, top + 22)


def draw_lines(axes: Axes, layout: Layout) -> None:
    """For every link the forward line upwards on the left and the backward one on the right."""
    below = [[line for line in layout.lines if line.source == i] for i in range(len(layout.boxes))]
    above = [[line for line in layout.lines if line.target == i] for i in range(len(layout.boxes))]
    for line in layout.lines:
        source, target = layout.boxes[line.source], layout.boxes[line.target]
        start = port(source, below[line.source], line, line.label.x - line.label.w / 2 + LANE / 2)
        last = line.passes[-1].x if line.passes else line.label.x - line.label.w / 2 + LANE / 2
        end = port(target, above[line.target], line, last)
        for side, color, dash in ((-4.0, FORWARD, "-"), (4.0, BACKWARD, "--")):
            points = way(line, source, target, start + side, end + side, side)
            arrow(axes, points if side > 0 else points[::-1], color, dash, side)


def port(box: Place, lines: list[Line], line: Line, towards: float) -> float:
    """Where on a box's edge a line ends: straight ahead for one line, else spread evenly."""
    if len(lines) == 1:
        inner = box.w / 2 - 9
        return min(max(towards, box.x - inner), box.x + inner)
    order = sorted(lines, key=lambda other: other.label.x)
    return box.x - box.w / 2 + box.w * (order.index(line) + 1) / (len(lines) + 1)


def way(
    line: Line, source: Place, target: Place, start: float, end: float, side: float
) -> list[tuple[float, float]]:
    """Points from the source down to the target; vertical inside layers, slanted between."""
    rail = line.label.x - line.label.w / 2 + LANE / 2 + side
    points = [(start, source.y - source.h / 2), (start, source.bottom)]
    points += [(rail, line.label.top), (rail, line.label.bottom)]
    for place in line.passes:
        points += [(place.x + side, place.top), (place.x + side, place.bottom)]
    return [*points, (end, target.top), (end, target.y + target.h / 2)]


def arrow(
    axes: Axes, points: list[tuple[float, float]], color: str, dash: str, side: float = 0.0
) -> None:
    """A smooth line through the points with a head at the last one.

    Where the line lies flat, `side` moves it up or down, so that the two of a pair stay apart.
    """
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        if abs(x1 - x0) > 2 * abs(side):
            middle -= side if (x1 - x0) * (y1 - y0) > 0 else -side
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Curve.CURVE4] * 3
    line = PathPatch(Curve(vertices, codes), fill=False, edgecolor=color, lw=1.2, ls=dash)
    axes.add_patch(line)
    x, y = points[-1]
    back = 6 if points[0][1] < y else -6
    head = Curve([(x - 2.8, y - back), (x, y), (x + 2.8, y - back)])
    axes.add_patch(PathPatch(head, fill=False, edgecolor=color, lw=1.2))
