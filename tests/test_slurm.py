"""A real Slurm of one node, started by scripts/slurm, and what runs on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import submitit
from conftest import SLURM, Cli
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from on_slurm import await_true, contents, process_of, rows_of, tasks_of

import hydra_plugins.stat4830_launchers.batched_slurm  # noqa: F401 (registers its options)
from stat4830_grad.app import register_resolvers
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import Job
from stat4830_grad.config.load import plain
from stat4830_grad.sweep.runner import runner
from stat4830_grad.sweep.task import cut
from stat4830_grad.system.errors import ConfigError

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]  # one worker starts it


def await_output(path: Path, text: str) -> None:
    """Return once the file holds `text`; fail after 20 s."""
    for _ in range(200):
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.1)
    pytest.fail(f"{path} does not say {text!r} but {path.exists() and path.read_text()!r}")


def test_slurm_listens_on_loopback_only(slurm: Path) -> None:
    ours = {int((slurm / f"{name}.pid").read_text()) for name in ("slurmctld", "slurmd")}
    sockets = {os.readlink(f) for pid in ours for f in Path(f"/proc/{pid}/fd").iterdir()}
    listening = [
        fields[1].partition(":")[0]
        for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        for fields in map(str.split, table.read_text().splitlines()[1:])
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
    ]
    assert listening == ["0100007F"] * 2  # 127.0.0.1, as the kernel writes it


def test_starting_twice_changes_nothing(slurm: Path) -> None:
    before = (slurm / "slurmctld.pid").read_text()
    environment = {**os.environ, "STAT4830_SLURM_DIR": str(slurm)}
    said = subprocess.run(
        [SLURM, "start"], env=environment, check=True, timeout=60, capture_output=True, text=True
    )
    assert said.stdout == f"export SLURM_CONF={slurm}/slurm.conf\n"
    assert (slurm / "slurmctld.pid").read_text() == before


def test_an_array_runs_in_this_python_and_brings_its_results_back(
    slurm: Path, tmp_path: Path
) -> None:
    executor = submitit.SlurmExecutor(folder=tmp_path / "%j")
    executor.update_parameters(time=1, mem="500MB", partition="main", cpus_per_task=1)
    jobs = executor.map_array(lambda i: (i, sys.executable), range(3))
    assert [job.result() for job in jobs] == [(i, sys.executable) for i in range(3)]


def test_a_requeued_task_starts_again(slurm: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    script = 'echo "start ${SLURM_RESTART_COUNT:-0}"; test -n "$SLURM_RESTART_COUNT" || sleep 60'
    task = "--array=0", "--open-mode=append", f"--output={output}", f"--wrap={script}"
    sent = subprocess.run(
        ["sbatch", "--parsable", *task], check=True, capture_output=True, text=True
    )
    await_output(output, "start 0")
    subprocess.run(["scontrol", "requeue", f"{sent.stdout.strip()}_0"], check=True)
    await_output(output, "start 1")


# hydra/launcher=batched_slurm ---------------------------------------------------------------------

STEPS = 8_000
JOBS = 64
LAUNCHER = (
    "hydra/launcher=batched_slurm",
    "hydra.launcher.batch_size=16",
    "hydra.launcher.mem_gb=1",
    "hydra.launcher.timeout_min=5",
)
SWEEP = (
    *("-m", "problem=polynomial", f"steps={STEPS}", "log.every=1000", "device=cpu"),
    *("figures=false", "optimizer=gd,momentum", "problem.x0=-0.5,2"),
    "optimizer.lr=" + ",".join(f"{0.001 * 1.5**i:.4g}" for i in range(16)),
)
"""2 x 16 jobs of each of two rules: 4 batches of 16. Large step sizes diverge."""


def await_training(directory: Path, task: int) -> None:
    """Return when a task has trained for a moment: its last job's directory is made just before."""
    last = f"{16 * task + 15:03d}_*/metrics.csv"
    await_true(f"task {task} trains", lambda: any(directory.glob(last)))
    time.sleep(0.2)


def await_interrupted(directory: Path, task: int) -> None:
    """Return once a job of the task is a row that says it was interrupted in the middle."""

    def interrupted() -> bool:
        rows = rows_of(directory)
        own = [rows[n] for n in range(16 * task, 16 * task + 16) if n in rows]
        return any(r["status"] == "interrupted" and 0 < int(r["steps"]) < STEPS for r in own)

    await_true(f"task {task} is interrupted in the middle", interrupted)


