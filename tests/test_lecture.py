"""The lecture: its numbers pinned, an honest comparison, exit codes with and without MNIST."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import Cli

from stat4830_grad.config.composing import compose
from stat4830_grad.config.problems import Mnist
from stat4830_grad.tasks.lecture import (
    autograd,
    calculus,
    comparison,
    least_squares,
    mnist,
    row,
    rows,
)
from stat4830_grad.tasks.lecture.row import Claim, Row

CLOSED = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
"""Nothing listens there, so a download fails at once and not after a wait."""


@pytest.fixture(scope="module")
def small() -> dict[str, Row]:
    """L1 to L13, as they came out here."""
    return {each.id: each for each in (run() for run in rows.SMALL)}


def obtained(each: Row) -> dict[str, str]:
    return {claim.what: claim.obtained for claim in each.claims}


def test_the_rows_without_mnist_are_l1_to_l13_and_all_exact(small: dict[str, Row]) -> None:
    assert list(small) == [f"L{n}" for n in range(1, 14)]
    for each in small.values():
        assert each.verdict == "exact", each.claims


def test_f_of_1_is_minus_2_and_its_derivative_0(small: dict[str, Row]) -> None:
    assert obtained(small["L2"])["f(1)"] == "−2"
    assert obtained(small["L2"])["f′(1) by hand"] == "0"


def test_the_graph_of_the_cubic_has_the_lectures_operations_and_derivatives(
    small: dict[str, Row],
) -> None:
    assert list(obtained(small["L3"]).values()) == [
        "x³ (power)",
        "−3x (multiply)",
        "z₁ + z₂ (add)",
        "3x²",
        "−3",
        "1, 1",
    ]


def test_backward_passes_what_the_lecture_says_at_x_1_and_2(small: dict[str, Row]) -> None:
    assert obtained(small["L4"]) == {
        "seed ∂f/∂f, at x = 1 and 2": "1, 1",
        "add passes to z₁": "1, 1",
        "add passes to z₂": "1, 1",
        "power contributes (1)(3x²)": "3, 12",
        "multiply contributes (1)(−3)": "−3, −3",
        "x accumulates 3x² − 3": "0, 9",
        "what x adds up": "multiply, power",
    }


def test_pitfalls_give_0_75_and_2_0_3_6_against_2_0_1_6(small: dict[str, Row]) -> None:
    assert obtained(small["L6"])["out of place, x.grad"] == "0.7500"
    assert list(obtained(small["L8"]).values()) == ["2.0, 3.6", "2.0, 1.6"]
    assert obtained(small["L7"])["requires_grad, no_grad"] == "False"


def test_total_derivatives_of_least_squares_have_the_lectures_shapes(
    small: dict[str, Row],
) -> None:
    found = obtained(small["L10"])
    assert found["derivative of ½z₂ is ½"] == "0.5"
    shapes = ("its shape", "its shape, 1×n", "its shape, n×p")
    assert [found[name] for name in shapes] == ["1×1", "1×100", "100×2"]


def test_descent_reaches_a_loss_of_1e_minus_14_before_the_hundredth_step(
    small: dict[str, Row],
) -> None:
    text = obtained(small["L11"])["loss, by hand"]
    assert int(text.split()[-1]) < 100
    slow = torch.logspace(2, -13, 101, dtype=torch.float64)
    assert least_squares.small_loss("too slow", slow).exact is False


def test_pictures_are_those_of_the_lecture(small: dict[str, Row]) -> None:
    names = [picture.name for each in small.values() for picture in each.pictures]
    assert names == ["L02_cubic", "L03_graph", "L09_gradients", "L10_graph", "L11_descent"]


@pytest.mark.parametrize(
    ("stated", "number", "exact"),
    [
        ("−2", -2.0, True),
        ("−2", -2.0000001, False),  # a whole number is stated exactly
        ("0", -0.0, True),
        ("0.7500", 0.75, True),
        ("0.7500", 0.7501, False),
        ("87.30 %", 0.873, True),
        ("87.30 %", 0.874, False),
        ("60,000", 60000, True),
        ("0.1307", 0.13066, True),
        ("True", False, False),
        ("x³", "x³", True),
    ],
)
def test_a_number_is_exact_if_it_reads_as_stated(
    stated: str, number: float | str, exact: bool
) -> None:
    assert row.value("what", stated, number).exact is exact


def test_several_numbers_are_compared_one_by_one() -> None:
    assert row.values("w*", "(1.0, −0.5)", [1.0, -0.5]).exact
    claim = row.values("grad", "2.0, 3.6", [2.0, 1.6])
    assert (claim.exact, claim.obtained) == (False, "2.0, 1.6")


def test_equal_up_to_rounding_means_relative_to_the_largest_entry() -> None:
    ours = torch.tensor([1e6, 0.0], dtype=torch.float64)
    assert row.same("what", ours, ours + 1e-8).exact
    assert not row.same("what", ours, ours + 1e-3).exact
    assert not row.same("what", ours, ours * float("nan")).exact
    assert row.same("what", ours, ours).obtained == "identical"


def test_a_wrong_result_is_reported_as_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(calculus.CUBIC, coefficients=(1.0, 0.0, -3.0, 0.5))
    monkeypatch.setattr(calculus, "CUBIC", wrong)
    cubic = calculus.cubic()
    assert cubic.verdict == "NOT exact"
    assert obtained(cubic)["f(1)"] == "−1.5"


def make(exact: bool | None) -> Row:
    claims = (Claim("what", "1", "1", exact),)
    return Row("L0", "title", claims, not_run="no files" if exact is None else None)


@pytest.mark.parametrize(
    ("exact", "code"),
    [((True, True), 0), ((True, None), 3), ((True, False), 1), ((False, None), 1)],
)
def test_the_exit_code_tells_not_exact_from_not_run(
    exact: tuple[bool | None, ...], code: int
) -> None:
    assert comparison.exit_code([make(e) for e in exact]) == code


def test_the_verdict_counts_every_row() -> None:
    text = comparison.verdict([make(True), make(False), make(None)])
    assert text == "1 of 3 rows exact, 1 NOT exact, 1 not run"


def test_composing_gives_what_the_command_line_gives_and_keeps_the_protocol() -> None:
    base = compose("problem=digits", "data_dir=elsewhere", "gradient=manual", "seed=7")
    run = mnist.lecture_run("mlp", base)
    assert isinstance(run.problem, Mnist)
    assert run.model is not None
    assert (run.problem.name, run.model.name, run.optimizer.lr) == ("mnist", "relu_mlp", 0.01)
    assert (run.steps, run.seed, run.problem.n_train) == (1000, 42, 4000)
    assert (run.data_dir, run.gradient.name) == ("elsewhere", "manual")


def test_pixel_moments_are_those_of_the_pixels() -> None:
    images = torch.randint(256, (5, 28, 28), generator=torch.Generator().manual_seed(0))
    mean, std = mnist.pixel_moments(images.to(torch.uint8))
    assert mean == pytest.approx(float((images / 255).mean()), rel=1e-6)
    assert std == pytest.approx(float((images / 255).std(correction=0)), rel=1e-6)


def test_the_facts_can_be_read_without_torch() -> None:
    code = "import sys, stat4830_grad.config.lecture as l; print(l.UPDATES, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["991", "False"]


def test_a_listing_that_prints_none_where_a_number_is_stated_is_a_defect() -> None:
    with pytest.raises(TypeError, match="None"):
        autograd.number(None)


def pictures_embedded(directory: Path) -> set[str]:
    """Names of the pictures in lecture.md; each must be there as PNG and SVG."""
    text = (directory / "lecture.md").read_text("utf-8")
    names = {part.split(")")[0] for part in text.split("](")[1:]}
    for name in names:
        assert (directory / name).read_bytes().startswith(b"\x89PNG")
        assert (directory / name).with_suffix(".svg").stat().st_size > 1000
    return names


def test_without_mnist_its_rows_say_not_run_and_the_exit_code_is_3(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    done = cli("task=lecture", "data_dir=empty", **CLOSED)
    assert done.returncode == 3, done.stderr
    assert "13 of 15 rows exact, 2 not run" in done.stdout
    assert "L15 not run: " in done.stdout
    table = done.stdout[done.stdout.index("the lecture") :].split("L14 not run")[0]
    assert max(map(len, table.splitlines())) <= 80
    (directory,) = (tmp_path / "outputs" / "lecture").iterdir()
    content = json.loads((directory / "lecture.json").read_text("utf-8"))
    assert content["exit_code"] == 3
    verdicts = [each["verdict"] for each in content["rows"]]
    assert verdicts == ["exact"] * 13 + ["not run"] * 2
    assert "download" in content["rows"][14]["not_run"]
    assert {c["exact"] for c in content["rows"][14]["claims"]} == {None}
    assert len(pictures_embedded(directory)) == 5


@pytest.mark.mnist
def test_with_mnist_all_rows_are_exact_and_the_exit_code_is_0(
    cli: Cli, tmp_path: Path, mnist_dir: Path
) -> None:
    done = cli("task=lecture", f"data_dir={mnist_dir}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 of 15 rows exact" in done.stdout
    (directory,) = (tmp_path / "outputs" / "lecture").iterdir()
    content = json.loads((directory / "lecture.json").read_text("utf-8"))
    assert [each["verdict"] for each in content["rows"]] == ["exact"] * 15
    final = [claim["obtained"] for claim in content["rows"][14]["claims"]]
    assert final == ["87.30 %", "92.40 %"]
    text = (directory / "lecture.md").read_text("utf-8")
    assert "0.2695 | 88.875 %" in text  # training loss and accuracy of the protocol
    assert "0.1690 | 94.275 %" in text
    assert len(pictures_embedded(directory)) == 9
