"""The rows together: the table at the end, lecture.md, and what the exit code says."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...system import exit_codes
from .row import NOT_RUN, Claim, Row

SIGN = {True: "✓", False: "✗", None: "–"}
STYLE = {True: "green", False: "bold red", None: "magenta"}


def exit_code(rows: Sequence[Row]) -> int:
    """0: all exact; 1: something is not, a defect of ours; 3: not everything could be run."""
    verdicts = {row.verdict for row in rows}
    if "NOT exact" in verdicts:
        return exit_codes.DEFECT
    return exit_codes.DATA if NOT_RUN in verdicts else exit_codes.COMPLETED


def verdict(rows: Sequence[Row]) -> str:
    """`15 of 15 rows exact`, and what the others are."""
    counts = {name: sum(row.verdict == name for row in rows) for name in ("NOT exact", NOT_RUN)}
    exact = len(rows) - sum(counts.values())
    others = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join([f"{exact} of {len(rows)} rows exact", *others])


WIDTHS = {"what": 37, "the lecture": 20, "ours": 17, "": 1}
"""Columns of the table; with a space between them they fill a terminal of 80."""

WIDTH = sum(WIDTHS.values()) + len(WIDTHS) - 1


def table(rows: Sequence[Row], width: int) -> RenderableType:
    """What the lecture states and what we got: a table under each row's title.

    On a terminal of less than `WIDTH` columns every claim has lines of its own.
    """
    if width < WIDTH:
        return Group(
            *(part for row in rows for part in (headline(row), *map(in_words, row.claims)))
        )
    header = grid()
    header.add_row(*WIDTHS, style="dim")
    return Group(header, *(part for row in rows for part in (headline(row), claims(row))))


def in_words(claim: Claim) -> RenderableType:
    """A claim on a narrow terminal: what it is about, the lecture's value, ours."""
    sign = (f"  {SIGN[claim.exact]} ", STYLE[claim.exact])
    lines = (f"the lecture  {claim.stated}", f"ours         {claim.obtained}")
    return Group(
        Text.assemble(sign, claim.what), *(Padding(Text(line), (0, 0, 0, 6)) for line in lines)
    )


def grid() -> Table:
    """A table without lines whose columns are those of every other."""
    result = Table.grid(padding=(0, 1))
    for width in WIDTHS.values():
        result.add_column(width=width, overflow="fold")
    return result


def headline(row: Row) -> Text:
    """A row of the lecture with its verdict."""
    colour = STYLE[{"exact": True, NOT_RUN: None}.get(row.verdict, False)]
    return Text.assemble((f"{row.id} {row.title}", "bold"), ": ", (row.verdict, colour))


def claims(row: Row) -> Table:
    """What the lecture states beside what came out."""
    result = grid()
    for claim in row.claims:
        sign = Text(SIGN[claim.exact], style=STYLE[claim.exact])
        result.add_row(f"  {claim.what}", claim.stated, claim.obtained, sign)
    return result


def markdown(rows: Sequence[Row], command: str) -> str:
    """The whole lecture: a summary, then every row with its claims, figures and details."""
    lines = [
        "# The lecture, from this project",
        "STAT 4830, Lecture 4, “How to compute gradients in PyTorch” (Damek Davis): what it "
        f"states, and what `{command}` computed.",
        f"**{verdict(rows)}**",
        "\n".join(
            ["| | what | |", "|---|---|---|"]
            + [f"| {row.id} | {cell(row.title)} | {row.verdict} |" for row in rows]
        ),
    ]
    return "\n\n".join([*lines, *map(section, rows)]) + "\n"


def section(row: Row) -> str:
    """A row of the lecture in Markdown: its claims, pictures and details."""
    lines = ["| what | the lecture | ours | exact |", "|---|---|---|---|"]
    lines += [
        f"| {cell(c.what)} | {cell(c.stated)} | {cell(c.obtained)} | {SIGN[c.exact]} |"
        for c in row.claims
    ]
    parts = [f"## {row.id}: {row.title}"]
    if row.not_run is not None:
        parts.append(f"**Not run:** {row.not_run}")
    parts.append("\n".join(lines))
    parts += [f"![{p.caption}]({p.name}.png)\n\n{p.caption}" for p in row.pictures]
    return "\n\n".join([*parts, *([row.details] if row.details else [])])


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("*", "\\*")
