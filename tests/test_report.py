"""report.html in a real browser: what it shows, how it is used, and that it asks for nothing."""

from __future__ import annotations

import json
import math
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from browser import Visit
from conftest import Cli
from test_config import config

from stat4830_grad.problems import metric_named
from stat4830_grad.reports.lecture import report_lecture
from stat4830_grad.reports.packing import LEAST, curves, thinned
from stat4830_grad.reports.run import report_run
from stat4830_grad.reports.sweep import SweepReport, report_sweep
from stat4830_grad.sweep.drawing import in_memory, shared_settings
from stat4830_grad.tasks.train.one_run import train_one
from stat4830_grad.training.experiment import build
from stat4830_grad.training.rows import Row, columns_of, read_rows
from stat4830_grad.training.run_directory import RunDirectory
from stat4830_grad.training.sampling import landscape_of_files
from stat4830_grad.training.snapshots import Snapshots
from stat4830_grad.training.sweep_row import SweepRow

LOSS, X = metric_named("loss"), metric_named("x")
RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0]


def trained(directory: Path, *choices: str) -> Path:
    """A run with its report."""
    chosen = config(*choices)
    train_one(chosen, directory, "the command", None)
    rows = read_rows(directory)
    found = landscape_of_files(directory, [rows])
    report_run(chosen, rows, columns_of(rows), found, directory)
    return directory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(
        tmp_path_factory.mktemp("run"), "problem=polynomial", "problem.x0=2", "optimizer.lr=0.02"
    )


def job(number: int, lr: float, count: int = 5) -> tuple[SweepRow, list[Row]]:
    """A made-up job whose loss is its number, and infinite above 2/L = 0.45."""
    fails = lr > 0.45
    final, name = (math.inf if fails else float(number)), f"{number:03d}_lr_{lr:.4g}"
    row = SweepRow(
        number, "diverged" if fails else "completed", name, {"optimizer.lr": lr}, 40,
        final={LOSS: final, X: 1.0}, best={LOSS: float(number), X: 1.0},
    )  # fmt: skip
    logged = [
        {"step": 10.0 * i, "seconds": 0.0, "loss": number + 5.0 / (1 + i), "x": 0.1 * i}
        for i in range(count)
    ]
    return row, logged


def swept(directory: Path, jobs: list[tuple[SweepRow, list[Row]]]) -> Path:
    """A sweep's report."""
    report = SweepReport(
        "a sweep", f"{len(jobs)} jobs", "the sweep's command", [row for row, _ in jobs],
        {row.directory: logged for row, logged in jobs},
        {row.directory: f"command of {row.directory}" for row, _ in jobs}, ["optimizer.lr"],
        {"step_limit": 0.45, "step_sizes": {"2/L": 0.45}}, None, [("steps", "40")], [],
    )  # fmt: skip
    report_sweep(report, directory)
    return directory


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    jobs = [job(number, lr) for number, lr in enumerate(RATES)]
    return swept(tmp_path_factory.mktemp("sweep"), jobs)


def opened(visit: Visit, directory: Path) -> Any:
    visit.tab.goto((directory / "report.html").as_uri())
    return visit.tab


def copied(visit: Visit) -> str:
    """What is on the clipboard, once the page says so."""
    visit.tab.wait_for_function("() => document.getElementById('told').textContent !== ''")
    text: str = visit.tab.evaluate("navigator.clipboard.readText()")
    return text


def first_cells(visit: Visit) -> list[str]:
    """The jobs whose rows are there, by number."""
    found: list[str] = visit.tab.eval_on_selector_all(
        ".jobs tbody tr[aria-rowindex] td:first-child", "cells => cells.map(c => c.textContent)"
    )
    return found


