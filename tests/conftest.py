"""What tests share: where real data are, a cache of their own, the command line as users run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from warm import Warm

if TYPE_CHECKING:
    from browser import Visit

os.environ.setdefault("OMP_NUM_THREADS", "1")  # steadier on shared cores

PYTHONPATH = os.pathsep.join(
    filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
)
"""For programs started elsewhere: the package of this checkout, then what these tests run with."""

REQUIRED = os.environ.get("STAT4830_REQUIRE", "").split(",")


def lacking(what: str, why: str) -> NoReturn:
    """Skip, or fail where STAT4830_REQUIRE lists `what` (as CI does)."""
    if what in REQUIRED:
        pytest.fail(f"STAT4830_REQUIRE lists {what}, but {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """Directory that holds the real MNIST files."""
    directory = Path(os.environ.get("STAT4830_DATA_DIR", "data")).resolve()
    if not any((directory / "MNIST" / "raw").glob("train-images-idx3-ubyte*")):
        lacking("mnist", f"no MNIST files under {directory}; set STAT4830_DATA_DIR")
    return directory


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prepared data for this session, so that the user's own is left alone."""
    directory = tmp_path_factory.mktemp("cache")
    os.environ["STAT4830_CACHE_DIR"] = str(directory)
    return directory


Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Warm]:
    """A process that has imported torch and forks for every command."""
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.end()


@pytest.fixture
def cli(tmp_path: Path, warm: Warm) -> Cli:
    """`cli("problem=polynomial", …)` runs the program in a directory of the test's own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return warm.run(arguments, tmp_path, environment)

    return run


@pytest.fixture
def fresh_cli(tmp_path: Path) -> Cli:
    """`cli` in a process that starts as a user's does, with any environment."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stat4830_grad", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": PYTHONPATH, **environment},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


SLURM = Path(__file__).parents[1] / "scripts" / "slurm"


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
        subprocess.run([SLURM, "start"], env=environment, check=True, timeout=120)
        os.environ["SLURM_CONF"] = str(directory / "slurm.conf")
        yield directory
    finally:
        os.environ.pop("SLURM_CONF", None)
        subprocess.run([SLURM, "stop"], env=environment, check=True, timeout=120)
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, started once."""
    from browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Visit]:
    """A page in a tab of its own, that must not complain."""
    from browser import Visit

    opened = Visit(browser, tmp_path)
    yield opened
    opened.context.close()
    assert opened.complaints == []
