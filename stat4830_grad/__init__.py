"""Gradients by hand, by `backward()` and by `autograd.grad`: train, check and trace them.

From Python, and without importing torch until it is needed::

    import stat4830_grad as sg

    config = sg.compose("problem=polynomial", "problem.x0=2")
    for state, record in sg.train(config): ...
    sg.check(loss, gradient, w=w0)
    print(sg.trace(loss, w=w))
"""

TYPE_CHECKING = False  # typing would take longer to import than all the rest
if TYPE_CHECKING:
    from typing import Any

    from .api import build, check, compose, trace, train

__all__ = ["build", "check", "compose", "trace", "train"]


def __getattr__(name: str) -> "Any":
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