def test_a_run_shows_what_it_was_and_repeats_itself(visit: Visit, run: Path) -> None:
    tab = opened(visit, run)
    assert visit.text("#title") == "polynomial · backward · gd lr=0.02 · 50 steps · cpu float32"
    assert visit.text("#summary") == "completed, 50 updates"
    assert visit.text("#command code") == "the command"
    tab.click("#command button")
    assert copied(visit) == "the command"
    settings = visit.text("#configuration")
    assert re.search(r"optimizer\.lr\s+0\.02", settings)
    assert "submissions" not in settings  # of another task
    assert re.search(r"torch\s+\d+\.\d+", visit.text("#environment"))
    assert re.search(r"seconds\s+\S{1,9}\n", visit.text("#environment"))
    ends = visit.text("#ends")
    final = json.loads((run / "summary.json").read_text())["final"]["x"]
    assert f"{final:.5g}" in ends
    assert tab.is_hidden("#jobs")
    assert tab.is_hidden("#lecture")


def test_the_slider_moves_the_iterate_and_its_numbers(visit: Visit, run: Path) -> None:
    tab, rows = opened(visit, run), read_rows(run)
    for _ in range(len(rows) - 4):
        tab.locator("#step").press("ArrowLeft")
    tab.wait_for_function("() => state.step === 3")
    said = f"3: loss {rows[3]['loss']:.5g}, x {rows[3]['x']:.5g}".replace("-", "−")
    assert visit.text("#at").startswith(said)
    drawn = tab.evaluate("drawn.find((p) => p instanceof Landscape).point(0, rowAt(0, state.step))")
    assert drawn == pytest.approx([rows[3]["x"], rows[3]["loss"]], rel=1e-6)
    tab.locator("#panels canvas.sheet").first.press("ArrowRight")
    tab.wait_for_function("() => state.step === 4")
    tab.locator("#step").press("Home")
    tab.wait_for_function(
        "() => document.getElementById('at').textContent.startsWith('0: loss 2, x 2')"
    )


def test_curves_tell_values_zoom_and_take_logarithmic_axes(visit: Visit, run: Path) -> None:
    tab = opened(visit, run)
    canvas = tab.locator("#panels canvas.sheet").first
    canvas.scroll_into_view_if_needed()
    at = tab.evaluate(
        """() => { const p = drawn[0], box = p.sheet.box.getBoundingClientRect();
        return [box.left + p.sheet.toX(p.x, 10),
        box.top + p.sheet.toY(p.y, p.lines[0].metric.values[10])]; }"""
    )
    tab.mouse.move(*at)
    tab.wait_for_selector("#tip:not([hidden])")
    assert visit.text("#tip") == f"step 10: loss {read_rows(run)[10]['loss']:.5g}".replace("-", "−")
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + 100, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 220, box["y"] + 140)
    tab.mouse.up()
    assert tab.evaluate("drawn[0].zoom[0][0] > 0 && drawn[0].zoom[0][1] < 50")
    canvas.press("0")
    assert tab.evaluate("drawn[0].zoom === null")
    tab.locator("#panels figure").last.locator("text=log x").click()
    assert tab.evaluate("(redraw(), drawn.filter((p) => p instanceof Panel).at(-1).x.log)")


