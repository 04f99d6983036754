"""What is printed fits the terminal: no number is cut, and what is to be copied stays whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PYTHONPATH, Cli
from rich.console import Console

from stat4830_grad.config.help import fitted, help_text
from stat4830_grad.console.tables import Column, FittedTable, show
from stat4830_grad.problems import metric_named
from stat4830_grad.training.progress import progress_line

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


@pytest.mark.parametrize("width", ["60", "80"])
def test_runs_with_long_names_are_compared_by_number(cli: Cli, tmp_path: Path, width: str) -> None:
    words = ("problem=digits", "steps=3", "figures=false", "optimizer.lr=[0.001,0.0031622776601]")
    for model in ("relu_mlp", "logistic"):
        name = f"hydra.run.dir=a-directory-with-a-name-of-some-length/{model}"
        assert cli(*words, f"model={model}", name).returncode == 0
    compared = cli("task=compare", "runs=[a-dir*/*]", "figures=false", COLUMNS=width)
    assert compared.returncode == 0, compared.stderr
    text = compared.stdout
    assert re.findall(r"^run (\d) is \S+_lr_", text, re.M) == ["1", "2", "3", "4"]
    assert text.count("first differs from run 1 at step ") == 3
    heading, *cells = [line for line in text.splitlines() if line[:1] in "┃│"]
    assert len(cells) == 5  # a second line of the heading, then a row for each run
    assert {"relu_mlp", "logistic"} <= set(" ".join(cells).split())
    assert "accuracy" in heading + cells[0]
    assert max(map(len, cells)) <= int(width)
    assert "not shown in" in text


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_help_breaks_between_words(width: int) -> None:
    whole = help_text([])
    lines = fitted(whole, width).splitlines()
    assert " ".join(whole.split()) == " ".join(" ".join(lines).split())
    assert all(len(line) <= width or line.startswith("  python ") for line in lines)


def test_a_width_of_0_is_one_that_is_not_known(cli: Cli) -> None:
    done = cli("problem=polynomial", "steps=2", "figures=false", COLUMNS="0")
    assert "│ grad norm │" in done.stdout


def on_a_terminal(words: str, directory: Path, first: str = "") -> subprocess.CompletedProcess[str]:
    """What the program prints on a terminal of 60 columns, without its colours.

    Args:
        first: Python that the process of the program runs before anything else.
    """
    program = "import sys; sys.argv[0] = 'x'; from stat4830_grad.__main__ import main; main()"
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', *sys.argv[1:]]) >> 8)"
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "COLUMNS": "60", "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", code, first + program, *words.split()],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    done.stdout = re.sub(r"\x1b\[[\d;]*m", "", done.stdout)
    return done


def test_a_command_to_go_on_with_is_not_broken(tmp_path: Path) -> None:
    place = "a-directory-whose-name-would-not-go-into-a-line-of-sixty-columns"
    words = f"problem=polynomial steps=100000000 log.every=100000 hydra.run.dir={place}"
    first = (
        "import glob, os, threading, time\n"
        "def interrupt():\n"
        "    while not glob.glob('*/metrics.csv'): time.sleep(0.1)\n"
        "    time.sleep(1)\n"
        "    os.kill(os.getpid(), 2)\n"
        "threading.Thread(target=interrupt, daemon=True).start()\n"
    )
    done = on_a_terminal(f"{words} figures=false", tmp_path, first)
    assert done.returncode == 130, done.stdout
    assert f"go on with resume={tmp_path / place}\n" in done.stdout


def test_sentences_of_a_sweep_break_between_words_and_commands_do_not(tmp_path: Path) -> None:
    words = "problem=polynomial problem.x0=[0.5,0.6] steps=2 figures=false hydra.run.dir=run"
    done = on_a_terminal(words, tmp_path)
    assert done.returncode == 0, done.stdout
    text = done.stdout
    assert "2 runs in one batch (about " in " ".join(text.split())
    kept_whole = ("  python -m ", "files: ")
    lines = [line for line in text.splitlines() if not line.startswith(kept_whole)]
    assert max(map(len, lines)) <= 60
    assert "problem=polynomial steps=2 figures=false problem.x0=0.6\n" in text


def test_lists_and_multirun_land_in_the_same_kind_of_place(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=polynomial", "steps=2", "figures=false")
    listed = cli(*words, "problem.x0=[0.5,0.31622776601683794]")
    multi = cli("-m", *words, "problem.x0=0.5,0.31622776601683794")
    paths = [Path(re.findall(r"^files: (.+)$", done.stdout, re.M)[-1]) for done in (listed, multi)]
    assert all(path.parent == tmp_path / "outputs" / "polynomial" for path in paths)
    names = [sorted(p.name for p in path.iterdir() if p.name.startswith("00")) for path in paths]
    assert names[0] == names[1] == ["000_x0_0.5", "001_x0_0.3162"]


def test_an_accuracy_has_one_format() -> None:
    assert metric_named("val_accuracy").text(0.941) == "94.10 %"
