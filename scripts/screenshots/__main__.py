"""Draws docs/images/page_*.png and report.png: pages in Chromium, at the steps worth seeing."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from stat4830_grad import build, compose
from stat4830_grad.graph import Trace
from stat4830_grad.graph.page import Shown, page
from stat4830_grad.tasks.trace import shown, traced_loss

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
COLOURS = 128  # of the palette: a third of the bytes


@dataclass(frozen=True)
class Picture:
    """A page at a step, in light or dark, with something done to it first."""

    name: str
    trace: Trace
    shown: Shown
    address: str
    scheme: str


def picture(name: str, address: str, scheme: str, *words: str, formula: str = "") -> Picture:
    """The page that `task=trace` leaves with these words, at a step."""
    config = compose("task=trace", *words)
    traced = traced_loss(config, build(config))
    about = shown(config, traced)
    return Picture(name, traced, replace(about, formula=formula or about.formula), address, scheme)


def pictures() -> list[Picture]:
    """What is drawn."""
    cubic = ("problem=polynomial", "problem.x0=2", "dtype=float64")
    return [
        picture("page_cubic", "#step=7", "light", *cubic, formula="f(x) = x³ − 3x"),
        picture("page_digits", "#step=6", "dark", "problem=digits", "model=logistic"),
    ]


SWEEP = (
    *("-m", "problem=least_squares", "problem.condition=30", "problem.w0=[-1.5,1]", "steps=100"),
    *("optimizer.lr=${logspace:-3,-1.5,16}", "sweep.job_figures=0"),
)
CHOSEN, STEP = 10, 12


def draw_report(browser: Any, directory: Path) -> None:
    """report.png: the report of a sweep, from its command down, with a job chosen and a step."""
    command = [sys.executable, "-m", "stat4830_grad", *SWEEP, "hydra.sweep.dir=sweep"]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    tab = browser.new_page(viewport={"width": 1160, "height": 860}, reduced_motion="reduce")
    tab.goto((directory / "sweep" / "report.html").as_uri())
    tab.evaluate(f"setState({{ step: {STEP}, chosen: new Set([{CHOSEN}]) }})")
    tab.evaluate("byId('command').scrollIntoView()")
    tab.wait_for_timeout(500)  # milliseconds, for the frame that draws it
    save(tab, "report")


def save(tab: Any, name: str) -> None:
    """What a tab shows, as a picture of few colours."""
    drawn = Image.open(io.BytesIO(tab.screenshot())).convert("RGB").quantize(COLOURS)
    drawn.save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png")
    tab.close()


def main() -> int:
    """Draw all of them."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("screenshots: there is no Chromium here; scripts/chromium install brings it")
        return 1
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as directory:
        browser = driver.chromium.launch(executable_path=program)
        for picture in pictures():
            file = Path(directory) / "trace.html"
            file.write_text(page(picture.trace, picture.shown), "utf-8")
            tab = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme=picture.scheme,
                reduced_motion="reduce",
            )
            tab.goto(f"{file.as_uri()}{picture.address}")
            save(tab, picture.name)
        draw_report(browser, Path(directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
