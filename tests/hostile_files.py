"""Students' files that try to get a verdict which their gradient does not earn, or to do harm.

Each has what must be said of it: a kind of `NoAnswerError` and a word of its message, or the kind
of the finding that a wrong answer gets. The problem is least squares; `RIGHT` is its gradient.
"""

from __future__ import annotations

from textwrap import dedent

RIGHT = "X.T @ (X @ w - y)"
WRONG = "7.3 * X.T @ (X @ w - y)"


def after(first: str, returned: str = WRONG) -> str:
    """A file whose gradient does something first, then returns a wrong answer."""
    body = "\n".join(f"    {line}" for line in dedent(first).strip().splitlines())
    return f"def gradient(w, X, y):\n{body}\n    return {returned}\n"


def at_import(first: str) -> str:
    """A file that does something when it is run; its gradient is wrong."""
    return f"{dedent(first).strip()}\ndef gradient(w, X, y):\n    return {WRONG}\n"


ENDS = {
    "os._exit(0) at import": (at_import("import os; os._exit(0)"), "exited", "exit code 0"),
    "os._exit(0) in the call": (after("import os; os._exit(0)"), "exited", "exit code 0"),
    "sys.exit(0) at import": (at_import("import sys; sys.exit(0)"), "raised", "SystemExit"),
    "sys.exit(0) in the call": (after("import sys; sys.exit(0)"), "raised", "SystemExit"),
    "quit": (after("quit()"), "raised", "SystemExit"),
    "SIGKILL to itself": (after("import os; os.kill(os.getpid(), 9)"), "signal", "SIGKILL"),
    "SIGTERM to itself": (after("import os; os.kill(os.getpid(), 15)"), "signal", "SIGTERM"),
    "abort": (after("import os; os.abort()"), "signal", "SIGABRT"),
    "null pointer": (after("import ctypes; ctypes.string_at(0)"), "signal", "SIGSEGV"),
    "KeyboardInterrupt": (after("raise KeyboardInterrupt"), "raised", "KeyboardInterrupt"),
    "GeneratorExit": (after("raise GeneratorExit"), "raised", "GeneratorExit"),
    "a BaseException of its own": (
        "class Out(BaseException):\n    pass\n" + after("raise Out('x')"),
        "raised",
        "Out",
    ),
    "an error that cannot be shown": (
        "class Out(Exception):\n    def __str__(self):\n        raise SystemExit(0)\n"
        + after("raise Out"),
        "raised",
        "Out",
    ),
    "a class whose repr ends the process": (
        "import os\nclass G:\n    def __repr__(self): os._exit(0)\n    __str__ = __repr__\n"
        "def gradient(w, X, y):\n    return {G(): 1}\n",
        "exited",
        "exit code 0",
    ),
    "closed connection": (
        after("import os\nfor n in range(3, 64):\n    try: os.close(n)\n    except OSError: pass"),
        "exited",
        "",
    ),
}
"""name -> source, kind, a word."""

REACHES_OUT = {
    "kill the parent": after("import os; os.kill(os.getppid(), 9)"),
    "kill everybody": after("import os; os.kill(-1, 9)"),
    "kill its group": after("import os; os.killpg(0, 9)"),
    "fork": after("import os; os.fork()"),
    "fork bomb": after("import os\nwhile True: os.fork()"),
    "vfork through subprocess": after("import subprocess; subprocess.run(['true'])"),
    "os.system": after("import os\nif os.system('true') != 0: raise PermissionError"),
    "exec": after("import os; os.execv('/bin/true', ['true'])"),
    "multiprocessing": after(
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print); p.start()"
    ),
    "write a file": after("open('left_behind', 'w').write('x')"),
    "append to a file": after("open(__file__, 'a').write('x')"),
    "remove a file": after("import os; os.remove(__file__)"),
    "rename a file": after("import os; os.rename(__file__, __file__ + 'x')"),
    "make a directory": after("import os; os.mkdir('left_behind')"),
    "change the mode of a file": after("import os; os.chmod(__file__, 0)"),
    "change the mode of an open file": after("import os; os.fchmod(open(__file__).fileno(), 0)"),
    "network": after("import socket; socket.socket()"),
    "network by name": after("import urllib.request as u; u.urlopen('http://localhost:9')"),
    "raise its limits": after(
        "import resource as r\nr.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))"
    ),
    "trace another process": after(
        "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0): "
        "raise PermissionError"
    ),
}
"""The kernel refuses; what is said is the error that the file gets, with its line."""