def test_jobs_are_sorted_filtered_and_linked(visit: Visit, sweep: Path) -> None:
    tab = opened(visit, sweep)
    assert first_cells(visit) == [str(n) for n in range(10)]
    assert visit.text(".keys").split() == ["optimizer.lr", "0.01", "1"]  # and colours between
    losses = tab.locator(".jobs tbody td:nth-child(5)")
    assert losses.all_inner_texts()[-1] == "∞"
    assert {cell.get_attribute("class") for cell in losses.all()} == {"number"}
    tab.click("th >> text=loss")
    tab.click("th >> text=loss")  # the greatest first
    assert first_cells(visit) == ["7", "8", "9", "6", "5", "4", "3", "2", "1", "0"]
    tab.fill("#filter", "status=completed optimizer.lr>=0.05")
    assert first_cells(visit) == ["6", "5", "4", "3", "2"]
    assert visit.text(".filter output") == "5 of 10"
    assert tab.evaluate("[...state.shown]") == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    tab.fill("#filter", "loss<nothing")
    tab.fill("#filter", "colour=red")
    assert visit.text(".filter output") == "there is no column colour"
    tab.fill("#filter", "005_lr")
    assert first_cells(visit) == ["5"]
    tab.click(".jobs tbody tr[aria-rowindex]")
    assert tab.evaluate("[...state.chosen]") == [5]
    tab.wait_for_selector("#chosen h3 >> text=005_lr_0.3")
    assert visit.text("#commands code") == "command of 005_lr_0.3"
    tab.click(".jobs tbody button")
    assert tab.get_attribute(".jobs tbody button", "title") == "command of 005_lr_0.3"
    assert copied(visit) == "command of 005_lr_0.3"


def test_the_keyboard_alone_chooses_a_job(visit: Visit, sweep: Path) -> None:
    tab = opened(visit, sweep)
    tab.focus(".scroll")
    for key in ("ArrowDown", "ArrowDown", "Enter", "c"):
        tab.keyboard.press(key)
    assert tab.evaluate("[...state.chosen]") == [2]
    assert copied(visit) == "command of 002_lr_0.05"


def test_points_show_step_sizes_and_the_limit(visit: Visit, sweep: Path) -> None:
    tab = opened(visit, sweep)
    lines = tab.evaluate("data.lines")
    assert lines == [{"key": "optimizer.lr", "at": 0.45, "text": "2/L"}]
    place = "(run) => drawn.find((p) => p instanceof Points).place(run)"
    across = [tab.evaluate(place, run)[0] for run in range(10)]
    assert across == sorted(across)
    tops = {round(tab.evaluate(place, run)[1], 3) for run in (7, 8, 9)}
    assert len(tops) == 1  # those that diverged stand at the upper end
    tab.select_option("#points select >> nth=1", label="x")
    tab.wait_for_function("() => drawn.find((p) => p instanceof Points).y.name === 'x'")


def test_the_slider_moves_the_weights_of_images(visit: Visit, tmp_path: Path) -> None:
    choices = ("problem=digits", "steps=30", "problem.n_train=50", "log.every=1")
    chosen, snapshots = config(*choices), Snapshots(wanted=True)
    experiment = build([chosen], torch.Size(()))
    for state, _ in experiment.train(experiment.start(), steps=30, due=chosen.log.due):
        snapshots(state)
    assert [step for step, _ in snapshots.taken] == [0, 4, 8, 12, 16, 20, 24, 28]
    run = trained(tmp_path / "images", *choices)
    rows = read_rows(run)
    report_run(chosen, rows, columns_of(rows), None, run, snapshots)
    tab = opened(visit, run)
    assert tab.locator("canvas.weight").count() == 1
    assert "After 30 updates; they were kept at 9 steps" in visit.text("#weights")
    image = "() => document.querySelector('canvas.weight').toDataURL()"
    last = tab.evaluate(image)
    for _ in range(4):
        tab.locator("#step").press("ArrowLeft")
    tab.wait_for_function("() => byId('weights').textContent.includes('After 24 updates')")
    assert tab.evaluate(image) != last
    shown = tab.evaluate("drawn.find((p) => p instanceof Weights).layers[0]")
    frame = [level * shown["top"] / 127 for level in shown["frames"][6]]
    exact = snapshots.taken[6][1]["w"].flatten().tolist()
    assert frame == pytest.approx(exact, abs=0.51 * shown["top"] / 127)


