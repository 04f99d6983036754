"""Pictures of runs whose numbers come near the largest of float64."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Cli

IN_DOUBLE = ("problem=polynomial", "dtype=float64", "steps=5")


@pytest.mark.parametrize(
    ("overrides", "code", "pictures"),
    [
        (("problem.x0=1e308",), 4, {"curves.png"}),
        (("problem.coefficients=[1,0,0]", "problem.x0=1e154"), 0, {"curves.png"}),
        (("problem.coefficients=[1,0,0]", "problem.x0=9e74"), 0, {"curves.png", "path.png"}),
        (
            ("problem.coefficients=[1,0,0]", "problem.x0=[1e75,-1e154,1e308]"),
            0,
            {"curves.png", "results.png"},
        ),
        (
            ("problem.coefficients=[1,0]", "problem.x0=[1,2]", "optimizer.lr=[0.1,1e308]"),
            0,
            {"curves.png", "results.png", "paths.png"},
        ),
    ],
)
def test_a_run_of_large_numbers_ends_with_its_pictures_and_without_a_word_of_matplotlib(
    overrides: tuple[str, ...], code: int, pictures: set[str], cli: Cli, tmp_path: Path
) -> None:
    done = cli(*IN_DOUBLE, *overrides, "hydra.run.dir=run", "sweep.job_figures=0")
    assert (done.returncode, done.stderr) == (code, "")
    assert {file.name for file in (tmp_path / "run").glob("*.png")} == pictures


def test_runs_of_large_numbers_are_compared(cli: Cli, tmp_path: Path) -> None:
    for x0 in ("1e308", "1e154"):
        directory = f"hydra.run.dir=from_{x0}"
        cli(*IN_DOUBLE, "problem.coefficients=[1,0]", f"problem.x0={x0}", directory)
    done = cli("task=compare", "runs=[from_1e308,from_1e154]", "hydra.run.dir=both")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "both" / "comparison.png").exists()
