"""What is printed fits the terminal: no number is cut, and what is to be copied stays whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Cli
from rich.console import Console

from stat4830_grad.sinks import number, progress_line
from stat4830_grad.tables import Column, FittedTable, show

WIDTHS = (40, 60, 80, 120)
COLUMNS = (Column("run"), Column("loss"), Column("val_accuracy", spare=1), Column("status"))
ROWS = [(f"run {i}", f"-1.23456e+{i:02}", f"{90 + i / 100:.2f} %", "completed") for i in range(20)]


def printed(table: FittedTable, width: int) -> str:
    console = Console(width=width, file=None, record=True, force_terminal=False)
    with console.capture() as capture:
        show(console, table)
    return capture.get()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_leaves_columns_out_or_stacks_them_and_cuts_nothing(width: int) -> None:
    text = printed(FittedTable(COLUMNS, ROWS), width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for run, loss, accuracy, status in ROWS:
        assert loss in text
        assert re.search(rf"{run}\b", text)
        assert accuracy in text or "not shown in" in text
        assert status in text


def test_a_table_too_wide_for_any_choice_of_columns_is_a_block_for_each_row() -> None:
    text = printed(FittedTable(COLUMNS, [ROWS[1]]), 24)
    assert text.splitlines() == [
        "run run 1",
        "  loss          -1.23456e+01",
        "  val_accuracy  90.01 %",
        "  status        completed",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_progress_line_keeps_count_speed_and_time(width: int) -> None:
    head = ["1,234/9,999", "123 updates/s", "0:42 left"]
    metrics = ["train loss 0.1234", "val accuracy 91.23 %"]
    console = Console(width=width)
    with console.capture() as capture:
        console.print(progress_line(1234, 9999, head, metrics, width))
    line = capture.get()
    assert all(part in line for part in head)
    assert line.count("\n") == 1


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_sweeps_and_comparisons_print_whole_numbers_and_paths(
    cli: Cli, tmp_path: Path, width: str
) -> None:
    place = "a place whose name is rather long, with blanks and one comma in it"
    words = ("problem=polynomial", "problem.x0=[2,0.5,-2.5]", "steps=9", "figures=false")
    sweep = cli(*words, f"hydra.run.dir='{place}'", COLUMNS=width)
    assert sweep.returncode == 0, sweep.stderr
    compared = cli("task=compare", f"runs=['{place}']", "figures=false", COLUMNS=width)
    assert compared.returncode == 0, compared.stderr
    for done in (sweep, compared):
        assert "…" not in done.stdout
        assert "\x1b" not in done.stdout
        assert "diverged" in done.stdout
    assert f"files: {tmp_path / place}\n" in sweep.stdout


def test_lists_and_multirun_land_in_the_same_kind_of_place(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=polynomial", "steps=2", "figures=false")
    listed = cli(*words, "problem.x0=[0.5,0.31622776601683794]")
    multi = cli("-m", *words, "problem.x0=0.5,0.31622776601683794")
    paths = [Path(re.findall(r"^files: (.+)$", done.stdout, re.M)[-1]) for done in (listed, multi)]
    assert all(path.parent == tmp_path / "outputs" / "polynomial" for path in paths)
    names = [sorted(p.name for p in path.iterdir() if p.name.startswith("00")) for path in paths]
    assert names[0] == names[1] == ["000_x0_0.5", "001_x0_0.3162"]


def test_an_accuracy_has_one_format() -> None:
    assert number("val_accuracy", 0.941) == "94.10 %"
