"""Where boxes and lines go: a layered drawing (Sugiyama et al., 1981), computed by grandalf.

Lengths are in points. y grows upwards, and the first box, from which all others are reached,
stands at the top. A link gets a label of its own size on its way, laid out like a box, so that
labels overlap nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

X_GAP, Y_GAP = 18.0, 20.0  # between neighbours, between layers
LANE = 24.0  # width of a pair of lines; a label's text starts to the right of it


@dataclass(frozen=True)
class Size:
    """Of a box, in points."""

    w: float
    h: float


@dataclass
class View:
    """A box as grandalf wants it; `xy` is the centre, y downwards."""

    w: float
    h: float
    xy: tuple[float, float] = (0.0, 0.0)


@dataclass
class Route:
    """Where an edge passes other layers, as grandalf reports it."""

    points: list[tuple[float, float]] = field(default_factory=list)

    def setpath(self, points: list[tuple[float, float]]) -> None:
        """Called by grandalf, with the ends of the edge among the points."""
        self.points = points[1:-1]


@dataclass(frozen=True)
class Place:
    """A centre and a size, with the vertical extent of the layer it is in."""

    x: float
    y: float
    w: float
    h: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Line:
    """One link: boxes `source` above `target`, its label, and the layers it passes between."""

    source: int
    target: int
    label: Place
    passes: tuple[Place, ...]  # from the label downwards


@dataclass(frozen=True)
class Layout:
    """The place of each box and the line of each link, in their order."""

    boxes: list[Place]
    lines: list[Line]


def layered(boxes: list[Size], links: list[tuple[int, int]], labels: list[Size]) -> Layout:
    """Positions for `boxes`, connected by `links` (above, below), each with its label."""
    if len(boxes) == 1:
        w, h = boxes[0].w, boxes[0].h
        return Layout([Place(0.0, 0.0, w, h, h / 2, -h / 2)], [])
    vertices = [vertex(size) for size in boxes]
    stops = [vertex(size) for size in labels]
    edges = []
    for (source, target), stop in zip(links, stops, strict=True):
        edges += [Edge(vertices[source], stop), Edge(stop, vertices[target])]
    for edge in edges:
        edge.view = Route()
    sugiyama = SugiyamaLayout(Graph(vertices + stops, edges).C[0])
    sugiyama.xspace, sugiyama.yspace, sugiyama.dw, sugiyama.dh = X_GAP, Y_GAP, LANE, 1.0
    sugiyama.init_all(roots=[vertices[0]], inverted_edges=[])
    sugiyama.draw(12)
    places = placed(sugiyama)
    wanted = {
        stop: (places[vertices[source]].x + places[vertices[target]].x) / 2
        for (source, target), stop in zip(links, stops, strict=True)
    }
    for layer in sugiyama.layers:
        straighten(layer, places, wanted)
    lines = []
    for i, (source, target) in enumerate(links):
        label, below = places[stops[i]], edges[2 * i + 1]
        ranks = range(sugiyama.grx[stops[i]].rank + 1, sugiyama.grx[vertices[target]].rank)
        controls = sugiyama.ctrls.get(below, {})
        passes = tuple(places[controls[rank]] for rank in ranks)
        lines.append(Line(source, target, label, passes))
    return Layout([places[v] for v in vertices], lines)


def vertex(size: Size) -> Any:
    """A box as grandalf's."""
    made = Vertex()
    made.view = View(size.w, size.h)
    return made


def placed(sugiyama: Any) -> dict[Any, Place]:
    """Final positions; neighbours that the algorithm left too close are moved apart."""
    places = {}
    for layer in sugiyama.layers:
        height = max(v.view.h for v in layer)
        right = -float("inf")
        for v in layer:
            (x, y), w, h = v.view.xy, v.view.w, v.view.h
            x = max(x, right + X_GAP / 2 + w / 2)
            right = x + w / 2
            places[v] = Place(x, -y, w, h, -y + height / 2, -y - height / 2)
    return places


def straighten(layer: list[Any], places: dict[Any, Place], wanted: dict[Any, float]) -> None:
    """Moves labels, as far as neighbours allow, so that their lines run straight."""
    for i, v in enumerate(layer):
        if v not in wanted:
            continue
        place = places[v]
        x = wanted[v] + place.w / 2 - LANE / 2
        if i > 0:
            left = places[layer[i - 1]]
            x = max(x, left.x + left.w / 2 + X_GAP / 2 + place.w / 2)
        if i + 1 < len(layer):
            right = places[layer[i + 1]]
            x = min(x, right.x - right.w / 2 - X_GAP / 2 - place.w / 2)
        places[v] = replace(place, x=x)