def test_the_lecture_has_its_claims_and_figures(visit: Visit, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (3, 2)).save(tmp_path / "L2.png")
    claim = {"what": "f(1)", "stated": "−2", "obtained": "−2", "exact": True}
    row = {"id": "L2", "title": "f</script>", "verdict": "exact", "not_run": None}
    rows = [{**row, "claims": [claim], "figures": ["L2.png"]}]
    report_lecture(rows, {"L2.png": "a cubic"}, "1 of 1", "the command", [], tmp_path)
    tab = opened(visit, tmp_path)
    assert visit.text("#L2 h2") == "L2 f</script> exact"
    assert visit.text("#L2 thead").split() == ["what", "the", "lecture", "here", "verdict"]
    assert visit.text("#L2 tbody").split() == ["f(1)", "−2", "−2", "✓", "exact"]
    assert tab.evaluate("document.querySelector('#L2 img').naturalWidth") == 3


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_nothing_is_wider_than_the_window(
    width: int, browser: Any, tmp_path: Path, run: Path, sweep: Path
) -> None:
    visit = Visit(browser, tmp_path, viewport={"width": width, "height": 800}, color_scheme="dark")
    for directory in (run, sweep):
        tab = opened(visit, directory)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    visit.context.close()
    assert visit.complaints == []


def test_nothing_serious_is_in_the_way_of_anybody(visit: Visit, run: Path, sweep: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for scheme in ("light", "dark"):
        visit.tab.emulate_media(color_scheme=scheme)
        for directory in (run, sweep):
            found = axe.run(opened(visit, directory)).response["violations"]
            serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
            assert serious == []


def test_ten_thousand_jobs_make_few_rows_and_a_page_of_a_few_megabytes(
    visit: Visit, tmp_path: Path
) -> None:
    jobs = [job(number, 10 ** (-4 + number / 2500), count=21) for number in range(10_000)]
    directory = swept(tmp_path, jobs)
    assert (directory / "report.html").stat().st_size < 8e6
    tab = opened(visit, directory)
    assert visit.text(".filter output") == "10,000 of 10,000"
    assert len(first_cells(visit)) < 100
    tab.focus(".scroll")
    tab.keyboard.press("End")
    tab.wait_for_function(
        "() => document.querySelector('.jobs .active td').textContent === '9,999'"
    )


def test_rows_are_thinned_evenly_with_both_ends(run: Path) -> None:
    rows = read_rows(run)
    kept = thinned(rows, 7)
    assert [row["step"] for row in kept] == [0, 8, 17, 25, 33, 42, 50]
    assert thinned(rows, 100) == rows
    data = curves([rows] * 10_000, [LOSS])
    assert (data["thinned"], set(data["counts"])) == (True, {20})
    assert set(curves([rows] * 30_000, [LOSS])["counts"]) == {LEAST}


def test_the_settings_of_a_sweep_are_those_that_its_jobs_share() -> None:
    shared = dict(shared_settings(config("problem=polynomial"), ["optimizer", "problem.x0"]))
    assert shared["problem.name"] == "polynomial"
    assert not [key for key in shared if key.startswith(("optimizer", "problem.x0"))]


def test_a_sweep_and_its_jobs_leave_reports(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=polynomial", "optimizer.lr=0.01,0.02", "steps=3")
    assert cli(*words, "sweep.job_figures=2", "hydra.sweep.dir=all").returncode == 0
    reports = sorted(str(p.parent.relative_to(tmp_path)) for p in tmp_path.rglob("report.html"))
    assert reports == ["all", "all/000_lr_0.01", "all/001_lr_0.02"]
    text = (tmp_path / "all" / "report.html").read_text("utf-8")
    assert "python -m stat4830_grad -m problem=polynomial optimizer.lr=0.01,0.02 steps=3" in text


def test_what_a_job_logged_can_be_sent_to_the_process_that_draws_it(tmp_path: Path) -> None:
    files = RunDirectory(tmp_path, [LOSS], [])
    files.log({"step": 0.0, "seconds": 0.0, "loss": 2.0})
    assert pickle.loads(pickle.dumps(in_memory(files))) == (files.rows, (LOSS,))
