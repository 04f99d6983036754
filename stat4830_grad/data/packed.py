"""Files of a user's as bytes, unpacked where they are packed, and never more than a limit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

from ..system.reading import MIB

UNPACKING: dict[str, Callable[[Path], io.BufferedIOBase]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
"""How a packed file is opened, by the end of its name."""

PIECE = 16 * MIB
"""Bytes that are read at a time."""


def opened(path: Path) -> io.BufferedIOBase:
    """The file, to be read as bytes, unpacked if its name ends as that of a packed file."""
    unpacking = UNPACKING.get(path.suffix.lower())
    return unpacking(path) if unpacking else path.open("rb")


def unpacked(path: Path, most: int, check: Callable[[bytes], None] = lambda piece: None) -> bytes:
    """The bytes of a file that may be packed.

    Args:
        most: bytes that it may have, unpacked.
        check: is given each piece that is read and may raise.

    Raises:
        ValueError: it has more.
    """
    if path.suffix.lower() not in UNPACKING:
        refuse_longer(path.stat().st_size, most)
        whole = path.read_bytes()  # and not piece by piece, which would be there twice at the end
        for at in range(0, len(whole), PIECE):
            check(whole[at : at + PIECE])
        return whole
    pieces, size = [], 0
    with opened(path) as file:
        while piece := file.read(PIECE):
            check(piece)
            pieces.append(piece)
            refuse_longer(size := size + len(piece), most)
    return b"".join(pieces)


def refuse_longer(size: int, most: int) -> None:
    """See that a file has no more than `most` bytes.

    Raises:
        ValueError: it has.
    """
    if size > most:
        raise ValueError(f"unpacked it has more than {most // MIB:,} MiB")
