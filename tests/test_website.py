"""The pages of the site and their links, cheaply. `scripts/docs`, in CI, builds it for real."""

from __future__ import annotations

import pkgutil
import re
import sys
from pathlib import Path

import pytest

import stat4830_grad

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from website.__main__ import TRACED, copy_of
from website.pages import FUNCTIONS, NAVIGATION, RAISED, RETURNED, examples

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TEXTS = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
ADDED = {"api", "examples", "CONTRIBUTING", "CHANGELOG"}


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> list[str]:
    """The links of a text, standing at `page`, that lead to no file or to no heading."""
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link or (target.exists() and not anchor):
            continue
        if not target.is_file() or anchor not in anchors(target):
            found.append(link)
    return found


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken(page, page.read_text("utf-8")) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "[a](trace.md) [b](trase.md) [c](trace.md#change-a-number) [d](trace.md#no-such)"
    assert broken(DOCS / "live.md", text) == ["trase.md", "trace.md#no-such"]


def test_the_navigation_has_every_page_once() -> None:
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")}
    listed = [page for part in NAVIGATION.values() for page in part]
    assert sorted(listed) == sorted((pages | ADDED) - {"index"})


def test_the_reference_has_the_whole_python_interface() -> None:
    assert sorted(FUNCTIONS) == sorted(stat4830_grad.__all__)
    for name in (*FUNCTIONS, *RETURNED, *RAISED):
        assert pkgutil.resolve_name(f"stat4830_grad.{name}").__doc__


def test_a_trace_stands_below_each_command_of_the_live_page() -> None:
    text = (DOCS / "live.md").read_text("utf-8")
    assert len(TRACED.findall(text)) == text.count("$ python") == 3


def test_the_site_has_what_pages_link_to_outside_docs() -> None:
    assert copy_of("examples/lion.py") == copy_of("examples") == "examples.md"
    assert copy_of("CONTRIBUTING.md") == "CONTRIBUTING.md"
    assert "## examples/lion.py\n" in examples(ROOT / "examples")
