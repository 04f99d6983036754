"""Pages that the site has and docs/ has not: navigation, examples, the Python reference."""

from __future__ import annotations

from pathlib import Path

NAVIGATION = {
    "Try": ("live",),
    "Tutorial": (
        *("tutorial/1_by_hand", "tutorial/2_backward", "tutorial/3_autograd_grad"),
        *("tutorial/4_graph", "tutorial/5_step_sizes", "tutorial/6_classifiers"),
        "tutorial/7_your_own",
    ),
    "How to": (
        *("trace", "formula", "functions", "models", "tables", "classification", "penalty"),
        *("optimizers", "sweeps", "trackers", "student", "grading"),
    ),
    "Python": ("python", "api", "examples"),
    "About": ("design", "reliability", "benchmarks", "CONTRIBUTING", "CHANGELOG"),
}
"""Parts of the site with their pages, in the order in which a newcomer meets them."""

FUNCTIONS = ("compose", "build", "train", "check", "trace")
RETURNED = (
    "training.experiment.Experiment",
    "core.State",
    "core.Record",
    "tasks.check.function.Agreement",
    "graph.trace.Trace",
)
RAISED = ("system.errors.ConfigError", "system.errors.DataError")


def navigation(parts: dict[str, tuple[str, ...]]) -> str:
    """The parts as what Sphinx makes its side bar from."""
    trees = []
    for part, pages in parts.items():
        trees += ["\n```{toctree}", ":hidden:", f":caption: {part}", "", *pages, "```\n"]
    return "\n".join(trees)


def examples(folder: Path) -> str:
    """A page with every script of the folder."""
    parts = ["# Examples\n\nThe scripts of the folder `examples/`. The tests run them.\n"]
    for file in sorted(folder.rglob("*.py")):
        name = file.relative_to(folder.parent).as_posix()
        parts.append(f"## {name}\n\n```python\n{file.read_text('utf-8')}```\n")
    return "\n".join(parts)


def reference() -> str:
    """A page from docstrings: the functions of the package, then what they return and raise."""
    return "\n".join(
        [
            "# Python reference\n",
            "After `import stat4830_grad as sg`, these are `sg.compose` and so on;",
            "[From Python](python.md) shows them at work.\n",
            "## Functions\n",
            *(documented("autofunction", f"stat4830_grad.{name}") for name in FUNCTIONS),
            "## What they return\n",
            *(documented("autoclass", f"stat4830_grad.{name}", members=True) for name in RETURNED),
            "## What they raise\n",
            *(documented("autoexception", f"stat4830_grad.{name}") for name in RAISED),
        ]
    )


def documented(directive: str, name: str, *, members: bool = False) -> str:
    """What Sphinx replaces by the docstring of `name`."""
    option = "   :members:\n   :inherited-members:\n" if members else ""
    return f"```{{eval-rst}}\n.. {directive}:: {name}\n{option}```\n"
