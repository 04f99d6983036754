"""Commands of the program, each in a process of its own that is forked from one that is ready."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .shim import compile_shim


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int  # its exit code; negative: the signal that killed it
    out: str
    err: str
    late: bool  # whether it was killed because its time was over
    peak_mib: float  # of memory

    @property
    def message(self) -> bool:
        """Whether it said what is wrong in one line, without a traceback."""
        return self.err.startswith("error: ") and self.err.count("\n") == 1


@dataclass(frozen=True)
class Fault:
    """What goes wrong in a command, by the library that stands between it and the system."""

    below: Path
    mode: str = "nothing"
    number: int = 0
    k: int = 0
    record: Path | None = None

    def asked(self) -> dict[str, Any]:
        """For the server."""
        return {
            "below": str(self.below),
            "mode": self.mode,
            "number": self.number,
            "k": self.k,
            "record": str(self.record) if self.record else "",
        }


@dataclass
class Child:
    """A command that has been started."""

    pid: int
    out: Path
    err: Path


@dataclass
class Commands:
    """Starts commands; `shim` is the library that makes calls fail, where it could be made."""

    scratch: Path
    shim: Path | None
    direct: bool  # whether commands go without Hydra, where it is not said
    server: int  # its process
    _to: IO[str]
    _from: IO[str]
    _number: int = field(default=0)

    def __call__(self, directory: Path, *words: str, **how: Any) -> Outcome:
        """Run a command to its end; `how` as for `start`."""
        return self.wait(self.start(directory, *words, **{"direct": self.direct, **how}))

    def start(
        self,
        directory: Path,
        *words: str,
        fault: Fault | None = None,
        hook: str | None = None,
        environment: Mapping[str, str | None] | None = None,
        limits: Mapping[str, int] | None = None,
        direct: bool = False,
    ) -> Child:
        """Start a command in `directory`.

        Args:
            hook: a function of `hooks` that the process calls first.
            limits: soft ones, by the names of `resource`.
            direct: without Hydra, in a tenth of the time.
        """
        self._number += 1
        out, err = (self.scratch / f"{self._number}.{name}" for name in ("out", "err"))
        asked = {
            "words": words,
            "directory": str(directory),
            "out": str(out),
            "err": str(err),
            "environment": dict(environment or {}),
            "limits": dict(limits or {}),
            "armed": fault.asked() if fault else None,
            "hook": hook,
            "direct": direct,
        }
        return Child(self._ask(asked)["pid"], out, err)

    def wait(self, child: Child, timeout: float = 120) -> Outcome:
        """How it ended; it is killed after `timeout` seconds, on a busy machine after more."""
        ended = self._ask({"wait": child.pid, "timeout": timeout * slowness()})
        out, err = taken(child.out), taken(child.err)
        return Outcome(ended["code"], out, err, ended["late"], ended["peak_kib"] / 1024)

    def virtual(self) -> int:
        """Bytes of address space that a command has when it begins."""
        pages = int(Path(f"/proc/{self.server}/statm").read_text("utf-8").split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _ask(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._to.write(json.dumps(what) + "\n")
        self._to.flush()
        answer: dict[str, Any] = json.loads(self._from.readline())
        return answer


def slowness() -> float:
    """How many times as long as on a quiet machine something may take here now."""
    return max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


def in_memory() -> str | None:
    """A directory of files in memory, where there is one: to sync them takes no time."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def taken(path: Path) -> str:
    """What a file says, which is then removed."""
    said = path.read_text("utf-8", errors="replace") if path.exists() else ""
    path.unlink(missing_ok=True)
    return said


@contextmanager
def serving(environment: Mapping[str, str] | None = None) -> Iterator[Commands]:
    """Commands of this checkout's program, with a cache of their own."""
    root = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory(prefix="stat4830_faults_", dir=in_memory()) as name:
        scratch = Path(name)
        shim = compile_shim(scratch)
        own = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(root), str(root / "scripts")]),
            "OMP_NUM_THREADS": "1",
            "STAT4830_CACHE_DIR": str(scratch / "cache"),
            **({"LD_PRELOAD": str(shim)} if shim else {}),
            **(environment or {}),
        }
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "faults.server"],
            cwd=scratch,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield Commands(scratch, shim, True, server.pid, server.stdin, server.stdout)
            server.stdin.close()
