"""A page for each student, and one for the class; every text of others is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from ...pages import written
from ...sandbox.student import plain
from .gradebook import summary
from .grading import RIGHT, Result, said

STYLES = ("grade.css",)


def feedback_page(result: Result) -> str:
    """What one student gets to read."""
    return written(f"Feedback: {result.name}", "\n".join(feedback(result)), styles=STYLES)


def feedback(result: Result) -> Iterator[str]:
    """The elements of that page."""
    yield "<main>"
    yield f"<h1>{escape(result.name)}</h1>"
    yield f'<p class="soft">{escape(result.file)}</p>'
    yield f'<p class="score">{result.score:g} of {result.points:g}</p>'
    yield f"<p>{mark(result.status == RIGHT, result.status)}</p>"
    if result.parameters:
        yield "<h2>Gradient by parameter</h2><table>"
        for name, right in result.parameters.items():
            about = [f.sentence for f in result.findings if name in f.parameters]
            text = escape("; ".join(about)).replace("\n", "<br>")
            verdict = mark(right, "right" if right else "not right")
            yield f"<tr><td><b>{escape(name)}</b></td><td>{verdict}</td><td>{text}</td></tr>"
        yield "</table>"
    if general := [said(one) for one in result.findings if not one.parameters]:
        yield "<h2>About the file</h2>"
        yield f"<pre>{escape(chr(10).join(general))}</pre>"
    if result.printed:
        yield "<h2>Your file printed</h2>"
        yield f"<pre>{escape(plain(result.printed))}</pre>"
    yield "</main>"


def mark(good: bool, text: str) -> str:
    """A verdict, in words and in colour."""
    return f'<span class="{"right" if good else "not"}">{escape(text)}</span>'


def class_page(title: str, results: Sequence[Result]) -> str:
    """The report of a class."""
    return written(title, "\n".join(report(title, results)), styles=STYLES)


def report(title: str, results: Sequence[Result]) -> Iterator[str]:
    """The elements of that page: how many are right, what the others had, and everybody."""
    found = summary(results)
    yield f"<main><h1>{escape(title)}</h1>"
    yield f'<p class="score">mean {found.mean:.3g} of {found.points:g}</p>'
    yield f'<p class="soft">{found.count} submissions</p><h2>Status</h2><table>'
    for status, count in found.statuses:
        yield bar_row(mark(status == RIGHT, status), count, found.count, right=status == RIGHT)
    yield "</table>"
    if found.mistakes:
        yield "<h2>Mistakes, and who made them</h2><table>"
        for text, who in found.mistakes:
            names = ", ".join(map(link, who))
            about = f"<details><summary>{escape(text)}</summary>{names}</details>"
            yield bar_row(about, len(who), found.count, right=False)
        yield "</table>"
    slow = ", ".join(f"{link(one.name)} {one.seconds:.3g} s" for one in found.slowest)
    yield f"<h2>Slowest</h2><p>{slow}</p>"
    yield '<h2>Everybody</h2><table><tr><th>Name</th><th class="number">Score</th>'
    yield "<th>Status</th><th>Diagnosis</th></tr>"
    for one in results:
        about = escape(one.about).replace("\n", "<br>")
        yield f'<tr><td>{link(one.name)}</td><td class="number">{one.score:g}</td>'
        yield f"<td>{mark(one.status == RIGHT, one.status)}</td><td>{about}</td></tr>"
    yield "</table></main>"


def bar_row(label: str, count: int, of: int, *, right: bool) -> str:
    """A row with a bar as long as its share of the class."""
    width = 100 * count / max(1, of)
    kind = "bar" if right else "bar wrong"
    return (
        f'<tr><td>{label}</td><td class="number">{count}</td><td class="share">'
        f'<div class="{kind}" style="width:{width:.2f}%"></div></td></tr>'
    )


def link(name: str) -> str:
    """To a student's page."""
    return f'<a href="feedback/{quote(name)}.html">{escape(name)}</a>'
