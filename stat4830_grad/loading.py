"""How modules are imported that a program keeps to its end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage() -> Iterator[None]:
    """Collect no garbage meanwhile, and never look again at what is there afterwards.

    PyTorch's modules are a million objects that stay: going through them again and again is a
    tenth of importing it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
