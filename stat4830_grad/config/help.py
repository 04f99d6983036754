"""`--help`, written from conf/ itself: the comments there are the help. Imports nothing heavy."""

from __future__ import annotations

import platform
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

USAGE = """\
Run, check, see and compare gradient-based optimization.

  python -m stat4830_grad [group=option …] [key=value …]       one run
  python -m stat4830_grad -m key=value1,value2 …               a sweep

For example
  python -m stat4830_grad problem=polynomial problem.x0=-0.5 optimizer.lr=0.05
  python -m stat4830_grad problem=mnist model=mlp gradient=manual
  python -m stat4830_grad problem=mnist optimizer.lr='${logspace:-4,0,9}'
  python -m stat4830_grad task=trace problem=polynomial problem.x0=1
  python -m stat4830_grad task=check problem=mnist model=tanh_mlp
  python -m stat4830_grad task=lecture
"""

ENDING = """\
To see the keys of an option, name it: problem=mnist model=mlp --help. \
Exit codes: 0 completed, 1 a defect of this program (of a sweep: a job failed), \
2 bad configuration, 3 data missing or damaged, 4 diverged or ended \
above its start, 5 gradients disagree, 6 disk full or memory short, 129, 130 and 143 interrupted. \
Hydra's own options: --hydra-help. --version says what is installed.
"""


def fitted(text: str, width: int) -> str:
    """Lines broken between words, explanations in one column; commands stay whole."""
    return "".join(fitted_line(line, width) + "\n" for line in text.splitlines())


def fitted_line(line: str, width: int) -> str:
    """A line wrapped to `width` columns, under its explanation; a command stays whole."""
    if len(line) <= width or line.startswith("  python "):
        return line
    explained = re.match(r".*?# | {4}\S+ +", line)
    under = explained.end() if explained and explained.end() <= width // 2 else 4
    indent = " " * (under if line.startswith(" ") or "# " in line else 0)
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def conf_dir() -> Path:
    """The configuration groups: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    return next(d for d in (package / "conf", package.parent / "conf") if d.is_dir())


def help_text(words: Sequence[str]) -> str:
    """The whole help; options named in `words` ("problem=mnist") are shown with their keys."""
    chosen = [pair for word in words if (pair := word.partition("="))[1]]
    files = [conf_dir() / group / f"{option}.yaml" for group, _, option in chosen]
    options = [file for file in files if file.is_file()]
    if not options:
        return "\n".join((USAGE, groups(), common_keys(), ENDING))
    return "\n".join(f"{file.parent.name}={file.stem}\n{indent(keys_of(file))}" for file in options)


def keys_of(file: Path) -> str:
    """An option's file without what it tells Hydra: what it chooses, or stands for, in words."""
    lines = file.read_text("utf-8").partition("\nhydra:")[0].rstrip().splitlines()
    shown = [line for line in lines if line != "defaults:" and not line.startswith("# @")]
    for at, line in enumerate(shown):
        if override := re.fullmatch(r"  - override /(\w+): (\w+)", line):
            shown[at] = f"# with {override[1]}={override[2]}, unless another is chosen"
        elif other := re.fullmatch(r"  - (\w+)", line):
            shown[at] = keys_of(file.with_stem(other[1]))
    return "\n".join(shown)


def version_text() -> str:
    """The versions of this program and of what its numbers depend on, in one line."""
    from importlib.metadata import version  # a third of the time of --help

    packages = ("stat4830-grad", "torch", "numpy", "numba", "hydra-core")
    versions = [f"{name} {version(name)}" for name in packages]
    return f"{', '.join(versions)}, Python {platform.python_version()}".replace("-grad", "_grad", 1)


def groups() -> str:
    """Every group with its options, each with the first comment of its file."""
    lines = ["Choose one of each (group=option):", ""]
    width = max(len(file.stem) for file in conf_dir().glob("*/*.yaml"))
    for directory in sorted(d for d in conf_dir().iterdir() if d.is_dir()):
        lines.append(f"  {directory.name}")
        lines += [f"    {f.stem:<{width}} {summary(f)}" for f in sorted(directory.glob("*.yaml"))]
    return "\n".join(lines) + "\n"


def summary(file: Path) -> str:
    """The first comment of a file that is not an instruction to Hydra."""
    comments = (line for line in file.read_text("utf-8").splitlines() if line.startswith("# "))
    return next((line[2:] for line in comments if not line.startswith("# @")), "")


def common_keys() -> str:
    """The keys every run has, as conf/config.yaml lists them with their defaults."""
    text = (conf_dir() / "config.yaml").read_text("utf-8")
    own = text[text.index("\nsteps:") : text.index("\nhydra:")]
    return "Set (key=value):\n" + indent(own)


def indent(text: str) -> str:
    """By two columns."""
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
