"""Downloads by torchvision, kept apart from the user's folder until they are complete."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import shutil
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from functools import partial
from http.client import HTTPException
from pathlib import Path

from ..system.errors import DataError
from ..system.files import write_atomically
from . import idx

REACH_SECONDS = 2.0  # for the first mirror to answer at all
STALL_SECONDS = 30.0  # without a byte before a download counts as broken


def fetch_files(source: idx.Source, data_dir: Path, missing: list[str]) -> None:
    """Download `source` and put the files named in `missing` into its folder, as `.gz`.

    A download that fails or is interrupted leaves nothing behind.

    Raises:
        DataError: they cannot be had; it says where to put which files.
    """
    raw = idx.raw_folder(source, data_dir)
    require_folder(raw, data_dir)
    try:
        with tempfile.TemporaryDirectory() as folder:
            run_torchvision(source, Path(folder))
            fresh = idx.raw_folder(source, Path(folder))
            raw.mkdir(parents=True, exist_ok=True)
            for file in missing:
                with (fresh / f"{file}.gz").open("rb") as content:
                    write_atomically(raw / f"{file}.gz", partial(shutil.copyfileobj, content))
    except (OSError, RuntimeError, ImportError, HTTPException) as error:
        names = ", ".join(f"{file}.gz" for file in missing)
        raise DataError(
            f"{source.torchvision_name} was neither found under {data_dir} nor could it be "
            f"downloaded ({short_reason(error)}). Put {names} (or the same unpacked, without .gz) "
            f"into {raw}, or set data_dir to where they are; problem=digits needs no files."
        ) from error


def require_folder(raw: Path, data_dir: Path) -> None:
    """See that nothing stands in the way of a folder `raw`.

    Raises:
        DataError: a file does, or a link to nothing.
    """
    there = next(path for path in (raw, *raw.parents) if os.path.lexists(path))
    if not there.is_dir():
        what = "a link to nothing" if there.is_symlink() and not there.exists() else "no folder"
        raise DataError(
            f"data_dir={data_dir}: {there} is {what}; name the folder that holds the files, or "
            "one to download them to"
        )


def run_torchvision(source: idx.Source, folder: Path) -> None:
    """torchvision downloads, checks each MD5 and shows a progress bar on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torchvision

    kind = getattr(torchvision.datasets, source.torchvision_name)
    require_answer(kind.mirrors)
    print(f"Downloading {source.torchvision_name} (4 files)", file=sys.stderr)
    with contextlib.redirect_stdout(io.StringIO()), socket_timeout(STALL_SECONDS):
        kind(root=folder, download=True)


@contextlib.contextmanager
def socket_timeout(seconds: float) -> Iterator[None]:
    """Sockets made meanwhile have this timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def require_answer(mirrors: list[str]) -> None:
    """Wait until a mirror answers.

    A socket's timeout counts for each address of a host anew and not at all for the look-up of
    its name, so behind a firewall that drops packets it bounds nothing; threads left alone do.

    Raises:
        OSError: none does within REACH_SECONDS.
    """
    answers: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()

    def ask(url: str) -> None:
        try:
            urllib.request.urlopen(url, timeout=REACH_SECONDS).close()
            answers.put(None)
        except urllib.error.HTTPError:  # a refusal to list the folder is an answer
            answers.put(None)
        except (OSError, HTTPException) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    for url in mirrors:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    end = time.monotonic() + REACH_SECONDS
    failure = OSError("no mirror is listed")
    for _ in mirrors:
        try:
            answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise OSError(f"no answer within {REACH_SECONDS:g} s") from None
        if answer is None:
            return
        failure = answer
    raise failure


def short_reason(error: BaseException) -> str:
    """One line: the innermost reason of an URLError, an OSError's own words, or the last line."""
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
