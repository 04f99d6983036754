"""How a process begins and ends: its signals, streams and errors, in real subprocesses."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Cli, lacking

from stat4830_grad.system.process import no_garbage

SHORT = ("problem=polynomial", "steps=3", "figures=false", "hydra.run.dir=run")
WHOLE = {".hydra", "config.yaml", "metrics.csv", "summary.json", "checkpoint.pt"}


def shell(line: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, in which $RUN is the program."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=directory,
        env={**os.environ, "RUN": f"{sys.executable} -m stat4830_grad", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_nothing_is_collected_while_modules_are_imported_and_again_afterwards() -> None:
    with no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), no_garbage():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()


def test_what_was_imported_is_left_alone_until_the_process_ends() -> None:
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print('at the end', gc.get_freeze_count()))\n"
        "from stat4830_grad.system.process import no_garbage\n"
        "with no_garbage(): import decimal\n"
        "print('frozen', gc.get_freeze_count() > 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["frozen True", "at the end 0"]


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        ("| head -0", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        (">/dev/full", 6, "error: cannot write to standard output: No space left on device\n"),
    ],
)
def test_a_run_that_cannot_be_told_of_is_whole(
    tmp_path: Path, streams: str, code: int, said: str
) -> None:
    words = " ".join(SHORT).replace("figures=false", "")
    done = shell(f"$RUN {words} {streams}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)
    found = {file.name for file in (tmp_path / "run").iterdir()}
    assert found >= WHOLE | {"curves.png"}


def test_a_students_print_is_not_blamed_for_a_reader_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def gradient(x):\n    print(1)\n    return 3 * x**2 - 3\n")
    words = f"{' '.join(SHORT)} gradient=file gradient.path=mine.py"
    done = shell(f"$RUN {words} | head -0", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "run" / "summary.json").exists()


ASCII = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
}


def test_ascii_is_enough_and_a_minus_stays_a_minus(fresh_cli: Cli) -> None:
    assert fresh_cli("--help", **ASCII).returncode == 0
    done = fresh_cli(*SHORT[:1], "task=trace", "problem.x0=1", "hydra.run.dir=run", **ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    assert "= -3*x = -3" in done.stdout or "-3x = -3" in done.stdout
    assert (done.stdout + done.stderr).isascii()


def test_environments_that_libraries_stumble_over(fresh_cli: Cli, tmp_path: Path) -> None:
    """Assertions left out, a window system that is not there, no HOME, a dumb terminal."""
    words = ("problem=polynomial", "problem.x0=range(1,3)", "steps=2", "hydra.sweep.dir=run")
    environment = {"PYTHONOPTIMIZE": "2", "MPLBACKEND": "nope", "HOME": "", "TERM": "dumb"}
    done = fresh_cli("-m", *words, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run" / "curves.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--multirun --run", "do not go together"),
        ("--config-dir=nope", "nope' not found"),
        ("--resolve", "--resolve"),
        ("--shell-completion", "subcommand"),
        ("hydra/launcher=batched_slurm", "add -m"),
        ("hydra/launcher=basic optimizer.lr=[0.1,0.2]", "add -m"),
        ("-m hydra.sweeper._target_=os.mkdir seed=1,2", "Invalid plugin 'os.mkdir'"),
    ],
)
def test_hydras_own_options_end_in_one_line(cli: Cli, words: str, said: str) -> None:
    done = cli(*words.split())
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("word", ["debug=True", "debug=true"])
def test_debug_shows_the_traceback_of_a_configuration_error(cli: Cli, word: str) -> None:
    done = cli("optimizer.lr=-1", word)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "error: optimizer.lr" in done.stderr


def test_memory_that_is_not_there_is_one_message(cli: Cli, tmp_path: Path) -> None:
    done = cli("model=mlp", "model.hidden=[1000000000]", "figures=false", "hydra.run.dir=run")
    assert done.returncode == 6
    assert done.stderr == "error: memory is short: 2,921 GiB more were needed\n"
    assert not (tmp_path / "run").exists()


def test_without_memory_for_torch_there_is_one_message(tmp_path: Path) -> None:
    done = shell(f"ulimit -v 2000000; $RUN {' '.join(SHORT)}", tmp_path)
    assert (done.returncode, done.stderr) == (6, "error: memory is short\n")


def test_a_full_disk_is_one_message_with_the_file(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        lacking("mount", "no file system can be mounted here")
    try:
        done = shell("$RUN model=mlp steps=3 figures=false hydra.run.dir=small/run", tmp_path)
        assert done.returncode == 6
        assert done.stderr.count("\n") == 1
        assert "small/run/" in done.stderr
        assert "No space left on device" in done.stderr
        assert not list(small.rglob("*.partial"))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_jobs_of_joblib_end_when_they_are_done(fresh_cli: Cli) -> None:
    pytest.importorskip("joblib")
    began = time.monotonic()
    words = ("problem=polynomial", "problem.x0=1,2", "steps=2", "figures=false")
    done = fresh_cli("-m", "hydra/launcher=joblib", *words)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 100  # 315 s while its workers were waited for


@pytest.mark.parametrize("delay", [0.2, 0.7, 1.3])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_starting_ends_it_at_once(
    tmp_path: Path, number: signal.Signals, delay: float
) -> None:
    words = ("problem=digits", "model=mlp", "steps=100000", "hydra.run.dir=run")
    run = subprocess.Popen(
        [sys.executable, "-m", "stat4830_grad", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(delay)
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (128 + number, "")
    directory = tmp_path / "run"
    assert not directory.exists() or (directory / "summary.json").exists()


def test_a_second_signal_ends_a_run_with_its_own_code(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from stat4830_grad.system.process import begin\n"
        "begin()\n"
        "from stat4830_grad.training.execution import Interrupt\n"
        "with Interrupt().listening():\n"
        "    for _ in range(2): signal.raise_signal(signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (143, "")
