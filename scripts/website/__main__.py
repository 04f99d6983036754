"""`scripts/docs`: the documentation as a site. A link that leads nowhere is an error."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .pages import NAVIGATION, examples, navigation, reference

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "build" / "site_sources"
SITE = ROOT / "build" / "site"
TRACED = re.compile(r"^```console\n\$ python -m (stat4830_grad task=trace [^\n]*)\n```$", re.M)
OUTSIDE = re.compile(r"\]\(\.\./(examples[^)]*|[A-Z]+\.md)\)")


def main() -> int:
    """Put the sources together, and have Sphinx build them."""
    shutil.rmtree(SOURCES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCES)
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        write(name, (ROOT / name).read_text("utf-8").replace("](docs/", "]("))
    for page in SOURCES.rglob("*.md"):
        text = OUTSIDE.sub(lambda link: f"]({copy_of(link[1])})", page.read_text("utf-8"))
        page.write_text(text, "utf-8")
    write("examples.md", examples(ROOT / "examples"))
    write("api.md", reference())
    write("index.md", (SOURCES / "index.md").read_text("utf-8") + navigation(NAVIGATION))
    write("live.md", with_traces((SOURCES / "live.md").read_text("utf-8")))
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E"]
    return subprocess.call([*sphinx, "-c", Path(__file__).parent, SOURCES, SITE])


def write(name: str, text: str) -> None:
    """Write a source of the site."""
    path = SOURCES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def copy_of(path: str) -> str:
    """Where the site has a file or a folder of the repository's root."""
    return "examples.md" if path.startswith("examples") else path


def with_traces(text: str) -> str:
    """Make `trace.html` by each command of the page, and show it below that command."""
    for number, words in enumerate(TRACED.findall(text), 1):
        write(f"extra/live/{number}.html", trace_page(words))
        text = text.replace(
            f"$ python -m {words}\n```", f"$ python -m {words}\n```\n\n{frame(number)}"
        )
    return text


def trace_page(words: str) -> str:
    """The `trace.html` that `python -m WORDS` leaves."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", *shlex.split(words), f"hydra.run.dir={directory}/run"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return Path(directory, "run", "trace.html").read_text("utf-8")


def frame(number: int) -> str:
    """HTML that shows the page of a trace, and a link that opens it alone."""
    address = f"live/{number}.html"
    return (
        f'<p><a href="{address}">Open this page alone</a></p>\n'
        f'<iframe src="{address}" title="The page of this trace" loading="lazy" '
        'style="width: 100%; height: 54rem; border: 1px solid #8888"></iframe>'
    )


if __name__ == "__main__":
    sys.exit(main())
