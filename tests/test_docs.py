"""The tutorial and the how-to pages: their files and commands, run as written.

Only what trains is not drawn: nobody looks at its figures here, and they would take most of the
time.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import pkgutil
import re
import runpy
import shlex
from pathlib import Path

import pytest
from conftest import Cli

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FAILURES = ("Your gradient is not", "error:", "diverged:", "the loss increased:")
"""How the line begins by which a command says that it has not done what it was asked for."""


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def tables(page: Path) -> list[tuple[str, str]]:
    """The name and the content of each table of a page: `NAME.csv`: and its block."""
    return re.findall(r"^`(\w+\.csv)`:\n+```csv\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def commands(block: str) -> list[tuple[list[str], list[str]]]:
    """What follows `python` in each command of a console's block, and the lines shown below it."""
    parts = re.split(r"^\$ ", block, flags=re.M)[1:]
    found = []
    for part in parts:
        typed, *lines = part.replace("\\\n", " ").splitlines()
        python, *words = shlex.split(typed, comments=True)
        assert python == "python", typed
        found.append((words, [line for line in lines if line.strip() not in ("", "…")]))
    return found


def printed(script: Path) -> str:
    """What a script of a page prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        runpy.run_path(str(script), run_name="__main__")
    return text.getvalue()


TOPICS = (
    *("live", "trace", "formula", "functions", "models", "classification", "penalty", "tables"),
    "optimizers",
)
TUTORIAL = sorted(page.name for page in (DOCS / "tutorial").glob("*.md"))
PAGES = [*(f"tutorial/{page}" for page in TUTORIAL), *(f"{topic}.md" for topic in TOPICS)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_as_written(
    page: str, cli: Cli, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for source in blocks(DOCS / page, "python"):
        name = re.match(r"# (\w+\.py)\n", source)
        assert name, source
        (tmp_path / name[1]).write_text(source, "utf-8")
    for table, content in tables(DOCS / page):
        (tmp_path / table).write_text(content, "utf-8")
    for block in blocks(DOCS / page, "console"):
        for words, shown in commands(block):
            if words[:2] != ["-m", "stat4830_grad"]:
                assert printed(tmp_path / words[0]).splitlines() == shown
                continue
            if "problem=mnist" in words:
                words.append(f"data_dir={request.getfixturevalue('mnist_dir')}")
            if not any(word.startswith("task=") for word in words):
                words.append("figures=false")
            done = cli(*words[2:], COLUMNS="110", CUDA_VISIBLE_DEVICES="")
            said = done.stdout + done.stderr
            failed = any(line.startswith(FAILURES) for line in shown)
            assert (done.returncode != 0) == failed, said
            for line in shown:
                assert line in said, said


def test_the_tutorial_has_seven_pages_each_of_which_leads_to_the_next() -> None:
    assert [page[0] for page in TUTORIAL] == list("1234567")
    for page, following in itertools.pairwise(TUTORIAL):
        last = (DOCS / "tutorial" / page).read_text("utf-8").splitlines()[-1]
        assert re.fullmatch(rf"Next: \[.*\]\({following}\)\.", last), last


def test_the_pages_are_read() -> None:
    (arguments, shown), *_ = commands(blocks(DOCS / "formula.md", "console")[0])
    assert arguments[2:4] == ["problem=formula", "problem.f=x**3 - 3*x + exp(-x*y)"]
    assert shown[1] == "by hand: ∂f/∂x = 3x² − y·exp(−xy) − 3"


def test_names_of_ours_in_texts_and_docstrings_exist() -> None:
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    texts += (ROOT / "stat4830_grad").rglob("*.py")
    pattern = re.compile(r"stat4830_grad(?:\.[A-Za-z]\w*)+")
    named = {name for text in texts for name in pattern.findall(text.read_text("utf-8"))}
    assert len(named) > 3
    for name in named:
        pkgutil.resolve_name(name)
