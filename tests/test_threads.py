"""One number of threads for every library, from the start of a process to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PYTHONPATH, Cli

from stat4830_grad.system.threads import available, quota

needs_two = pytest.mark.skipif(available() < 2, reason="this process may use one CPU only")

SHORT = ("model=relu_mlp", "steps=2", "figures=false", "hydra.run.dir=run")


def told(code: str, *, cpus: int = 2, **environment: str) -> str:
    """What a program prints that may use so many CPUs; no variable of OpenMP's is inherited."""
    openmp = ("OMP_", "GOMP_")
    mine = {name: text for name, text in os.environ.items() if not name.startswith(openmp)}
    restrict = f"import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{cpus}])\n"
    done = subprocess.run(
        [sys.executable, "-c", restrict + code],
        env={**mine, "PYTHONPATH": PYTHONPATH, **environment},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


DEFAULT = """
import sys
from stat4830_grad.system.threads import default
print(default(), "torch" in sys.modules)
"""


@needs_two
@pytest.mark.parametrize(
    ("cpus", "environment", "number"),
    [
        (2, {}, 2),
        (1, {}, 1),
        (2, {"OMP_NUM_THREADS": "1"}, 1),
        (2, {"OMP_NUM_THREADS": " 1,4"}, 1),
        (1, {"OMP_NUM_THREADS": "2"}, 1),
        (2, {"OMP_NUM_THREADS": "99999999"}, 2),
        *((2, {"OMP_NUM_THREADS": text}, 2) for text in ("", "0", "-1", "many", "1.5", "²")),
        (2, {"SLURM_CPUS_PER_TASK": "1"}, 1),
        (2, {"SLURM_CPUS_PER_TASK": "1", "OMP_NUM_THREADS": "2"}, 1),
        (2, {"SLURM_CPUS_PER_TASK": "64"}, 2),
    ],
)
def test_a_process_takes_what_the_environment_asks_for_and_what_it_may_use(
    cpus: int, environment: dict[str, str], number: int
) -> None:
    assert told(DEFAULT, cpus=cpus, **environment) == f"{number} False"


UNLIMITED_V1 = {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}


@pytest.mark.parametrize(
    ("cgroup", "files", "cpus"),
    [
        ("0::/", {}, None),
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "max 100000\n"}, None),
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "200000 100000\n"}, 2),
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "150000 100000\n"}, 2),
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "10000 100000\n"}, 1),
        ("0::/", {"sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
        ("0::/../outside", {"sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
        (
            "0::/a/b",
            {
                "sys/fs/cgroup/a/cpu.max": "100000 100000\n",
                "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/c/cpu.max": "50000 100000\n",
            },
            1,
        ),
        ("0::/job", {"sys/fs/cgroup/unified/job/cpu.max": "200000 100000\n"}, 2),
        ("3:cpuset:/\n1:cpu:/", {**UNLIMITED_V1, "sys/fs/cgroup/cpu/cpu.cfs_period_us": "1"}, None),
        (
            "4:memory:/x\n1:cpu,cpuacct:/job\n0::/",
            {
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "nonsense\n"}, None),
    ],
)
def test_a_cgroup_grants_its_quota_and_no_more_than_those_above_it(
    tmp_path: Path, cgroup: str, files: dict[str, str], cpus: int | None
) -> None:
    for name, text in {"proc/self/cgroup": f"{cgroup}\n", **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota(tmp_path) == cpus


def test_a_system_without_cgroups_sets_no_quota(tmp_path: Path) -> None:
    assert quota(tmp_path) is None


EVERYWHERE = """
from stat4830_grad.system.threads import settle
print(settle({threads}))
import torch
print(torch.get_num_threads())
from stat4830_grad.data.pixels import Pixels
X = Pixels(torch.eye(64, dtype=torch.uint8), 0.0, 1 / 255, torch.float64)
X @ torch.ones(64, 32, dtype=torch.float64), X @ torch.ones(64, dtype=torch.float64)
import sklearn.datasets
import numba
import threadpoolctl
print(torch.get_num_threads(), numba.get_num_threads())
print(*{{pool["num_threads"] for pool in threadpoolctl.threadpool_info()}})
"""


@needs_two
@pytest.mark.parametrize(("threads", "nonsense"), [(1, "0"), (2, "-3"), (1, "x"), (2, "999")])
def test_every_library_has_this_number_before_and_after_the_first_compiled_product(
    threads: int, nonsense: str
) -> None:
    said = told(
        EVERYWHERE.format(threads=threads),
        NUMBA_NUM_THREADS=nonsense,
        NUMBA_THREADING_LAYER="none such",
        OMP_NUM_THREADS="0",
        OPENBLAS_NUM_THREADS=nonsense,
    )
    assert said.split() == [str(threads)] * 5


@needs_two
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_run_says_its_number_and_nonsense_in_the_environment_says_nothing(
    fresh_cli: Cli, tmp_path: Path, threads: str
) -> None:
    nonsense = {"NUMBA_NUM_THREADS": "0", "NUMBA_THREADING_LAYER": "x", "OMP_NUM_THREADS": "0"}
    done = fresh_cli(*SHORT, f"threads={threads}", **nonsense)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["threads"] == int(threads)


def test_more_threads_than_cpus_are_refused_before_there_is_a_directory(
    fresh_cli: Cli, tmp_path: Path
) -> None:
    most = available()
    done = fresh_cli(*SHORT, f"threads={most + 1}")
    assert done.returncode == 2
    cpus = "CPU" if most == 1 else "CPUs"
    said = f"threads={most + 1}: this process may use {most} {cpus}; write threads={most}"
    assert done.stderr == f"error: {said}\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "two"])
def test_threads_are_a_whole_number(fresh_cli: Cli, value: str) -> None:
    done = fresh_cli(*SHORT, f"threads={value}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: threads={value}: must be a whole number")
    assert done.stderr.count("\n") == 1


@needs_two
def test_a_run_is_resumed_with_another_number_of_threads(fresh_cli: Cli, tmp_path: Path) -> None:
    assert fresh_cli(*SHORT, "threads=2").returncode == 0
    done = fresh_cli("resume=run", "steps=3", "threads=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["threads"] == 1


@needs_two
def test_jobs_of_a_sweep_have_their_own_numbers_and_go_on_with_others(
    fresh_cli: Cli, tmp_path: Path
) -> None:
    sweep = ("model=relu_mlp", "steps=2", "figures=false", "hydra.run.dir=sweep")
    done = fresh_cli(*sweep, "threads=[2,1,null]", OMP_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
    found = sorted((tmp_path / "sweep").glob("*/summary.json"))
    assert [json.loads(file.read_text())["threads"] for file in found] == [2, 1, 2]
    lists = ("optimizer.lr=[0.1,0.2]", *sweep[:-1], "hydra.run.dir=other")
    assert fresh_cli(*lists, "threads=2").returncode == 0
    again = fresh_cli(*lists, "threads=1", "sweep.resume=other")
    assert (again.returncode, again.stderr) == (0, "")


@needs_two
def test_jobs_of_joblib_share_the_cpus_unless_they_are_told(
    fresh_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("joblib")
    monkeypatch.delenv("OMP_NUM_THREADS")
    words = ["-m", "hydra/launcher=joblib", f"hydra.launcher.n_jobs={available()}", "steps=2"]
    words += ["problem=polynomial", "problem.x0=1,2", "figures=false"]
    for name, threads, number in (("shared", "null", 1), ("told", "2", 2)):
        done = fresh_cli(*words, f"threads={threads}", f"hydra.sweep.dir={name}")
        assert done.returncode == 0, done.stderr
        found = list((tmp_path / name).glob("*/summary.json"))
        assert [json.loads(file.read_text())["threads"] for file in found] == [number] * 2


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "5000 None"),
        ({"GOMP_SPINCOUNT": "300000"}, "300000 None"),
        ({"OMP_WAIT_POLICY": "active"}, "None active"),
    ],
)
def test_threads_that_wait_soon_sleep_unless_the_user_decides_otherwise(
    environment: dict[str, str], expected: str
) -> None:
    """By default they try for 6 ms, and under load keep from running what they wait for."""
    code = """
import os
from stat4830_grad.system.threads import settle
settle(1)
print(os.environ.get("GOMP_SPINCOUNT"), os.environ.get("OMP_WAIT_POLICY"))
"""
    assert told(code, cpus=1, **environment) == expected
