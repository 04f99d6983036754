"""task=compare: finding runs, the first difference, what is left."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from conftest import Cli
from test_trust import finished, run

from stat4830_grad.system.errors import ConfigError, UserError
from stat4830_grad.training.finished import (
    apart,
    differing_keys,
    find_runs,
    first_difference,
    labels,
)

__all__ = ["finished", "run"]


def write_run(path: Path, rows: list[str], lr: float = 0.1) -> Path:
    path.mkdir(parents=True)
    (path / "metrics.csv").write_text("\n".join(["step,seconds,loss,grad_norm", *rows]) + "\n")
    (path / "config.yaml").write_text(f"optimizer: {{name: gd, lr: {lr}}}\nfigures: true\n")
    return path


def test_the_first_step_and_in_it_the_first_column_is_named(tmp_path: Path) -> None:
    write_run(tmp_path / "a", ["0,0.0,1.0,2.0", "1,0.1,0.5,1.0", "2,0.2,0.25,0.5"])
    write_run(tmp_path / "b", ["0,0.0,1.0,2.0", "1,9.9,0.5,1.001", "2,9.9,0.3,0.5"])
    one, other = find_runs([str(tmp_path / "*")])
    found = first_difference(one, other, 1e-5)
    assert found is not None
    assert (found.step, found.column.name, found.values) == (1, "grad_norm", (1.0, 1.001))
    later = first_difference(one, other, 1e-2)
    assert later is not None
    assert (later.step, later.column.name) == (2, "loss")
    assert first_difference(one, other, 0.1) is None


def test_only_common_steps_are_compared(tmp_path: Path) -> None:
    write_run(tmp_path / "a", ["0,0,1.0,1.0", "1,0,0.5,0.5", "3,0,0.1,0.1"])
    write_run(tmp_path / "b", ["0,0,1.0,1.0", "2,0,7.0,7.0", "3,0,0.1,0.1"])
    one, other = find_runs([str(tmp_path / "*")])
    assert first_difference(one, other, 0.0) is None


def test_values_that_are_not_finite_differ_unless_they_are_the_same() -> None:
    assert apart(math.inf, math.inf) == 0
    assert apart(math.nan, math.nan) == 0
    assert apart(math.inf, -math.inf) == math.inf
    assert apart(1.0, math.nan) == math.inf
    assert apart(1e-9, 2e-9) == pytest.approx(1e-9)
    assert apart(100.0, 101.0) == pytest.approx(1 / 101)


def test_a_sweep_stands_for_its_jobs_and_a_run_counts_once(tmp_path: Path) -> None:
    for name in ("000_lr=1", "001_lr=2"):
        write_run(tmp_path / "sweep" / name, ["0,0,1,1"], lr=float(name[-1]))
    runs = find_runs([str(tmp_path / "sweep"), str(tmp_path / "sweep" / "000*")])
    assert [run.label for run in runs] == ["000_lr=1", "001_lr=2"]
    assert differing_keys(runs) == ["optimizer.lr"]


def test_a_pattern_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="matches no directory"):
        find_runs([str(tmp_path / "none*")])
    write_run(tmp_path / "a", ["0,0,1,1"])
    with pytest.raises(ConfigError, match="takes two runs"):
        find_runs([str(tmp_path / "a")])


def test_labels_leave_out_what_all_paths_share(tmp_path: Path) -> None:
    assert labels([tmp_path / "x" / "a", tmp_path / "y" / "a"]) == ["x/a", "y/a"]


def test_runs_of_another_table_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=least_squares", "problem.file=t.csv", "steps=2", "figures=false")
    for name, rows in (("a", "1,2\n2,3\n"), ("b", "1,2\n2,3\n7,8\n")):
        (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
        assert cli(*words, f"hydra.run.dir={name}").returncode == 0
    done = cli("task=compare", "runs=[a,b]", "figures=false", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert "problem.file is not the same file in all of these runs\n" in done.stdout
    assert re.search(r"│ a +│ [0-9a-f]{8} ", done.stdout)


def test_compare_from_the_command_line(cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "a", ["0,0,1.0,2.0", "1,0,0.5,1.0"], lr=0.1)
    write_run(tmp_path / "runs" / "b", ["0,0,1.0,2.0", "1,0,0.6,1.0"], lr=0.2)
    done = cli("task=compare", "runs=[runs/*]", "hydra.run.dir=out", COLUMNS="100")
    assert done.returncode == 0, done.stderr
    said = "b: first differs from a at step 1 in loss: 0.6 instead of 0.5 (tolerance 1e-05)"
    assert said in done.stdout
    assert {f.name for f in (tmp_path / "out").iterdir()} == {
        *(".hydra", "comparison.json", "comparison.png", "comparison.svg", "report.html")
    }
    left = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert left["differing_keys"] == {"optimizer.lr": [0.1, 0.2]}
    assert left["first_differences"][0]["step"] == 1


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.csv", b"\x00\x01\x80\xff\n" * 5),
        ("metrics.csv", b"step,seconds,loss\n0,0,1\n0,0,1\n"),
        ("metrics.csv", b"step,seconds,loss\n0,0,1\nnan,0,1\n"),
        ("metrics.csv", b"step,seconds,step\n0,0,1\n"),
        ("metrics.csv", b"a,b\n1,2\n"),
        ("config.yaml", b"\xff\xfe\x00"),
        ("config.yaml", b"- 1\n"),
        ("summary.json", b"[]"),
        ("summary.json", b'{"versions": 3}'),
        ("summary.json", b'{"inputs": [1]}'),
        ("summary.json", b'{"inputs'),
        ("summary.json", b"\x80"),
    ],
)
def test_compare_refuses_damaged_files_by_name(
    finished: Path, run: Path, file: str, content: bytes
) -> None:
    (run / file).write_bytes(content)
    with pytest.raises(UserError) as caught:
        find_runs([str(finished), str(run)])
    assert str(run / file) in str(caught.value)
    assert caught.value.exit_code == 3
