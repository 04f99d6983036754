"""A study as a dict for check.json, and on the terminal."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...console.tables import Column, FittedTable
from ...console.tables import show as show_table
from ...sandbox.answers import Finding
from ...sandbox.student import plain
from ...system.wording import duration
from .comparison import FLOOR, Pair, worst
from .costs import MethodCost
from .methods import CENTRAL, FILE
from .study import Study

RELATIVE = (
    "‖a − b‖∞ / max(‖a‖∞, ‖b‖∞, floor) per parameter, the largest over both points; floor is "
    f"{FLOOR:g} of the parameter's largest gradient entry, so that zero is compared with zero"
)
LINES = 20
"""Most lines of a file's output that are shown."""

POINTS = "the initial point, and one where every parameter is moved at random by half its size"


def as_json(study: Study, card: list[MethodCost]) -> dict[str, Any]:
    """Everything that is shown, and the detail per parameter."""
    return {
        "agree": study.agree,
        "relative_difference": RELATIVE,
        "points": POINTS,
        "parameters": {
            name: {"shape": list(p.shape), "forward_and_central": study.probes[name]}
            for name, p in study.params.items()
        },
        "not_finite": study.not_finite,
        "pairs": {
            dtype: [pair_as_json(pair) for pair in pairs] for dtype, pairs in study.pairs.items()
        },
        "costs": [cost_as_json(row) for row in card],
        "student": student_as_json(study),
    }


def findings_as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """Each with its kind, its parameters and its sentence."""
    return [
        {"kind": f.kind, "parameters": list(f.parameters), "sentence": f.sentence} for f in findings
    ]


def pair_as_json(pair: Pair) -> dict[str, Any]:
    """Two methods as in check.json."""
    return {
        "a": pair.a,
        "b": pair.b,
        "tolerance": pair.tolerance,
        "agree": pair.agree,
        "absolute": pair.worst.absolute,
        "relative": pair.worst.relative,
        "allowed": pair.worst.allowed,
        "parameters": {name: asdict(d) for name, d in pair.parameters.items()},
    }


def cost_as_json(row: MethodCost) -> dict[str, Any]:
    """A row of the costs as in check.json, times in seconds."""
    return {
        "method": row.method,
        "seconds_per_gradient": row.seconds,
        "directions": row.directions,
        "seconds_per_direction": row.cost.seconds,
        "peak_bytes": row.cost.peak,
        "graph_nodes": row.nodes,
        "saved_bytes": row.cost.saved,
        "saved_bytes_of_parameters_and_data": row.cost.saved_before,
    }


def student_as_json(study: Study) -> dict[str, Any] | None:
    """The verdict on the user's file as in check.json; null without one."""
    if study.diagnosis is None:
        return None
    return {
        "accepted": study.diagnosis.accepted,
        "right": study.diagnosis.right,
        "findings": findings_as_json(study.diagnosis.findings),
        "remarks": findings_as_json(study.diagnosis.remarks),
        "compared_on_samples": len(study.fewer.rows) if study.fewer else None,
        "seconds_on_all_samples": study.fewer.seconds if study.fewer else None,
    }


def show(console: Console, study: Study, title: str) -> None:
    """The matrices and the verdict; the student's diagnosis if there is one."""
    console.print(Text(title, style="bold"), soft_wrap=True)
    shapes = ", ".join(f"{name} {shape(p.shape)}" for name, p in study.params.items())
    console.print(Text(f"parameters: {shapes}", style="dim"))
    if fewer := study.fewer:
        text = f"One call of your function on all {fewer.samples:,} samples takes "
        text += f"{duration(fewer.seconds)}, so there was one. Everything else is compared on "
        text += f"{len(fewer.rows):,} of them."
        console.print(Text(text, style="yellow"))
    for dtype, pairs in study.pairs.items():
        console.print()
        show_table(console, matrix(dtype, pairs))
    console.print()
    show_verdict(console, study)
    console.print()


def show_costs(console: Console, card: list[MethodCost], title: str) -> None:
    """The cost card."""
    show_table(console, cost_table(card, title))
    console.print(Text(footnote(card), style="dim"))
    console.print()


def show_printed(console: Console, printed: str) -> None:
    """What the student's file printed, as its own."""
    if printed:
        console.print(Text("Your file printed:", style="dim"))
        for text in plain(printed).splitlines()[:LINES]:
            console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2), expand=False))
        console.print()


def shape(size: tuple[int, ...]) -> str:
    """`32×784`."""
    return "×".join(map(str, size)) or "scalar"


