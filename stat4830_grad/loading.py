"""How modules are imported that a program keeps to its end."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

atexit.register(gc.unfreeze)  # else libraries that look for leaks at the end report what is frozen


@contextmanager
def no_garbage() -> Iterator[None]:
    """Collect no garbage meanwhile, and leave what is there afterwards alone until the end.

    PyTorch's modules are a million objects that stay: going through them again and again is a
    tenth of importing it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
