"""What goes between the two processes: a header in JSON, then the bytes of tensors.

Nothing that arrives is ever run: names, shapes and text are looked at before they are used, and no
frame is larger than its reader allows.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..core import Params

SIZES = struct.Struct("<II")  # bytes of the header; bytes of the tensors in units of 8, rounded up
HEADER = 2**20  # most bytes of one
ANSWER = 2**28  # most bytes of an answer's tensors
SMALL = 2**16  # bytes of tensors that are sent in one piece, as every piece wakes the reader
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    )
}


class UnreadableError(Exception):
    """What arrived is no frame."""


@dataclass(frozen=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    tensors: Params


def packed(header: Mapping[str, Any], tensors: Params) -> list[memoryview]:
    """The bytes of a message, tensors as they lie in memory (on the CPU, made contiguous)."""
    parts = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    table = [
        (name, str(t.dtype).removeprefix("torch."), list(t.shape)) for name, t in parts.items()
    ]
    text = json.dumps({**header, "tensors": table}).encode()
    chunks = [bytes_of(t) for t in parts.values() if t.numel()]
    chunks = [filled for chunk in chunks for filled in (chunk, memoryview(bytes(-len(chunk) % 8)))]
    size = sum(len(chunk) for chunk in chunks)
    start = SIZES.pack(len(text), size // 8) + text
    if size < SMALL:
        return [memoryview(b"".join((start, *chunks)))]
    return [memoryview(start), *filter(len, chunks)]


def bytes_of(tensor: Tensor) -> memoryview:
    """The memory of a contiguous tensor that is not empty."""
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def sizes(start: bytes, most: int) -> tuple[int, int]:
    """Bytes of the header and of the tensors that follow `SIZES.size` bytes of `start`.

    Raises:
        UnreadableError: they are more than `HEADER` and `most`.
    """
    header, eights = SIZES.unpack(start)
    if header > HEADER or 8 * eights > most:
        raise UnreadableError(f"{header + 8 * eights:,} bytes are more than an answer has")
    return header, 8 * eights


def unpacked(text: Sequence[int] | bytes, body: bytearray | memoryview) -> Frame:
    """The message of a header's bytes and those of its tensors, which share the memory of `body`.

    Raises:
        UnreadableError: it is no message.
    """
    try:
        header = json.loads(bytes(text))
        tensors: Params = {}
        at = 0
        for name, dtype, shape in header.pop("tensors"):
            kind, count = DTYPES[dtype], math.prod(map(positive, shape))
            taken = count * kind.itemsize
            if not isinstance(name, str) or at + taken > len(body):
                raise UnreadableError("its tensors are cut off")
            flat = torch.frombuffer(body, dtype=kind, count=count, offset=at) if count else None
            tensors[name] = (torch.empty(0, dtype=kind) if flat is None else flat).reshape(shape)
            at += taken + -taken % 8
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"it is no answer ({type(error).__name__})") from error
    return Frame(header, tensors)


def positive(size: object) -> int:
    """A size of a dimension.

    Raises:
        ValueError: it is none.
    """
    if type(size) is not int or not 0 <= size < 2**31:
        raise ValueError(f"{size!r} is no size")
    return size
