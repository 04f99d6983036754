"""Files of others: pickles that run code, archives that grow, checkpoints of another kind.

Each is given as weights, as a split, as a table and as a checkpoint. A pickle that is run leaves a
file; memory is bounded.
"""

from __future__ import annotations

import io
import os
import pickle
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .commands import Commands
from .left import rude
from .tally import Tally

RUN = ("problem=digits", "model=logistic", "steps=2", "figures=false", "hydra.run.dir=run")
SMALL = ("problem.n_train=20", "problem.n_val=10")
MORE = 700
"""MiB of memory that refusing a file may take beyond what a run takes."""


class Bomb:
    """What is unpickled by making a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.path),)


def contents(ran: Path) -> Iterator[tuple[str, bytes]]:
    """What files may hold that somebody else has made."""
    bomb = pickle.dumps(Bomb(ran))
    yield "a pickle", bomb
    yield "a pickle of protocol 0", pickle.dumps(Bomb(ran), 0)
    yield "torch.save of an object", saved({"w": Bomb(ran)})
    yield "torch.save of the older kind", saved({"w": Bomb(ran)}, old=True)
    yield "a checkpoint with an object", saved({"updates": 3, "params": Bomb(ran), "seconds": 0.0})
    yield "an archive whose data.pkl runs", archive({"archive/data.pkl": bomb})
    yield "an archive that grows", archive({"archive/data.pkl": bytes(2**28)}, packed=True)
    yield "an archive with two data.pkl", archive({"archive/data.pkl": b"N."}, twice=True)
    yield "an object array", written(np.save, np.array([Bomb(ran)], object), allow_pickle=True)
    yield "an npz with objects", written(np.savez, y=np.array([Bomb(ran), 1], object))
    yield "an npz that grows", archive({"y.npy": npy(2**31), "X.npy": npy(2**31)}, packed=True)
    yield "a header of 10^15 numbers", header((10**15,))
    yield "a header of negative shape", header((-3,))
    yield "a header that is code", b"\x93NUMPY\x01\x00\x20\x00__import__('os').mkdir('ran')   \n"
    yield "a tensor that is repeated", saved({"w": torch.ones(1).expand(10**11)})
    yield "a tensor without data", saved({"w": torch.empty(10**9, device="meta")})
    yield "other shapes", saved({"w": torch.ones(3, 3), "b": torch.ones(7)})
    yield "not finite", saved({"w": torch.full((784,), float("nan"))})
    yield "half precision", saved({"w": torch.ones(784).half()})
    yield "a list", saved([1, 2, 3])
    yield "nesting", saved(nested(300))
    yield "another program's checkpoint", saved({"epoch": 3, "model_state_dict": {}, "loss": 0.1})
    yield "negative updates", saved({"updates": -5, "params": {"w": torch.ones(784)}})
    yield "nothing but zeros", bytes(5_000)
    yield "noise", random.Random(1).randbytes(5_000)


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """25 files in 4 places; quickly half of them in one."""
    tally = Tally()
    whole = place / "whole"
    whole.mkdir()
    usual = commands(whole, *RUN, *SMALL)
    assert usual.code == 0, usual.err
    for k, (what, content) in enumerate(contents(place / "ran")):
        for i, name in enumerate(("weights.pt", "split.pt", "table.npz", "resume")):
            if quick and k % 8 != i:
                continue
            at = place / "now"
            words = put(name, content, at, whole)
            ended = commands(at, *words)
            wrong = rude(ended)
            if wrong is None and ended.code not in (2, 3, 6):
                wrong = f"exit code {ended.code}: {ended.err.strip()}"
            if (place / "ran").exists() or list(at.rglob("ran")):
                wrong = "it ran"
            if ended.peak_mib > usual.peak_mib + MORE:
                wrong = f"{ended.peak_mib:,.0f} MiB of memory, {usual.peak_mib:,.0f} of a run"
            tally.count(f"{what} as {name}", wrong)
            shutil.rmtree(at)
    return tally


def put(name: str, content: bytes, at: Path, whole: Path) -> tuple[str, ...]:
    """Put a file where a command reads it; the words of the command."""
    shutil.copytree(whole, at)
    if name == "resume":
        (at / "run" / "checkpoint.pt").write_bytes(content)
        return ("resume=run", "steps=4")
    (at / name).write_bytes(content)
    elsewhere = (*RUN[:-1], "hydra.run.dir=other")
    if name == "weights.pt":
        return (*elsewhere, *SMALL, f"model.init_from={name}")
    if name == "table.npz":
        table = ("problem=least_squares", f"problem.file={name}", *elsewhere[2:])
        return (*table, "optimizer.lr=0.01")
    return (*elsewhere, *SMALL, f"problem.indices={name}")


def saved(content: object, *, old: bool = False) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    return file.getvalue()


def written(save: Callable[..., Any], *what: Any, **named: Any) -> bytes:
    """What a function of NumPy's writes."""
    file = io.BytesIO()
    save(file, *what, **named)
    return file.getvalue()


def header(shape: tuple[int, ...]) -> bytes:
    """An NPY file without its numbers."""
    head = {"descr": "<i8", "fortran_order": False, "shape": shape}
    return written(np.lib.format.write_array_header_1_0, head)


def npy(size: int) -> bytes:
    """An array of so many bytes, all zero, as far as a packed archive needs it here."""
    return header((size // 8,)) + bytes(2**26)


def archive(parts: dict[str, bytes], *, packed: bool = False, twice: bool = False) -> bytes:
    """A ZIP file."""
    file = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", kind) as out:
        warnings.simplefilter("ignore")  # two parts of one name are meant
        for name, content in [*parts.items()] * (1 + twice):
            out.writestr(zipfile.ZipInfo(name), content, kind)
    return file.getvalue()


def nested(depth: int) -> object:
    """A dict in a dict in a dict, …"""
    content: object = 1
    for _ in range(depth):
        content = {"a": content}
    return content
