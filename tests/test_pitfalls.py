"""Pitfalls: every number and error the lecture names, obtained by the code that is shown."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import math
import re
import warnings
from pathlib import Path

import pytest
import torch
from conftest import Cli
from rich.console import Console

from stat4830_grad.config.help import conf_dir
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks.pitfalls.catalogue import PITFALLS, Outcome, Result, choose, run
from stat4830_grad.tasks.pitfalls.changes import Change, Line
from stat4830_grad.tasks.pitfalls.lesson import Print, Way, observe
from stat4830_grad.tasks.pitfalls.listing import markdown, show
from stat4830_grad.tasks.pitfalls.storages import Storages


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {name: run(pitfall) for name, pitfall in PITFALLS.items()}


def outcome(results: dict[str, Result], name: str, way: int) -> Outcome:
    return results[name].outcomes[way]


def test_gradients_read_2_and_3_point_6_uncleared_and_2_and_1_point_6_cleared(
    results: dict[str, Result],
) -> None:
    wrong, right = results["accumulation"].outcomes
    assert [wrong.value("x.grad 1"), wrong.value("x.grad 2")] == pytest.approx([2.0, 3.6])
    assert [right.value("x.grad 1"), right.value("x.grad 2")] == pytest.approx([2.0, 1.6])
    assert wrong.value("x") == pytest.approx(0.44)


def test_an_in_place_change_raises_torchs_version_counter_error_and_out_of_place_gives_0_75(
    results: dict[str, Result],
) -> None:
    wrong, right = results["in_place"].outcomes
    assert wrong.error is not None
    assert "modified by an inplace operation" in wrong.error
    assert "is at version 1; expected version 0" in wrong.error
    assert wrong.printed == ()
    assert right.value("x.grad") == 0.75
    assert right.error is None


def test_a_tracked_loss_keeps_what_its_gradient_needs_and_an_untracked_one_only_itself(
    results: dict[str, Result],
) -> None:
    wrong, right = results["memory"].outcomes
    assert (wrong.value("requires_grad"), right.value("requires_grad")) == (True, False)
    X, y, residual, number = 4 * 1000 * 1000, 4 * 1000, 4 * 1000, 4
    kept = wrong.value("bytes kept")
    assert kept is not None
    assert X < kept <= X + y + residual + number
    assert right.value("bytes kept") == number
    assert wrong.value("bytes made") == right.value("bytes made")


def test_backward_stores_and_accumulates_where_autograd_grad_returns(
    results: dict[str, Result],
) -> None:
    stored, returned = results["two_ways"].outcomes
    assert (stored.value("x.grad, once"), stored.value("x.grad, twice")) == (9, 18)
    assert (returned.value("returned, once"), returned.value("returned, twice")) == (9, 9)
    assert returned.value("x.grad") is None


def test_the_second_derivative_is_6x_where_the_graph_was_recorded_and_an_error_elsewhere(
    results: dict[str, Result],
) -> None:
    wrong, right = results["second_derivative"].outcomes
    assert wrong.error is not None
    assert "does not require grad" in wrong.error
    assert right.value("d2f = 6x") == 6 * 2


def test_a_second_backward_fails_on_a_freed_graph_and_passes_on_a_retained_one(
    results: dict[str, Result],
) -> None:
    wrong, retained, again = results["twice"].outcomes
    assert wrong.error is not None
    assert "Trying to backward through the graph a second time" in wrong.error
    assert (wrong.value("x.grad, once"), retained.value("x.grad, twice")) == (9, 18)
    assert again.value("x.grad, twice") == 9


def test_a_tensor_that_is_no_leaf_has_no_gradient_unless_asked_for(
    results: dict[str, Result],
) -> None:
    z, retained, w, leaf = results["not_leaf"].outcomes
    assert (z.value("z.grad"), retained.value("z.grad")) == (None, 1)
    assert (w.value("w.grad"), leaf.value("w.grad")) == (None, 4)
    assert "not a leaf Tensor" in z.warnings[0]
    assert "Triggered" not in z.warnings[0]


@pytest.mark.parametrize("way", range(3))
def test_a_cut_graph_leaves_none_behind_the_cut_without_an_error(
    results: dict[str, Result], way: int
) -> None:
    wrong, right = outcome(results, "cut_graph", way), outcome(results, "cut_graph", 3)
    assert wrong.verdict == "wrong"
    assert wrong.error is None
    assert (wrong.value("a.grad"), wrong.value("b.grad")) == (None, 4)
    assert (right.value("a.grad"), right.value("b.grad")) == (12, 4)


def test_the_in_place_error_names_the_line_that_saved_and_the_one_that_changed(
    results: dict[str, Result],
) -> None:
    wrong, right = results["in_place"].outcomes
    assert right.change is None
    assert wrong.change == Change(Line("y = torch.sqrt(x)", 0), (Line("y.add_(1)", 1),))
    for width in (60, 80, 120):
        screen = io.StringIO()
        show(Console(file=screen, width=width), results["in_place"])
        shown = screen.getvalue()
        assert re.search(r"saved: version 0 +changed: version 1", shown)
        assert re.search(r"y = torch\.sqrt\(x\) +y\.add_\(1\)", shown)


def test_a_tensor_changed_twice_names_both_lines() -> None:
    def twice(print: Print) -> None:
        x = torch.ones(2, requires_grad=True)
        y = x.exp()
        y *= 2
        y[0] = 0
        y.sum().backward()

    change = observe(Way("wrong", "twice", twice)).change
    assert change == Change(Line("y = x.exp()", 0), (Line("y *= 2", 1), Line("y[0] = 0", 2)))


def test_a_branch_that_is_not_taken_gives_nan_and_a_harmless_value_in_it_does_not(
    results: dict[str, Result],
) -> None:
    root, safe_root, exponential, safe_exponential = results["where"].outcomes
    assert math.isnan(float(root.value("x.grad") or 0))
    assert math.isnan(float(exponential.value("x.grad") or 0))
    assert (safe_root.value("x.grad"), safe_exponential.value("x.grad")) == (0, 1)
    for wrong, right in ((root, safe_root), (exponential, safe_exponential)):
        assert wrong.value("f") == right.value("f")


def test_mixed_dtypes_fail_in_a_product_and_lose_digits_silently_in_a_sum(
    results: dict[str, Result],
) -> None:
    product, entrywise, right = results["dtypes"].outcomes
    assert "dtype" in (product.error or "")
    assert (entrywise.error, entrywise.value("f is float64")) == (None, True)
    assert float(entrywise.value("error * 1e9") or 0) == pytest.approx(2.98, abs=0.01)
    assert right.value("f") == 2


def test_differences_in_float32_miss_a_right_gradient_that_float64_confirms(
    results: dict[str, Result],
) -> None:
    single, double, larger = results["differences"].outcomes
    assert abs(float(single.value("slope") or 0) - 6.75) > 0.05
    assert double.value("slope") == pytest.approx(6.75, rel=1e-8)
    assert larger.value("slope") == pytest.approx(6.75, rel=1e-3)


def test_the_code_shown_is_the_code_that_ran(results: dict[str, Result]) -> None:
    for result in results.values():
        for way, seen in zip(result.pitfall.ways, result.outcomes, strict=True):
            source = inspect.getsource(way.listing)
            assert all(line in source for line in seen.code.splitlines())
            printed: list[str] = []
            names = {"torch": torch, "Storages": Storages}
            names["print"] = lambda name, value, to=printed: to.append(name)
            failure = pytest.raises(RuntimeError) if seen.error else contextlib.nullcontext()
            with failure, warnings.catch_warnings(action="ignore"):
                exec(seen.code, names)
            assert printed == [name for name, _ in seen.printed]


def test_listings_fit_side_by_side_on_a_terminal_of_80_columns(results: dict[str, Result]) -> None:
    for result in results.values():
        for seen in result.outcomes:
            assert max(map(len, seen.code.splitlines())) <= 38
            assert len(seen.label) <= 29
        screen = io.StringIO()
        show(Console(file=screen, width=80), result)
        text = screen.getvalue()
        assert "Why: " in text
        assert "…" not in text  # nothing was cut off


def test_only_verdicts_and_words_of_python_have_a_colour(results: dict[str, Result]) -> None:
    for result in results.values():
        screen = Console(
            file=io.StringIO(),
            width=80,
            force_terminal=True,
            color_system="standard",
            highlight=False,
        )
        show(screen, result)
        colours = set(re.findall(r"\x1b\[(?:\d;)?(\d\d)m", screen.file.getvalue()))  # type: ignore[attr-defined]
        assert colours <= {"31", "32", "33", "34", "35", "36", "39", "49"}, result


def test_a_defect_in_a_listing_is_not_passed_off_as_a_pitfall() -> None:
    def broken(print: Print) -> None:
        print("x", 1 / 0)

    with pytest.raises(ZeroDivisionError):
        observe(Way("wrong", "broken", broken))


def test_storages_count_what_is_alive_and_a_view_only_once() -> None:
    with Storages() as made:
        a = torch.ones(10)
        b = a[:5]
        torch.ones(100)
    assert (made.alive(), made.total()) == (40, 440)
    del a
    assert made.alive() == 40  # b is a view of it
    del b
    assert made.alive() == 0


def test_a_misspelt_pitfall_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean accumulation\?"):
        choose("acumulation")
    assert [pitfall.name for pitfall in choose("all")] == list(PITFALLS)


def test_the_configuration_lists_every_pitfall() -> None:
    comment = (conf_dir() / "task" / "pitfalls.yaml").read_text("utf-8").splitlines()[3]
    assert comment == "# " + ", ".join(["all", *PITFALLS])


def test_markdown_holds_code_numbers_and_errors(results: dict[str, Result]) -> None:
    text = markdown(results["in_place"], level=2)
    assert text.startswith("## `in_place` (L6): ")
    for part in ("y.add_(1)", "x.grad = 0.7500", "is at version 1; expected version 0", "Why: "):
        assert part in text


def test_the_command_runs_one_pitfall_and_leaves_json_and_markdown(
    cli: Cli, tmp_path: Path
) -> None:
    done = cli("task=pitfalls", "pitfall=accumulation")
    assert done.returncode == 0, done.stderr
    assert "3.6000" in done.stdout
    assert max(map(len, done.stdout.split("files:")[0].splitlines())) <= 80
    (directory,) = (tmp_path / "outputs" / "pitfalls").iterdir()
    content = json.loads((directory / "pitfalls.json").read_text("utf-8"))
    (pitfall,) = content["pitfalls"]
    assert pitfall["name"] == "accumulation"
    assert pitfall["ways"][0]["printed"]["x.grad 2"] == pytest.approx(3.6)
    assert "1.6000" in (directory / "pitfalls.md").read_text("utf-8")
