"""Files of data, packed and unpacked, and caches of them: cut short, gone on with, flipped."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from stat4830_grad.data import Images, idx, load_images
from stat4830_grad.system.errors import DataError

from .commands import Commands
from .tally import Tally


def flipped(content: bytes, chance: random.Random) -> bytes:
    """One bit is another."""
    place = chance.randrange(len(content))
    return (
        content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
    )


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flipped": flipped,
    "cut short": lambda content, chance: content[: chance.randrange(len(content))],
    "gone on with": lambda content, chance: content + chance.randbytes(chance.randrange(1, 99)),
    "zeros in it": lambda content, chance: content[:4096] + bytes(4096) + content[8192:],
    "a part twice": lambda content, chance: content[:5000] + content[2000:],
}


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """250 damages of caches; 150 of MNIST's files, where they are; quickly 5 of a cache."""
    tally, chance = Tally(), random.Random(4830)
    before = os.environ.get("STAT4830_CACHE_DIR")
    os.environ["STAT4830_CACHE_DIR"] = str(place / "cache")
    try:
        caches("digits", place / "none", 5 if quick else 150, tally, chance)
        source = Path(os.environ.get("STAT4830_DATA_DIR", "data")) / "MNIST" / "raw"
        if quick:
            return tally
        if not (source / f"{idx.TRAIN_IMAGES}.gz").exists():
            tally.notes.append("no MNIST under STAT4830_DATA_DIR: its files are left out")
            return tally
        raw = place / "data" / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for file in idx.SHAPES:
            shutil.copy(source / f"{file}.gz", raw)
        caches("mnist", place / "data", 100, tally, chance)
        files(raw, place, tally, chance)
    finally:
        if before is None:
            del os.environ["STAT4830_CACHE_DIR"]
        else:
            os.environ["STAT4830_CACHE_DIR"] = before
    return tally


def caches(name: str, data: Path, count: int, tally: Tally, chance: random.Random) -> None:
    """Damage the cache of a data set; what is read through it stays what it was."""
    sound = load_images(name, data)
    rows = torch.randperm(len(sound.train))[:5000]
    wanted, labels = sound.train[rows].clone(), sound.train_labels.clone()
    for k in range(count):
        (cache,) = (Path(os.environ["STAT4830_CACHE_DIR"])).glob(f"{name}*.pt")
        how = list(DAMAGES)[k % len(DAMAGES)]
        content = DAMAGES[how](cache.read_bytes(), chance)
        cache.unlink()  # what is mapped is left alone
        cache.write_bytes(content)
        found: Images = load_images(name, data)
        same = torch.equal(found.rows("train", rows), wanted)
        same = same and torch.equal(found.train_labels, labels)
        tally.count(f"cache of {name}, {how}", None if same else "other numbers")


def files(raw: Path, place: Path, tally: Tally, chance: random.Random) -> None:
    """Damage one of MNIST's files, packed or not: it is refused by name."""
    for k in range(150):
        file = chance.choice(list(idx.SHAPES))
        packed, plain = raw / f"{file}.gz", raw / file
        sound, how = packed.read_bytes(), list(DAMAGES)[k % len(DAMAGES)]
        if k % 2:
            plain.write_bytes(DAMAGES[how](gzip.decompress(sound), chance))
            packed.unlink()
        else:
            packed.write_bytes(DAMAGES[how](sound, chance))
        try:
            load_images("mnist", raw.parents[1])
            wrong: str | None = "it was taken"
        except DataError as error:
            wrong = None if file in str(error) else f"another is blamed: {error}"
        tally.count(f"{file}, {how}", wrong)
        plain.unlink(missing_ok=True)
        packed.write_bytes(sound)
