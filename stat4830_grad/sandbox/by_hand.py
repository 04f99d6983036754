"""That an answer is computed by hand: neither by autograd nor by this package.

Three things keep to it. Recording is off, and every way to autograd that PyTorch offers raises an
error with the reason. PyTorch numbers each operation that it records, so that a file which switches
recording on again is noticed by the number; it can start no thread, which would have a number of
its own. And neither this package nor another one that differentiates can be imported or read.

All this is in the file's own process: who takes the interpreter apart can hide it. That makes no
wrong answer right.
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch.autograd import forward_ad

from ..system.errors import ConfigError

PACKAGE = __name__.partition(".")[0]
FOLDER = str(Path(__file__).resolve().parents[1])

OTHERS = ("jax", "autograd", "functorch", "tensorflow", "tinygrad", "mxnet", "sympy", "casadi")
"""Packages that differentiate."""

REASON = "must be written by hand: neither autograd nor stat4830_grad may compute it"

WAYS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (torch.Tensor, ("backward",)),
    (torch.autograd, ("backward", "grad")),
    (
        torch.autograd.functional,
        ("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp"),
    ),
    (
        torch.func,
        ("grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize"),
    ),
    (forward_ad, ("make_dual", "enter_dual_level")),
    (torch.jit, ("script", "trace")),
    (torch._C, ("_set_fwd_grad_enabled",)),
    (threading, ("_start_new_thread", "_start_joinable_thread")),
    (_thread, ("start_new_thread", "start_new", "start_joinable_thread")),
)


class ByHand:
    """Holds this process to it, from now on."""

    def __init__(self) -> None:
        self._recorded: Callable[[], int] = torch._C._autograd._get_sequence_nr
        torch._C._set_fwd_grad_enabled(False)
        for place, names in WAYS:
            for name in names:
                if hasattr(place, name):
                    setattr(place, name, forbidden)
        for name in list(sys.modules):
            if name.partition(".")[0] in (PACKAGE, *OTHERS):
                del sys.modules[name]
        sys.addaudithook(refuse_ways)

    def called(self, function: Callable[[], Any]) -> Any:
        """What `function` returns.

        Raises:
            ConfigError: autograd recorded operations meanwhile.
        """
        torch.set_grad_enabled(False)
        before = self._recorded()
        answer = function()
        if count := self._recorded() - before:
            raise ConfigError(f"the gradient {REASON}; autograd recorded {count} operations")
        return answer


def forbidden(*arguments: Any, **named: Any) -> NoReturn:
    """In place of every way to autograd."""
    raise RuntimeError(f"the gradient {REASON}")


def refuse_ways(event: str, arguments: tuple[Any, ...]) -> None:
    """Python calls it before an import and before a file is opened."""
    if event == "import" and str(arguments[0]).partition(".")[0] in (PACKAGE, *OTHERS):
        raise ImportError(f"the gradient {REASON}")
    if event == "open" and str(arguments[0]).startswith(FOLDER):
        raise PermissionError(f"the gradient {REASON}")
