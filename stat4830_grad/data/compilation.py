"""How numba compiles our functions: remembered on disk, with the threads that torch has.

The only file that imports numba.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from ..system.threads import settle_numba

THREADS = torch.get_num_threads()
settle_numba()

from numba import __version__ as numba_version  # noqa: E402 (reads its variables when imported)
from numba import config, njit, prange, set_num_threads  # noqa: E402
from numba.core.caching import FunctionCache  # noqa: E402
from numba.core.serialize import dumps  # noqa: E402

from ..system.files import write_bytes  # noqa: E402

__all__ = ["compiled", "prange", "take_torchs_threads"]


class Cache(FunctionCache):
    """Compiled functions on disk, one file for each combination of types and processor.

    A file begins with a digest of all that its content depends on and of the content. What is
    stale, damaged or cannot be read is compiled again; what cannot be written is not kept. Numba's
    own cache has neither digest nor lock: damaged machine code runs, or ends the process, and two
    processes that compile at once may take one another's file.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The function compiled for the types `sig`, or None."""
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        with suppress(Exception):
            content = self._file(key).read_bytes()
            digest, code = content[:DIGEST], content[DIGEST:]
            if digest == self._digest(key, code):
                return self._impl.rebuild(target_context, pickle.loads(code))
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for the types `sig`."""
        key = self._index_key(sig, data.codegen)
        with suppress(Exception):
            code = dumps(self._impl.reduce(data))
            write_bytes(self._file(key), self._digest(key, code) + code)

    def _file(self, key: Any) -> Path:
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return Path(self.cache_path, f"{self._impl.filename_base}.{name}.compiled")

    def _digest(self, key: Any, code: bytes) -> bytes:
        depends_on = repr((key, numba_version, self._impl.locator.get_source_stamp()))
        return hashlib.sha256(depends_on.encode() + code).digest()


DIGEST = hashlib.sha256().digest_size


def compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """`njit`, remembered on disk where there is a directory to write to."""
    made: Any = njit(function, error_model="numpy", **options)
    with suppress(RuntimeError, OSError):  # there is none: it compiles again in every process
        made._cache = Cache(function)
    result: Callable[..., Any] = made
    return result


def take_torchs_threads() -> int:
    """Let compiled functions called from this thread use as many threads as torch; their number."""
    threads: int = min(torch.get_num_threads(), vars(config)["NUMBA_NUM_THREADS"])
    set_num_threads(threads)
    return threads


take_torchs_threads()  # the first time, numba makes its largest number OpenMP's, and so torch's
torch.set_num_threads(THREADS)
