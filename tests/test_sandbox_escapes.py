"""Ways out of a student's process that lead past the calls which are named for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hostile_files import after
from test_sandbox import diagnosed, filtered, landlock, objective, start

from stat4830_grad.core import Objective, Params
from stat4830_grad.gradients.methods import backward
from stat4830_grad.sandbox.conversation import NoAnswerError
from stat4830_grad.sandbox.limits import Limits
from stat4830_grad.sandbox.student import Student

__all__ = ["landlock", "objective", "start"]

SOCKET = """
import os, socket, stat
sockets = [n for n in range(3, 256) if os.path.exists(f"/proc/self/fd/{n}")]
mine = [socket.socket(fileno=os.dup(n)) for n in sockets if stat.S_ISSOCK(os.fstat(n).st_mode)]
"""


def told(call: str) -> str:
    """A file that makes a call of the C library, and raises the error that it gets."""
    return after(
        f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif {call} < 0:\n"
        "    raise OSError(ctypes.get_errno(), 'refused')"
    )


REFUSED = {
    "SIGKILL as the signal of a pipe": after(
        "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, 10, 9)"
    ),
    "the owner of a pipe": after(
        "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())"
    ),
    "the owner of a pipe, by ioctl": after(
        "import fcntl, os, struct\nr, w = os.pipe()\n"
        "fcntl.ioctl(r, 0x8901, struct.pack('i', os.getppid()))"
    ),
    "a datagram to another's socket": after(
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "a.sendto(b'x', '/dev/log')"
    ),
    "a socket as a file": after(SOCKET + "mine[0].bind('left_behind')"),
    "a lock on a file": after("import fcntl\nfcntl.flock(open(__file__), fcntl.LOCK_EX)"),
    "a lock on a record": after("import fcntl\nfcntl.lockf(open(__file__), fcntl.LOCK_SH)"),
    "a lease on a file": after("import fcntl\nfcntl.fcntl(open(__file__), 1024, fcntl.F_RDLCK)"),
    "the CPUs of another": after("import os\nos.sched_setaffinity(os.getppid(), {0})"),
    "another's queue": told("libc.mq_unlink(b'/none')"),
    "another's shared memory": told("libc.shmctl(10**6, 0, 0)"),
    "another's semaphores": told("libc.semctl(10**6, 0, 0)"),
    "another's messages": told("libc.msgctl(10**6, 0, 0)"),
    "a key": told("libc.syscall({'x86_64': 248}.get(__import__('platform').machine(), 217),"
                  " b'user', b'mine', b'x', 1, -4)"),
    "32-bit calls": told("libc.syscall(0x40000000 + 39)"),
}  # fmt: skip
"""What reaches another process, or stays, by a call that has another purpose."""

TAKES = "import threading, time\nthreading.stack_size(32768)\nfor _ in range(10**5):\n"
SMALL_STACKS = after(
    f"{TAKES}    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
)

FINDS = {
    "by the garbage collector": after(
        "import gc, torch\nfor o in gc.get_objects():\n"
        "    if isinstance(o, torch.Tensor) and o.shape == w.shape and o is not w: return o"
    ),
    "in the frames below": after(
        "import sys, torch\nf = sys._getframe()\nwhile f:\n"
        "    for o in f.f_locals.values():\n"
        "        if isinstance(o, torch.Tensor) and o.shape == w.shape and o is not w: return o\n"
        "    f = f.f_back"
    ),
    "by the modules that there are": after(
        "import sys\nfor m in list(sys.modules.values()):\n"
        "    for o in list(vars(m).values()):\n"
        "        if isinstance(o, type) and hasattr(o, 'loss_and_gradient'):\n"
        "            return o(X, y).loss_and_gradient(w)"
    ),
    "in its own memory": after(
        "import torch\nraw = open('/proc/self/mem', 'rb', 0)\n"
        "raw.seek(X.data_ptr())\nreturn torch.frombuffer(bytearray(raw.read(24)), dtype=w.dtype)"
    ),
    "by the time that it takes": (
        "import time\nsteps = [0.0, 0.0, 0.0]\ndef gradient(w, X, y):\n"
        "    began = time.perf_counter()\n    while time.perf_counter() - began < 1e-4: pass\n"
        "    steps[0] += 1\n    return w.new_tensor(steps)\n"
    ),
}
"""Where a file may look for the answer, or for what is thought of its own."""


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in which there is one file afterwards."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "mine.py"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def student(path: Path, source: str, reads: list[str] | None = None) -> Student:
    path.write_text(source, "utf-8")
    return Student(path, Limits(seconds=20, memory=1, threads=1, reads=reads))


@filtered
@pytest.mark.parametrize("name", REFUSED)
def test_no_other_call_reaches_another_process(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    with student(where, REFUSED[name]) as one, pytest.raises(NoAnswerError) as caught:
        one.ask(objective.constants(), start)
    said = str(caught.value)
    assert any(f"[Errno {number}]" in said for number in (1, 25, 30)), said


@filtered
def test_threads_with_small_stacks_have_a_limit_too(
    where: Path, objective: Objective, start: Params
) -> None:
    with student(where, SMALL_STACKS) as one, pytest.raises(NoAnswerError, match="new thread"):
        one.ask(objective.constants(), start)


@pytest.mark.parametrize("name", FINDS)
def test_a_file_finds_no_answer_in_its_process(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    found = diagnosed(where, FINDS[name], objective, start)
    assert found is None or not found.accepted


@pytest.mark.usefixtures("landlock")
def test_a_submission_knows_no_variables_no_command_and_no_other_process(
    where: Path, objective: Objective, start: Params
) -> None:
    """pytest sets a variable that has the names of the tests."""
    secret = "PYTEST_CURRENT_TEST"
    assert secret in os.environ
    source = after(
        "import ctypes, os, sys\nprint(dict(os.environ), sys.argv, sys.orig_argv)\n"
        "for n in ('environ', 'cmdline'): print(open(f'/proc/self/{n}').read())\n"
        f"if ctypes.CDLL(None).getenv(b'{secret}'): print('{secret}')\n"
        "for n in (f'/proc/{os.getppid()}/cmdline', '/proc/1/status', '/etc/shadow', '/dev/tty'):\n"
        "    try: print('open', open(n).read())\n    except OSError: pass"
    )
    with student(where, source, reads=[str(where)]) as one:
        one.ask(objective.constants(), start)
        printed = one.printed
    assert "'PATH'" in printed
    assert secret not in printed
    assert "open" not in printed
    assert "[''] ['']" in printed


def forged(changes: str, tensor: str = '["w", "float64", [3]]') -> str:
    """A file that answers in place of its process, before it does."""
    return (
        "import json, os, stat, struct\ndef gradient(w, X, y):\n"
        "    header = {'id': 4, 'findings': [], 'changed': [], 'drawn': False,"
        f" 'seconds': 0.0, 'tensors': [{tensor}]}}\n    header.update({changes})\n"
        "    text, body = json.dumps(header).encode(), (X.T @ (X @ w - y)).numpy().tobytes()\n"
        "    for n in range(3, 256):\n        try:\n"
        "            if stat.S_ISSOCK(os.fstat(n).st_mode):\n"
        "                os.write(n, struct.pack('<II', len(text), 3) + text + body)\n"
        "        except OSError: pass\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        forged("{'seconds': float('inf')}"),
        forged("{'seconds': float('nan')}"),
        forged("{'seconds': -1}"),
        forged("{'findings': 5}"),
        forged("{'findings': [['right', ['w'], 'well done']]}"),
        forged("{'changed': [['w']]}"),
        forged("{}", '["w", "bool", [3]]'),
    ],
)
def test_what_a_process_sends_is_looked_at(
    source: str, where: Path, objective: Objective, start: Params
) -> None:
    with student(where, source) as one, pytest.raises(NoAnswerError) as caught:
        one.ask(objective.constants(), start)
    assert caught.value.kind == "tampered"


def test_a_whole_frame_is_an_answer_like_any(
    where: Path, objective: Objective, start: Params
) -> None:
    """So that the others are refused for what is in them."""
    with student(where, forged("{}")) as one:
        assert torch.equal(
            one.ask(objective.constants(), start).values["w"], backward(objective, start)[1]["w"]
        )


def test_long_texts_are_cut_and_stay_what_they_are(
    where: Path, objective: Objective, start: Params
) -> None:
    with student(where, after("raise ValueError('x' * 3_000_000)")) as one:
        with pytest.raises(NoAnswerError, match="line 2 raised ValueError: xxx") as caught:
            one.ask(objective.constants(), start)
        assert len(str(caught.value)) < 600
    with student(where, "def gradient(w):\n    return {str(k): w for k in range(400_000)}") as one:
        (first, _) = one.ask(objective.constants(), start).findings
    assert first.sentence.startswith("its gradient is forgotten: the dict returned has 0, 1")