def test_a_sweep_with_a_requeued_task_leaves_what_the_local_sweep_leaves(
    slurm: Path, fresh_cli: Cli, tmp_path: Path
) -> None:
    local = fresh_cli(*SWEEP, "sweep.batch=16", "hydra.sweep.dir=local")
    assert local.returncode == 0, local.stderr
    directory = tmp_path / "cluster"
    with ThreadPoolExecutor(1) as pool:
        remote = pool.submit(fresh_cli, *SWEEP, *LAUNCHER, f"hydra.sweep.dir={directory}")
        await_true("the array is submitted", lambda: bool(tasks_of(directory)))
        ids = tasks_of(directory)
        await_training(directory, 0)
        subprocess.run(["scontrol", "requeue", ids[0]], check=True)
        await_interrupted(directory, 0)
        done = remote.result()
    assert done.returncode == 0, done.stderr
    for task, starts in zip(ids, [2, 1, 1, 1], strict=True):
        log = directory / ".sweep" / "slurm" / task / f"{task}_0_log.out"
        assert log.read_text().count("Starting with") == starts
    there, here = contents(directory), contents(tmp_path / "local")
    assert len(here) == JOBS
    assert {row["status"] for row, _, _ in here.values()} <= {"completed", "increased", "diverged"}
    assert there == here
    best = [said.stdout.split("best final")[1].splitlines()[:2] for said in (done, local)]
    assert best[0] == best[1]


def test_lists_run_on_slurm_too_and_a_task_that_is_killed_is_failed_rows(
    slurm: Path, fresh_cli: Cli, tmp_path: Path
) -> None:
    words = ("problem=polynomial", "steps=10000000", "device=cpu", "figures=false")
    directory = tmp_path / "sweep"
    with ThreadPoolExecutor(1) as pool:
        remote = pool.submit(
            fresh_cli, *words, *LAUNCHER, "optimizer.lr=[0.01,5]", f"hydra.run.dir={directory}"
        )
        await_true("a job is over", lambda: 1 in rows_of(directory))
        task = tasks_of(directory)[0]
        os.kill(process_of(task), signal.SIGKILL)
        done = remote.result()
    assert done.returncode == 1
    rows = rows_of(directory)
    assert [rows[n]["status"] for n in (0, 1)] == ["failed", "diverged"]
    assert f"Slurm task {task} ended without it" in rows[0]["error"]


def test_what_slurm_refuses_is_a_bad_configuration(slurm: Path, fresh_cli: Cli) -> None:
    words = ("problem=polynomial", "optimizer.lr=[0.01,5]", *LAUNCHER)
    done = fresh_cli(*words, "hydra.launcher.partition=elsewhere")
    assert done.returncode == 2
    assert "Slurm refuses" in done.stderr
    assert "Invalid partition name" in done.stderr


def launcher(**changed: Any) -> DictConfig:
    """Hydra's configuration of the launcher."""
    store = ConfigStore.instance().load("hydra/launcher/batched_slurm.yaml").node
    merged = OmegaConf.merge(store, changed)
    assert isinstance(merged, DictConfig)
    return merged


def test_without_submitit_or_slurm_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="no sbatch here"):
        runner(launcher())
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[slurm\]'"):
        runner(launcher())


def test_options_out_of_range_are_named(slurm: Path) -> None:
    with pytest.raises(ConfigError, match=r"hydra.launcher.batch_size=0: must be .* >= 1"):
        runner(launcher(batch_size=0))


def test_a_task_has_to_have_time_before_it_saves(slurm: Path) -> None:
    with pytest.raises(ConfigError, match="before they have begun; write fewer seconds"):
        runner(launcher(timeout_min=1))


def test_tasks_hold_whole_batches_and_small_kinds_share_one() -> None:
    def kinds(*sizes: int) -> list[Job]:
        raw = plain_polynomial()
        return [
            Job(0, f"{kind}-{i}", {}, (), {**raw, "seed": kind})
            for kind, size in enumerate(sizes)
            for i in range(size)
        ]

    assert [len(batch) for batch in cut(kinds(96), 16)] == [16] * 6
    assert [len(batch) for batch in cut(kinds(20, 17), 16)] == [10, 10, 9, 8]
    assert [len(batch) for batch in cut(kinds(*[1] * 96), 16)] == [16] * 6
    assert [len(batch) for batch in cut(kinds(3, 14, 2), 16)] == [3, 16]


def plain_polynomial() -> dict[str, Any]:
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        return plain(compose("config", ["problem=polynomial"]))
