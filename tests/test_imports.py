"""The rooms of the package: imports go downwards only, heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "stat4830_grad"
NAME = PACKAGE.name

ROOMS = (
    *(
        "system",
        "config",
        "metrics",
        "core",
        "console",
        "pages",
        "compiled",
        "data",
        "sandbox",
        "problems",
        "gradients",
        "optimizers",
    ),
    *(
        "graph",
        "training",
        "trackers",
        "figures",
        "reports",
        "sweep",
        "tasks",
        "api",
        "__init__",
        "app",
        "__main__",
    ),
)
"""From the ground up: a room imports from itself and from those before it."""


def modules() -> Iterator[tuple[str, Path]]:
    """(dotted name below the package, file) of every module; of a folder's own, with __init__."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield ".".join(file.relative_to(PACKAGE).with_suffix("").parts), file


def imported(module: str, source: str) -> Iterator[str]:
    """Absolute names of what `source` imports, in functions as well."""
    package = f"{NAME}.{module}".rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level + (node.module or "")
            origin = importlib.util.resolve_name(dots, package) if node.level else dots
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def rooms_above(module: str, source: str) -> list[str]:
    """The rooms from which `module` may not import, and does."""
    own = ROOMS.index(module.split(".")[0])
    found = []
    for name in imported(module, source):
        parts = name.split(".")
        if parts[0] == NAME and ROOMS.index(parts[1]) > own:
            found.append(parts[1])
    return found


@pytest.mark.parametrize(("module", "file"), list(modules()), ids=lambda value: str(value)[:40])
def test_imports_go_downwards(module: str, file: Path) -> None:
    assert rooms_above(module, file.read_text("utf-8")) == []


def depends(sources: dict[str, str]) -> dict[str, set[str]]:
    """The modules of ours that each module imports, late imports too."""
    known = {module.removesuffix(".__init__") for module in sources}
    found: dict[str, set[str]] = {}
    for module, source in sources.items():
        own = module.removesuffix(".__init__")
        names = [name.removeprefix(f"{NAME}.") for name in imported(module, source)]
        named = {name if name in known else name.rpartition(".")[0] for name in names}
        found[own] = (named & known) - {own}
    return found


def test_no_modules_import_one_another_in_a_circle() -> None:
    sources = {module: file.read_text("utf-8") for module, file in modules()}
    TopologicalSorter(depends(sources)).prepare()
    late = "def f():\n    from ..tasks import train"
    with pytest.raises(CycleError, match=r"core\.a"):
        TopologicalSorter(
            depends({"core.a": "from . import b", "core.b": "from .a import x"})
        ).prepare()
    assert depends({"core.a": late, "tasks.train": ""})["core.a"] == {"tasks.train"}


def test_every_room_is_in_the_list_and_the_list_has_no_other() -> None:
    assert {module.split(".")[0] for module, _ in modules()} == set(ROOMS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core", "from .training.loop import train"),
        ("graph.trace", "from .. import figures"),
        ("config.load", "def late():\n    from ..sweep.table import SweepTable"),
        ("training.loop", "import stat4830_grad.tasks.train"),
    ],
)
def test_an_import_upwards_is_found(module: str, source: str) -> None:
    assert rooms_above(module, source)


@pytest.mark.parametrize(("module", "file"), list(modules()), ids=lambda value: str(value)[:40])
def test_only_figures_know_matplotlib(module: str, file: Path) -> None:
    known = {name.split(".")[0] for name in imported(module, file.read_text("utf-8"))}
    assert "matplotlib" not in known or module.startswith("figures.")


def test_what_comes_before_a_checked_configuration_imports_no_torch() -> None:
    early = [
        m.removesuffix(".__init__") for m, _ in modules() if m.startswith(("system", "config"))
    ]
    code = (
        f"import importlib, sys\n"
        f"for module in {early}: importlib.import_module('{NAME}.' + module)\n"
        f"import {NAME}.app\n"
        "heavy = ('torch', 'numba', 'matplotlib', 'polars')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_imports_no_library_that_its_problem_does_not_take() -> None:
    code = (
        f"import sys, {NAME}.tasks.train.one_run\n"
        "some = ('numba', 'sympy', 'polars', 'matplotlib',"
        "'tensorboard', 'mlflow', 'wandb', 'trackio')\n"
        "print([name for name in some if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
