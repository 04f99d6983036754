"""`python -m faults.server`: starts commands of the program without the seconds that torch takes.

It imports everything once; each request on standard input, a line of JSON, forks a child in which
the command runs as in a process of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from typing import Any

from stat4830_grad.system.process import SIGNALS, begin, leave

PREPARED = (
    *("torch", "hydra", "stat4830_grad.__main__", "stat4830_grad.config.help"),
    *("stat4830_grad.tasks.train.one_run", "stat4830_grad.tasks.compare"),
    *("stat4830_grad.sweep.run", "stat4830_grad.sweep.runner", "stat4830_grad.config.preflight"),
    *("hydra_plugins.stat4830_launchers.batched", "stat4830_grad.figures.process", "faults.shim"),
    *("stat4830_grad.tasks.grade", "stat4830_grad.figures.compare", "stat4830_grad.figures.path"),
    *("torch._dynamo.eval_frame", "stat4830_grad.data.split", "stat4830_grad.problems.formula"),
)
"""What is imported before any child is forked. Not `app`, whose directories are named then."""


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also under nohup
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a child takes them once it is the program
    for module in PREPARED:
        try:
            importlib.import_module(module)
        except ImportError:
            if module.startswith("stat4830_grad"):
                raise
    run_directory = importlib.import_module("stat4830_grad.training.run_directory")
    run_directory.git(), run_directory.versions()  # asked for once
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            print(json.dumps(ended(asked["wait"], asked["timeout"])), flush=True)
            continue
        if asked["direct"]:
            from . import direct

            direct.composed(tuple(asked["words"]))
        if pid := os.fork():
            print(json.dumps({"pid": pid}), flush=True)
        else:
            child(asked)


def ended(pid: int, timeout: float) -> dict[str, Any]:
    """The exit code of a child, negative for a signal; it is killed when its time is over."""
    until, late = time.monotonic() + timeout, False
    while True:
        found, status, used = os.wait4(pid, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            return {"code": code, "late": late, "peak_kib": used.ru_maxrss}
        if not late and time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            late = True
        time.sleep(0.002)


def child(asked: dict[str, Any]) -> None:
    """Run the command `asked["words"]`; this process ends with it."""
    os.chdir(asked["directory"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    err = os.open(asked["err"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, file in enumerate((nothing, out, err)):
        os.dup2(file, number)
    for name, value in asked["environment"].items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    for name, most in asked["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, resource.RLIM_INFINITY))
    sys.argv = ["stat4830_grad", *asked["words"]]
    if asked["armed"]:
        from faults.shim import arm

        arm(**asked["armed"])
    if asked["hook"]:
        from faults import hooks

        getattr(hooks, asked["hook"])()
    begin()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    if asked["direct"]:
        from . import direct

        leave(direct.run(asked["words"]))
    from stat4830_grad.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
    os._exit(0)  # without taking torch apart
