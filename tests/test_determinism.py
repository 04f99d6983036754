"""The same command gives the same bits, whether its kernels were compiled just now or loaded."""

from __future__ import annotations

from pathlib import Path

from conftest import Cli

WORDS = ("model=relu_mlp", "optimizer=adam", "optimizer.lr=0.001", "steps=5", "log.every=1")


def numbers(metrics: Path) -> list[list[str]]:
    """Every value of metrics.csv but the seconds, as written."""
    lines = [line.split(",") for line in metrics.read_text().splitlines()]
    return [[line[0], *line[2:]] for line in lines]


def test_first_runs_and_ones_that_load_have_the_same_bits_by_any_number_of_threads(
    fresh_cli: Cli, tmp_path: Path
) -> None:
    """Compiled by one thread, loaded by one and by two, compiled by two as files are damaged."""
    cache = tmp_path / "cache"

    def run(name: str, threads: str) -> list[list[str]]:
        environment = {"NUMBA_CACHE_DIR": str(cache), "OMP_NUM_THREADS": threads}
        done = fresh_cli(*WORDS, "figures=false", f"hydra.run.dir={name}", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        return numbers(tmp_path / name / "metrics.csv")

    cold = run("cold", "1")
    compiled = {file: file.read_bytes() for file in cache.rglob("*.compiled")}
    assert compiled
    assert run("warm", "1") == cold
    by_two = run("by two", "2")
    assert {file: file.read_bytes() for file in compiled} == compiled  # they were loaded
    for file, content in compiled.items():
        compiled[file] = content[:-99] + bytes([content[-99] ^ 1]) + content[-98:]
        file.write_bytes(compiled[file])
    assert run("damaged", "2") == by_two
    assert all(file.read_bytes() != damaged for file, damaged in compiled.items())
