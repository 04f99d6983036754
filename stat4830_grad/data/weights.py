"""Initial weights and splits from files, so that somebody else's run can be repeated."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..system.errors import ConfigError, DataError
from ..system.reading import MIB, reading
from .npy import read_array
from .packed import unpacked

LONGEST_TEXT = 64 * MIB
"""Most bytes that a list of indices has as text, unpacked."""


def load_weights(path: Path, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """Parameters with the names and shapes of `like` (*K = ()), from a file.

    Takes what a run leaves as initial_weights.pt, or the saved `state_dict()` of a PyTorch model
    whose weights and biases come in the same order (`torch.save(model.state_dict(), path)`).

    Raises:
        DataError: the file is missing or damaged, or holds no finite float32 or float64 weights.
        ConfigError: its tensors are not those of the model.
    """
    called = f"model.init_from={path}"
    content = load(path, torch.device("cpu"), called)
    if isinstance(content, dict) and {"params", "optimizer", "updates"} <= content.keys():
        raise DataError(
            f"{called} is a run's checkpoint: name the initial_weights.pt beside it, "
            "or go on with that run by resume=DIR"
        )
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise DataError(
            f"{called} does not hold a dict of tensors, as "
            "torch.save(model.state_dict(), path) writes it"
        )
    if like.keys() < content.keys():
        extra = ", ".join(sorted(content.keys() - like.keys()))
        raise ConfigError(
            f"{called} holds {extra} too, which this model does not train; leave out buffers and "
            "frozen parameters: torch.save({n: p.detach() for n, p in model.named_parameters() "
            "if p.requires_grad}, path)"
        )
    return fitted(content, like, called)


def fitted(content: dict[str, Tensor], like: dict[str, Tensor], called: str) -> dict[str, Tensor]:
    """Tensors by the names and shapes of `like`; in their order where the names are others.

    Raises:
        DataError: one is not of float32 or float64, or not finite.
        ConfigError: they have other shapes.
    """
    for name, tensor in content.items():
        if (form := unusual(tensor)) or tensor.dtype not in (torch.float32, torch.float64):
            kind = form or str(tensor.dtype).removeprefix("torch.")
            raise DataError(f"{called}: {name} is {kind}; float32 or float64 is needed")
    tensors = (
        [content[name] for name in like] if content.keys() == like.keys() else content.values()
    )
    wanted = [tuple(p.shape) for p in like.values()]
    found = [tuple(t.shape) for t in tensors]
    if [squeezed(s) for s in found] != [squeezed(s) for s in wanted]:
        raise ConfigError(f"{called} has shapes {found}, the model takes {wanted}")
    for name, tensor in content.items():
        if not tensor.isfinite().all():
            raise DataError(f"{called}: {name} holds NaN or infinite values")
    pairs = zip(like.items(), tensors, strict=True)
    return {name: t.detach().reshape(p.shape) for (name, p), t in pairs}


def load(path: Path, device: torch.device, called: str | None = None) -> Any:
    """What `torch.save` wrote, without running code from the file.

    Args:
        called: what messages call the file; by default its path.

    Raises:
        DataError: the file is missing, damaged or holds more than tensors and numbers.
    """
    wanted = "what torch.save writes of tensors and numbers (of a model: its state_dict())"
    with reading(path, wanted, called=called), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of kinds of tensors that are refused, or taken, anyway
        refuse_damaged_archive(path)
        return torch.load(path, map_location=device, weights_only=True)


def refuse_damaged_archive(path: Path) -> None:
    """See that the bytes of an archive of torch's are those that were saved: torch does not look.

    Raises:
        ValueError: they are not, or it would grow when it is unpacked.
    """
    if not zipfile.is_zipfile(path):  # torch's older format, of which nothing can be told
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
        if not stored or sum(member.file_size for member in members) > path.stat().st_size:
            raise ValueError("its parts are packed, which torch.save does not do")
        if (part := archive.testzip()) is not None:
            raise ValueError(f"the checksum of its part {part} is wrong")


def load_indices(path: Path) -> Tensor:
    """(n,) int64 from .npy, .pt, or text with one index a line, perhaps packed (.gz, .bz2, .xz).

    Raises:
        DataError: the file is missing or holds something else.
    """
    called = f"problem.indices={path}"
    wanted = "a list of whole numbers (.npy, .pt, or text with one a line)"
    with reading(path, wanted, called=called):
        if path.suffix == ".npy":
            with path.open("rb") as file:
                array = read_array(file, path.stat().st_size)
            indices = torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
        elif path.suffix == ".pt":
            indices = load(path, torch.device("cpu"), called)
        else:
            # By int: older releases of NumPy would cut 1.5 to 1, and only warn.
            table = np.loadtxt(lines(path), dtype=np.int64, ndmin=1, converters=int)
            indices = torch.from_numpy(table)
    if not isinstance(indices, Tensor):
        raise DataError(f"{called} holds a {type(indices).__name__}; {wanted} is needed")
    kind = unusual(indices) or str(indices.dtype).removeprefix("torch.")
    if not kind.startswith(("int", "uint")):
        raise DataError(f"{called} is {kind}; {wanted} is needed")
    if indices.ndim != 1:
        raise DataError(f"{called} has shape {tuple(indices.shape)}; {wanted} is needed")
    return indices.long()


def lines(path: Path) -> io.StringIO:
    """The lines of a text in UTF-8 that may be packed.

    Raises:
        ValueError: unpacked it is empty or too long.
    """
    text = unpacked(path, LONGEST_TEXT).decode("utf-8-sig")
    if not text.strip():
        raise ValueError("it is blank")
    return io.StringIO(text)


def unusual(tensor: Tensor) -> str | None:
    """What a tensor is if it is no array of numbers in memory."""
    if tensor.is_meta:
        return "a meta tensor, without values"
    if tensor.is_nested or tensor.layout is not torch.strided:
        return "sparse or nested"
    return "quantized" if tensor.is_quantized else None


def squeezed(shape: tuple[int, ...]) -> list[int]:
    """Without sizes of 1: `Linear(784, 1)` keeps (1, 784) where a logistic w is (784,)."""
    return [size for size in shape if size != 1]