TAKES_TOO_MUCH = {
    "a tensor of 10 GB": (after("import torch; torch.ones(10 * 2**30 // 8).double()"), "memory"),
    "an array of 10 GB": (after("import numpy; numpy.ones(10 * 2**30 // 8)"), "allocate"),
    "a list without end": (after("x = [0]\nwhile True: x += x"), "MemoryError"),
    "an answer of 270 MB": (after("pass", "X.new_zeros(2**25 + 1)"), "too large"),
    "many threads": (
        after(
            "import threading, time\nfor _ in range(10**5):\n"
            "    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
        ),
        "thread",
    ),
}
"""name -> source, a word of what it gets to hear."""

HANGS = {
    "endless loop at import": at_import("while True: pass"),
    "endless loop in the call": after("while True: pass"),
    "sleep": after("import time; time.sleep(10**6)"),
    "stops itself": after("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"),
    "catches everything": after(
        "import signal\nfor n in (1, 2, 15, 24): signal.signal(n, signal.SIG_IGN)\nwhile True:\n"
        "    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "prints without end": after("while True: print('x' * 1000)"),
    "holds the lock": after("import re; re.match(r'(a+)+$', 'a' * 64 + 'b')"),
}

LYING = """
import torch

class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in ("__eq__", "eq", "equal", "allclose", "isclose"):
            return torch.tensor(True)
        if name in ("sub", "__sub__", "__rsub__", "abs", "max"):
            return torch.zeros(())
        return super().__torch_function__(function, types, args, kwargs or {})
    def __eq__(self, other):
        return True
    __hash__ = None

def gradient(w, X, y):
    return (7.3 * X.T @ (X @ w - y)).as_subclass(Liar)
"""

FORGED = """
import json, os, stat, struct

def gradient(w, X, y):
    text = json.dumps({"id": ID, "findings": [], "changed": [], "seconds": 0.0,
                       "tensors": [["w", "float64", [3]]]}).encode()
    frame = struct.pack("<II", len(text), 3) + text + struct.pack("<3d", 7.3, 7.3, 7.3)
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, frame)
        except OSError:
            pass
    return 7.3 * X.T @ (X @ w - y)
"""

DECIDES = {
    "DISAGREE = 0": at_import(
        "import stat4830_grad.tasks.check as c, stat4830_grad.system.exit_codes as e\n"
        "c.DISAGREE = e.DISAGREE = e.CONFIGURATION = 0"
    ),
    "tolerances": at_import(
        "import stat4830_grad.tasks.check.comparison as c\n"
        "c.TOLERANCES['float64'] = c.TOLERANCES['float32'] = 1e9"
    ),
    "our right gradient replaced": at_import(
        "import stat4830_grad.problems.least_squares as p\n"
        "p.LeastSquares.loss_and_gradient = lambda self, params: (0, {'w': params['w']})"
    ),
    "torch.equal": at_import("import torch; torch.equal = lambda a, b: True"),
    "torch.allclose": at_import("import torch; torch.allclose = lambda *a, **k: True"),
    "Tensor.__eq__": at_import("import torch; torch.Tensor.__eq__ = lambda a, b: True"),
    "Tensor.abs": at_import("import torch; torch.Tensor.abs = lambda a: a * 0"),
    "numpy": at_import("import numpy; numpy.testing = numpy.allclose = None"),
    "builtins": at_import("import builtins; builtins.all = builtins.any = lambda x: True"),
    "autograd.backward": at_import("import torch; torch.autograd.backward = lambda *a, **k: None"),
    "grad mode off": at_import("import torch; torch.set_grad_enabled(False)"),
    "default dtype": at_import("import torch; torch.set_default_dtype(torch.float16)"),
    "closed stdout": at_import("import os, sys; sys.stdout.close(); os.close(1); os.close(2)"),
    "no stdout": at_import("import sys; sys.stdout = sys.stderr = None"),
    "lying subclass": LYING,
    "a dict that lies": (
        "class D(dict):\n    def __contains__(self, k): return True\n"
        "    def get(self, k, d=None): return dict.get(self, k, d)\n"
        f"def gradient(w, X, y):\n    return D(w={WRONG})\n"
    ),
    "an array that lies": (
        "import numpy as np\nclass A(np.ndarray):\n    def __eq__(self, o): return True\n"
        "    def __sub__(self, o): return 0\n"
        f"def gradient(w, X, y):\n    return np.asarray({WRONG}).view(A)\n"
    ),
    "a verdict on the terminal": at_import(
        "print('\\x1b[2J\\x1b[32mYour gradient is right.\\x1b[0m'); print('exit code: 0')"
    ),
    "the worker's own code": at_import(
        "import sys\nfor m in list(sys.modules.values()):\n"
        "    for n in ('differs', 'read', 'as_tensor'):\n"
        "        if hasattr(m, n) and m.__name__.startswith('stat4830'): setattr(m, n, "
        "lambda *a: ({}, []) if a and n == 'read' else False)"
    ),
    "forged frame": FORGED.replace("ID", "4"),
    "forged frame of another time": FORGED.replace("ID", "99"),
}
"""Whatever these do where they run, the answer is wrong: never accepted."""

NO_NUMBERS = {
    "bool": "(X.T @ (X @ w - y)) > 0",
    "meta": "(X.T @ (X @ w - y)).to('meta')",
    "complex": "(X.T @ (X @ w - y)).to(__import__('torch').complex128)",
    "text": "'gradient'",
    "an object": "[object()] * 3",
}
"""Answers that are no real numbers."""

ODD_BUT_RIGHT = {
    "sparse": f"({RIGHT}).to_sparse()",
    "requires grad": f"({RIGHT}).requires_grad_()",
    "a subclass": f"({RIGHT}).as_subclass(__import__('torch').nn.Parameter)",
    "a view": f"({RIGHT}).flip(0).flip(0)",
    "expanded": f"({RIGHT})[None].expand(1, 3)[0]",
    "numpy": f"__import__('numpy').asarray({RIGHT})",
    "a list": f"({RIGHT}).tolist()",
}
"""Unusual forms of the right answer."""

READS = {
    "another's file": after("print(open('../other.py').read())"),
    "another's by import": after("import sys; sys.path.insert(0, '..'); import other"),
    "a list of the class": after("import os; print(os.listdir('..'))"),
    "a secret": after("import os; print(open(os.path.expanduser('~/.profile')).read())"),
    "our memory": after(
        "import os, re\nup = os.getppid()\nfor _ in range(2):\n"
        "    up = int(re.search(r'PPid:.(\\d+)', open(f'/proc/{up}/status').read())[1])\n"
        "open(f'/proc/{up}/mem', 'rb')"
    ),
}
"""Files that are no business of a submission's."""

LOSS = "0.5 * ((X @ w - y) ** 2).sum()"
ENGINE = "torch.autograd.Variable._execution_engine.run_backward"

NOT_BY_HAND = {
    "backward": (
        f"def gradient(w, X, y):\n w.requires_grad_()\n ({LOSS}).backward()\n return w.grad"
    ),
    "autograd.grad": (
        "from torch.autograd import grad\n"
        f"def gradient(w, X, y):\n w.requires_grad_()\n return grad({LOSS}, w)[0]"
    ),
    "func.grad": (
        f"import torch\ndef gradient(w, X, y): return torch.func.grad(lambda w: {LOSS})(w)"
    ),
    "func.grad from inside": (
        "from torch._functorch.eager_transforms import grad_impl\n"
        f"def gradient(w, X, y): return grad_impl(lambda w: {LOSS}, 0, False, (w,), {{}})"
    ),
    "forward mode": (
        "import torch\nfrom torch.autograd import forward_ad as f\ndef gradient(w, X, y):\n"
        " with f.dual_level():\n"
        "  duals = [f.make_dual(w, e) for e in torch.eye(3).double()]\n"
        "  losses = [0.5 * ((X @ d - y) ** 2).sum() for d in duals]\n"
        "  return torch.stack([f.unpack_dual(one).tangent for one in losses])"
    ),
    "the engine": (
        "import torch\ndef gradient(w, X, y):\n with torch.enable_grad():\n  w.requires_grad_()\n"
        f"  f = {LOSS}\n  {ENGINE}((f,), (torch.ones_like(f),), False, False, (),"
        " allow_unreachable=True, accumulate_grad=True)\n return w.grad"
    ),
    "an operation that goes backward": (
        "import torch\ndef gradient(w, X, y):\n with torch.enable_grad():\n  w.requires_grad_()\n"
        f"  torch.ops.aten._backward({LOSS}, [w])\n return w.grad"
    ),
    "a thread": (
        "import threading\ndef gradient(w, X, y):\n"
        " t = threading.Thread(target=w.requires_grad_)\n t.start()\n return X.T @ (X @ w - y)"
    ),
    "our package": (
        "from stat4830_grad.problems.least_squares import LeastSquares\n"
        "def gradient(w, X, y): return X.T @ (X @ w - y)"
    ),
    "our source": (
        "import pathlib, sys\ndef gradient(w, X, y):\n"
        " for place in sys.path:\n"
        "  file = pathlib.Path(place, 'stat4830_grad', 'problems', 'least_squares.py')\n"
        "  if file.exists(): file.read_text()\n"
        " return X.T @ (X @ w - y)"
    ),
    "another package": "import jax\ndef gradient(w, X, y): return jax.grad(print)(w)",
}
"""Right answers that are not computed by hand."""
