"""A real Slurm of one node, started by scripts/slurm, and what runs on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import submitit
from conftest import lacking

pytestmark = pytest.mark.slurm

SCRIPT = Path(__file__).parents[1] / "scripts" / "slurm"


@pytest.fixture(scope="session")
def slurm() -> Iterator[Path]:
    """Directory of a Slurm of this session's own; SLURM_CONF points there while it runs."""
    if os.geteuid() != 0:
        lacking("slurm", "Slurm cannot be started by anyone but root")
    if not all(map(shutil.which, ("sbatch", "munge"))):
        lacking("slurm", "Slurm is not installed; scripts/slurm install brings it")
    directory = Path(tempfile.mkdtemp(prefix="stat4830_slurm_"))
    directory.chmod(0o755)  # the user munge has to reach its socket in there
    environment = {**os.environ, "STAT4830_SLURM_DIR": str(directory)}
    try:
        subprocess.run([SCRIPT, "start"], env=environment, check=True, timeout=120)
        os.environ["SLURM_CONF"] = str(directory / "slurm.conf")
        yield directory
    finally:
        os.environ.pop("SLURM_CONF", None)
        subprocess.run([SCRIPT, "stop"], env=environment, check=True, timeout=120)
        shutil.rmtree(directory)


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
        [SCRIPT, "start"], env=environment, check=True, timeout=60, capture_output=True, text=True
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
