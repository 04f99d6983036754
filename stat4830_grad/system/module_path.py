"""Where modules are imported from: not from the directory that a person happens to be in."""

from __future__ import annotations

import os
import sys


def leave_out_directory() -> None:
    """Import nothing from the current directory, which `python -m` puts first.

    Files of others may be in it, and one called torch.py would be taken for PyTorch. It stays where
    this package is in it, as in a checkout.
    """
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        here = os.getcwd()
    except OSError:  # it is gone
        here = ""
    if sys.path[:1] in ([""], [here]) and os.path.realpath(here) != os.path.realpath(package):
        del sys.path[0]


def add_places_of(path: str) -> None:
    """Let a user's file import those beside it and in the current directory, after all others.

    Args:
        path: of the file.
    """
    for place in (os.path.dirname(path), ""):
        if place not in sys.path:
            sys.path.append(place)
