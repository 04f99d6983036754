"""Going on with a run: nothing that is typed destroys what is there; one process writes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PYTHONPATH, Cli, lacking

from stat4830_grad.system.files import append
from stat4830_grad.system.lock import sole_writer

TABLE = "a,b,y\n1,0,1\n0,1,2\n1,1,3\n2,1,4\n"
LINE = ("problem=polynomial", "figures=false", "hydra.run.dir=run")
DATA = ("problem=least_squares", "problem.target=y", "optimizer.lr=0.05", "figures=false")


RULE = """
def init(params):
    return {}


def update(params, grads, lr, state):
    return {k: p - lr * grads[k] for k, p in params.items()}, state
"""


def contents(directory: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in directory.iterdir() if f.is_file()}


def test_fewer_steps_than_were_made_are_refused_and_as_many_are_complete(
    cli: Cli, tmp_path: Path
) -> None:
    assert cli(*LINE, "steps=30").returncode == 0
    before = contents(tmp_path / "run")
    fewer = cli("resume=run", "steps=10")
    assert fewer.returncode == 2
    assert fewer.stderr.startswith("error: steps=10: the run in ")
    assert "has made 30 updates already" in fewer.stderr
    again = cli("resume=run")
    assert (again.returncode, again.stderr) == (0, "")
    assert "complete: 30 of 30 updates" in again.stdout
    assert contents(tmp_path / "run") == before


def test_a_changed_input_is_refused_by_name_and_an_unchanged_one_found_from_elsewhere(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(TABLE)
    assert cli(*DATA, "problem.file=mine.csv", "steps=5", "hydra.run.dir=run").returncode == 0
    (tmp_path / "elsewhere").mkdir()
    script = f"cd elsewhere && exec '{sys.executable}' -m stat4830_grad resume=../run steps=8"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "mine.csv").write_text(TABLE.replace("4", "9"))
    before = contents(tmp_path / "run")
    refused = cli("resume=run", "steps=20")
    assert refused.returncode == 2
    assert "problem.file=" in refused.stderr
    assert "is not the file it was" in refused.stderr
    assert contents(tmp_path / "run") == before


def test_a_sweep_is_not_resumed_on_another_table(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(TABLE)
    words = [*DATA[:2], "figures=false", "problem.file=mine.csv", "optimizer.lr=[0.01,0.02]"]
    words += ["steps=3"]
    assert cli(*words, "hydra.run.dir=sweep").returncode == 0
    (tmp_path / "mine.csv").write_text(TABLE.replace("4", "9"))
    refused = cli(*words, "sweep.resume=sweep")
    assert refused.returncode == 2
    assert "is not the file it was" in refused.stderr


@pytest.mark.parametrize(
    ("key", "name", "choices"),
    [
        ("gradient.path", "mine.py", ("problem=polynomial", "gradient=file")),
        ("optimizer.path", "rule.py", ("problem=polynomial", "optimizer=file")),
        ("problem.indices", "split.txt", ("problem.n_train=30", "problem.n_val=9")),
    ],
)
def test_every_kind_of_input_is_refused_when_it_has_changed(
    cli: Cli, tmp_path: Path, key: str, name: str, choices: tuple[str, ...]
) -> None:
    sources = {
        "mine.py": "def gradient(x):\n    return 3 * x**2 - 3\n",
        "rule.py": RULE,
        "split.txt": "".join(f"{i}\n" for i in range(39)),
    }
    (tmp_path / name).write_text(sources[name])
    words = (*choices, f"{key}={name}", "figures=false", "steps=2", "hydra.run.dir=run")
    done = cli(*words)
    assert done.returncode == 0, done.stderr
    (tmp_path / name).write_text("\n" + sources[name])
    refused = cli("resume=run", "steps=4")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {key}={tmp_path / name} is not the file it was")


@pytest.mark.parametrize("key", ["resume", "sweep.resume"])
def test_of_two_processes_the_second_is_refused_and_a_kill_lets_go(
    cli: Cli, tmp_path: Path, key: str
) -> None:
    words = ["problem=polynomial", "figures=false"]
    if key == "resume":
        assert cli(*words, "steps=2", "hydra.run.dir=run").returncode == 0
        first = second = ["resume=run", "steps=100000000", "log.every=100000"]
    else:
        words += ["problem.x0=[0.5,0.6]", "steps=100000000", "log.every=100000"]
        first, second = [*words, "hydra.run.dir=run"], [*words, "sweep.resume=run"]
    program = [sys.executable, "-m", "stat4830_grad", *first]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    with subprocess.Popen(
        program, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL
    ) as holder:
        try:
            lock, jobs = tmp_path / "run" / ".lock", tmp_path / "run" / ".sweep" / "jobs-0.json"
            while not lock.exists() or not (key == "resume" or jobs.exists()):
                assert holder.poll() is None
                time.sleep(0.05)
            refused = cli(*second)
        finally:
            holder.kill()
    assert refused.returncode == 2
    assert f"process {holder.pid} is writing there" in refused.stderr
    assert refused.stderr.count("\n") == 1
    with sole_writer(tmp_path / "run"):
        pass


def test_a_directory_has_one_writer(cli: Cli, tmp_path: Path) -> None:
    with sole_writer(tmp_path / "run"):
        second = cli(*LINE, "steps=3")
        assert second.returncode == 2
        assert f"process {os.getpid()} is writing there" in second.stderr
        assert second.stderr.count("\n") == 1
        sweep = cli(*LINE, "problem.x0=[1,2]", "steps=3")
        assert (sweep.returncode, "is writing there" in sweep.stderr) == (2, True)
    assert cli(*LINE, "steps=3").returncode == 0
    assert not (tmp_path / "run" / ".lock").exists()


def test_a_run_that_ends_above_its_start_says_so_with_the_limit(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(TABLE)
    words = (*DATA[:2], "figures=false", "problem.file=mine.csv", "optimizer.lr=1", "steps=3")
    done = cli(*words, "hydra.run.dir=run")
    assert done.returncode == 4
    assert "the loss increased: loss went from" in done.stdout
    assert "gradient descent converges for lr < 2/L = " in done.stdout
    diverged = cli(*words[:-1], "steps=2000", "hydra.run.dir=other")
    assert diverged.returncode == 4
    assert "diverged: loss is" in diverged.stdout
    assert "gradient descent converges for lr < 2/L = " in diverged.stdout


@pytest.mark.parametrize("entry", ["0", "1e200"])
def test_tables_of_which_theory_knows_nothing_are_swept(
    cli: Cli, tmp_path: Path, entry: str
) -> None:
    (tmp_path / "odd.csv").write_text("a,b,y\n" + f"{entry},{entry},1\n" * 3)
    done = cli(
        *DATA[:2], "problem.file=odd.csv", "optimizer.lr=[0.001,0.01]", "steps=3", "dtype=float64"
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr


def test_coefficients_whose_sums_overflow_are_swept(cli: Cli) -> None:
    words = ("problem=polynomial", "problem.coefficients=[1e308,1e308,0]", "figures=false")
    refused = cli(*words)
    assert refused.returncode == 2
    assert "write dtype=float64" in refused.stderr
    done = cli(*words, "problem.x0=[0.1,0.2]", "dtype=float64", "steps=2")
    assert "Traceback" not in done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_full_disk_has_no_room_for_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        lacking("mount", "no file system can be mounted here")
    try:
        file = small / "metrics.csv"
        file.write_text("step,loss\n")
        append(file, "1,0.5\n")
        with pytest.raises(OSError, match=r"metrics\.csv"):
            append(file, "2,0.25\n" * 20_000)
        assert file.read_text() == "step,loss\n1,0.5\n"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_picture_that_cannot_be_written_takes_nothing_from_the_result(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "run" / "curves.png").mkdir(parents=True)
    done = cli("problem=polynomial", "steps=3", "hydra.run.dir=run")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "curves.png" in done.stderr
    assert (tmp_path / "run" / "summary.json").exists()