def matrix(dtype: str, pairs: list[Pair]) -> FittedTable:
    """Largest relative difference of every pair; what is beyond its tolerance is marked."""
    names = list(dict.fromkeys([pair.a for pair in pairs] + [pair.b for pair in pairs]))
    found = {(pair.b, pair.a): pair for pair in pairs}
    columns = [Column("", left=True), *(Column(name) for name in names[:-1])]
    rows = [[Text(b), *(cell(found.get((b, a))) for a in names[:-1])] for b in names[1:]]
    return FittedTable(columns, rows, title=f"largest relative difference, {dtype}", box=None)


def cell(pair: Pair | None) -> Text:
    """The largest relative difference of two methods."""
    if pair is None:
        return Text("")
    relative = pair.worst.relative
    value = f"{relative:.1e}" if 0 < relative < math.inf else "∞" if relative else "0"
    return Text(value) if pair.agree else Text(f"✗ {value}", style="bold red")


def cost_table(card: list[MethodCost], title: str) -> FittedTable:
    """Time, memory, nodes and saved bytes of each method."""
    headings = ("time per gradient", "peak memory", "graph nodes", "saved for backward")
    columns = [Column("", left=True), *(Column(heading) for heading in headings)]
    rows = []
    for row in card:
        once = duration(row.seconds)
        rows.append(
            (
                row.method,
                once if row.directions == 1 else f"≈ {once}*",
                "–" if row.cost.peak is None else size(row.cost.peak),
                "–" if row.nodes is None else f"{row.nodes:,}",
                "–" if row.cost.saved is None else size(row.cost.saved),
            )
        )
    return FittedTable(columns, rows, title=title, box=None)


def footnote(card: list[MethodCost]) -> str:
    """How to read that table."""
    slopes = [row for row in card if row.directions > 1]
    text = "Time is a median; memory is beyond what was there; parameters and data that backward "
    text += "refers to are not counted as saved."
    if not slopes:
        return text
    each = ", ".join(f"{row.method} {duration(row.cost.seconds)}" for row in slopes)
    many = f"{slopes[0].directions:,}"
    return f"{text}\n* One slope at a time ({each}), of which a gradient takes {many}."


def size(count: int) -> str:
    """25600 bytes -> 25.6 kB."""
    for unit, bytes_ in (("B", 1), ("kB", 1e3), ("MB", 1e6)):
        if count < 1000 * bytes_:
            return f"{count / bytes_:.3g} {unit}"
    return f"{count / 1e9:.3g} GB"


def show_verdict(console: Console, study: Study) -> None:
    """What agrees and how closely, or what does not and why."""
    diagnosis = study.diagnosis
    wrong = disagreements(study)
    if study.agree:
        text = "All gradients agree." if diagnosis is None else "Your gradient is right."
        console.print(Text(text, style="bold green"))
        lines = closeness(study)
        lines += [line(remark) for remark in diagnosis.remarks] if diagnosis else []
    elif diagnosis is None:
        console.print(Text("The gradients disagree.", style="bold red"))
        lines = wrong
    else:
        text = "is right in float64, but" if diagnosis.accepted else "is not right yet:"
        console.print(Text(f"Your gradient {text}", style="bold red"))
        lines = [line(finding) for finding in diagnosis.findings]
        if diagnosis.right and not diagnosis.accepted:
            lines.append(f"right: {', '.join(diagnosis.right)}")
        lines += [text for text in wrong if diagnosis.accepted or f" {FILE} " not in f" {text} "]
    for text in lines:
        console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))


def closeness(study: Study) -> list[str]:
    """One line per dtype: how far apart, and how far apart they might be."""
    lines = []
    for dtype, pairs in study.pairs.items():
        exact = worst([p.worst for p in pairs if CENTRAL not in (p.a, p.b)])
        central = worst([p.worst for p in pairs if CENTRAL in (p.a, p.b)])
        lines.append(
            f"{dtype}  within {exact.relative:.0e} ({exact.allowed:.0e} allowed), "
            f"central within {central.relative:.0e} ({central.allowed:.0e} allowed†)"
        )
    return [*lines, "† the uncertainty that central differences measure is part of it"]


def disagreements(study: Study) -> list[str]:
    """A line for each pair of methods that differ, and one for what is not finite."""
    lines = []
    for dtype, pairs in study.pairs.items():
        for pair in pairs:
            names = [name for name, d in pair.parameters.items() if not d.agree]
            if names:
                lines.append(f"{dtype}: {pair.a} and {pair.b} differ in {', '.join(names)}")
    if study.not_finite:
        lines.append(f"not finite: {'; '.join(study.not_finite)}")
    return lines


def line(finding: Finding) -> str:
    """A finding as a sentence, after the parameters it is about."""
    about = f"{', '.join(finding.parameters)}: " if finding.parameters else ""
    return f"{about}{finding.sentence}" + ("" if finding.sentence.endswith("?") else ".")
