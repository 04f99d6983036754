"""A process that has imported the libraries of the program and forks itself for every command.

Importing torch takes longer than most commands of the tests take otherwise. Everything of the
program itself, from its first line to its exit code, happens anew in each fork. What is about the
start of a process, its environment or its threads is tested with `fresh_cli` instead.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

SETTABLE = (
    "COLUMNS",
    "CUDA_VISIBLE_DEVICES",
    "NO_COLOR",
    "PATH",
    "SLURM_CONF",
    "STAT4830_CACHE_DIR",
    "http_proxy",
    "https_proxy",
)
"""Variables that a command may be given here: libraries read them late, or ours alone does."""

PATIENCE = 240
"""Seconds that a command may take."""

LIBRARIES = (
    "torch",
    "torch._dynamo",  # torch takes it for derivatives in forward mode
    "numba",
    "scipy.linalg",
    "hydra",
    "rich.progress",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)


class Warm:
    """The process, started anew when it is first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )

    def run(
        self, arguments: tuple[str, ...], directory: Path, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """One command in `directory`, to its end."""
        strange = set(environment) - set(SETTABLE)
        assert not strange, f"{strange} may be read when a library is imported: use fresh_cli"
        texts = [self._directory / name for name in ("stdout", "stderr")]
        order = [arguments, str(directory), environment, *map(str, texts)]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answered, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        assert answered, f"{arguments} has not ended after {PATIENCE} s"
        code = int(self._process.stdout.readline())
        said = [text.read_text("utf-8") for text in texts]
        return subprocess.CompletedProcess(arguments, code, *said)

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def serve() -> None:
    """Fork for every line of standard input; answer with the exit code."""
    import_libraries()
    for line in sys.stdin:
        arguments, directory, environment, stdout, stderr = json.loads(line)
        child = os.fork()
        if child == 0:
            command(arguments, directory, environment, stdout, stderr)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def import_libraries() -> None:
    """Import what most commands import, but for the program itself."""
    from stat4830_grad.system.threads import settle_numba

    settle_numba()
    for library in LIBRARIES:
        importlib.import_module(library)
    for name in list(sys.modules):
        if name.partition(".")[0] == "stat4830_grad":
            del sys.modules[name]


def command(
    arguments: list[str], directory: str, environment: dict[str, str], stdout: str, stderr: str
) -> NoReturn:
    """Be `python -m stat4830_grad ARGUMENTS`."""
    for number, path in ((0, os.devnull), (1, stdout), (2, stderr)):
        opened = os.open(
            path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        )
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(directory)
    os.environ.update(environment)
    sys.argv[1:] = arguments
    runpy.run_module("stat4830_grad", run_name="__main__", alter_sys=True)
    os._exit(0)


if __name__ == "__main__":
    sys.path[0] = ""
    serve()
