"""The same command gives the same bits, whether its kernels were compiled just now or loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Cli

WORDS = ("model=relu_mlp", "optimizer=adam", "optimizer.lr=0.001", "steps=5", "log.every=1")


def numbers(metrics: Path) -> list[list[str]]:
    """Every value of metrics.csv but the seconds, as written."""
    lines = [line.split(",") for line in metrics.read_text().splitlines()]
    return [[line[0], *line[2:]] for line in lines]


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_first_run_and_one_with_a_damaged_cache_have_the_bits_of_any_other(
    fresh_cli: Cli, tmp_path: Path, threads: str
) -> None:
    cache = tmp_path / "cache"
    found = []
    for name in ("cold", "warm", "damaged"):
        if name == "damaged":
            for file in cache.rglob("*.compiled"):
                content = bytearray(file.read_bytes())
                content[len(content) // 2] ^= 1
                file.write_bytes(content)
        environment = {"NUMBA_CACHE_DIR": str(cache), "OMP_NUM_THREADS": threads}
        done = fresh_cli(*WORDS, "figures=false", f"hydra.run.dir={name}", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        found.append(numbers(tmp_path / name / "metrics.csv"))
    assert list(cache.rglob("*.compiled"))
    assert found[0] == found[1] == found[2]
