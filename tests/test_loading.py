"""Imports without garbage collection, and a process that ends as if nothing had been different."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from stat4830_grad.loading import no_garbage


def test_nothing_is_collected_while_modules_are_imported_and_again_afterwards() -> None:
    with no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), no_garbage():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()


def test_what_was_imported_is_left_alone_until_the_process_ends() -> None:
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print('at the end', gc.get_freeze_count()))\n"
        "from stat4830_grad.loading import no_garbage\n"
        "with no_garbage(): import decimal\n"
        "print('frozen', gc.get_freeze_count() > 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["frozen True", "at the end 0"]
