"""A real Chromium for tests of pages, which records what a page must not do."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import lacking

from stat4830_grad.core import Objective, Params
from stat4830_grad.graph import Trace, trace
from stat4830_grad.graph.page import Shown, page


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium without a window; a test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        lacking("chromium", "there is no Chromium here")
    playwright = installed("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program)
        yield browser
        browser.close()


def installed(module: str) -> Any:
    """A library of the test extra; a test is skipped without it where Chromium is not required."""
    try:
        return importlib.import_module(module)
    except ImportError:
        lacking("chromium", f"{module} is not installed")


class Visit:
    """One page in a tab of its own, with everything it complained of or asked the network for."""

    def __init__(self, browser: Any, directory: Path, **options: Any) -> None:
        self.context = browser.new_context(
            **{
                "viewport": {"width": 1280, "height": 800},
                "reduced_motion": "reduce",
                "permissions": ["clipboard-read", "clipboard-write"],
                **options,
            }
        )
        self.tab = self.context.new_page()
        self.directory = directory
        self.complaints: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", self.note)

    def note(self, request: Any) -> None:
        """Every request but for the file itself is one too many."""
        if not request.url.startswith("file:"):
            self.complaints.append(request.url)

    def open(self, trace: Trace, address: str = "", shown: Shown | None = None) -> Any:
        """The tab with the page of a trace, at this step and with these numbers."""
        file = self.directory / "trace.html"
        file.write_text(page(trace, shown or Shown()), "utf-8")
        self.tab.goto("about:blank")
        self.tab.goto(f"{file.as_uri()}{address}")
        return self.tab

    def text(self, place: str) -> str:
        """What an element says once what waits for the next frame is drawn.

        Without the marks that keep a line from ending.
        """
        self.tab.evaluate("() => new Promise((drawn) => requestAnimationFrame(drawn))")
        said: str = self.tab.inner_text(place)
        return said.replace("\u2060", "")


def traced(target: Objective, params: Params, order: int = 1) -> Trace:
    """The trace of a problem whose page computes it, however many numbers it has."""
    return trace(target.loss, params, order=order, fold=True, alive=10**6)
