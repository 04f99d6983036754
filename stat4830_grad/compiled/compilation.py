"""How numba compiles our functions: remembered on disk, with the threads that torch has.

Only this file and `vectors.py` import numba.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..system.threads import settle_numba

THREADS = torch.get_num_threads()
settle_numba()

from numba import __version__ as numba_version  # noqa: E402 (reads its variables when imported)
from numba import config, njit, prange, set_num_threads  # noqa: E402
from numba.core.caching import FunctionCache  # noqa: E402
from numba.core.serialize import dumps  # noqa: E402
from numba.extending import overload  # noqa: E402
from numba.np.numpy_support import as_dtype  # noqa: E402

from ..system.files import write_bytes  # noqa: E402

__all__ = [
    "compiled",
    "generated",
    "overload",
    "prange",
    "real",
    "take_torchs_threads",
]


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
        depends_on = repr((key, numba_version, self._impl.locator.get_source_stamp(), ROOM))
        return hashlib.sha256(depends_on.encode() + code).digest()


DIGEST = hashlib.sha256().digest_size
ROOM = hashlib.sha256(
    b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()
"""Changes with this directory, whose functions are compiled into one another."""


def compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """`njit`, remembered on disk where there is a directory to write to."""
    made: Any = njit(function, error_model="numpy", **options)
    with suppress(RuntimeError, OSError):  # there is none: it compiles again in every process
        made._cache = Cache(function)
    result: Callable[..., Any] = made
    return result


class TextCache(Cache):
    """The same for a function that a text defines."""

    def __init__(self, text: str) -> None:
        """
        Args:
            text: everything that it is made of, but for its types.
        """
        super().__init__(generated)  # for a directory and the versions of numba and this file
        self._text = hashlib.sha256(text.encode()).hexdigest()

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple(), self._text

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it, and of those made before only the newest."""
        super().save_overload(sig, data)
        with suppress(OSError):
            files = Path(self.cache_path).glob(f"{self._impl.filename_base}.*.compiled")
            for file in sorted(files, key=lambda file: file.stat().st_mtime)[:-KEPT]:
                file.unlink()


KEPT = 100
"""Functions of texts that stay on disk; each formula that somebody types makes some."""


def generated(name: str, source: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """The function called `name` that `source` defines, compiled and remembered as `compiled` does.

    The source may use np, and njit for functions of its own.

    Args:
        names: what it may use besides: functions, which are compiled with it, and numbers. Another
            text of the file of one is another function.
    """
    text = source + texts(names)
    if text not in MADE:
        like = partial(njit, error_model="numpy")
        used = {key: like(one) if inspect.isfunction(one) else one for key, one in names.items()}
        # Numba imports the module of what it loads.
        there = {**used, "np": np, "njit": like, "__name__": __name__}
        exec(compile(source, f"<{name}>", "exec"), there)
        made: Any = like(there[name])
        with suppress(RuntimeError, OSError):
            made._cache = TextCache(text)
        MADE[text] = made
    return MADE[text]


MADE: dict[str, Callable[..., Any]] = {}
"""What has been made in this process, by its text."""


def texts(used: Mapping[str, Any]) -> str:
    """What functions are called, and what stands in their files."""
    functions = {name: getattr(one, "py_func", one) for name, one in used.items()}
    found = [one for one in functions.values() if inspect.isfunction(one)]
    files = {inspect.getsourcefile(one) for one in found}
    named = repr({name: getattr(one, "__qualname__", one) for name, one in functions.items()})
    return named + "".join(Path(file).read_text("utf-8") for file in sorted(filter(None, files)))


def real(kind: Any) -> Any:
    """NumPy's float32 or float64, from numba's type of a number, as `overload` has it."""
    return as_dtype(kind).type


def take_torchs_threads(most: int | None = None) -> int:
    """Let compiled functions called from this thread use as many threads as torch; their number.

    Args:
        most: at most so many.
    """
    threads: int = min(torch.get_num_threads(), vars(config)["NUMBA_NUM_THREADS"])
    threads = min(threads, most or threads)
    set_num_threads(threads)
    return threads


take_torchs_threads()  # the first time, numba makes its largest number OpenMP's, and so torch's
torch.set_num_threads(THREADS)
