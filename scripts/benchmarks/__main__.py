"""`python -m benchmarks`, which scripts/benchmark runs: measure, print one table, write files."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import secrets
import sys
import tempfile
from datetime import datetime
from pathlib import Path


def main() -> int:
    """Everything heavy is imported after the number of threads is settled."""
    options = parse()
    settle_threads(options.threads)
    if importlib.util.find_spec("stat4830_grad") is None:
        print(
            "error: the package stat4830_grad is not installed; run scripts/benchmark",
            file=sys.stderr,
        )
        return 2
    from .suite import run

    with tempfile.TemporaryDirectory(prefix="stat4830_benchmark_") as scratch:
        os.environ["STAT4830_CACHE_DIR"] = str(Path(scratch, "cache"))
        token = f"{datetime.now():%Y-%m-%d_%H-%M-%S-%f}_{secrets.token_hex(4)}"
        return run(options, Path(scratch), Path("outputs", "benchmark", token))


def parse() -> argparse.Namespace:
    """The options; a wrong one ends the process with 2."""
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark",
        description="Times ours against the lecture's loop, JAX and the machine's limit.",
    )
    parser.add_argument("--quick", action="store_true", help="a trial: few, short measurements")
    parser.add_argument("--only", type=pattern, default="", help="groups whose name matches this")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--threads", type=int, default=available(), help="default: all (%(default)s)"
    )
    parser.add_argument(
        "--data-dir",
        type=lambda path: Path(path).expanduser().resolve(),
        default=os.environ.get("STAT4830_DATA_DIR", "data"),
        help="where MNIST is; synthetic images take its place if it is not there",
    )
    options = parser.parse_args()
    if not 1 <= options.threads <= available():
        parser.error(f"--threads {options.threads}: must be 1 to {available()}")
    return options


def pattern(text: str) -> str:
    """`text`, if it is a regular expression.

    Raises:
        ArgumentTypeError: it is not.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a regular expression: {error}") from None
    return text


def available() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def settle_threads(threads: int) -> None:
    """The same number for torch, JAX and every child: JAX counts the cores it may use."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # or JAX takes most of a GPU's memory
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    sys.exit(main())
