"""The idx files of MNIST and its kin: where they lie, their checksums and their format."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..system.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

# The shape of each file's array, the same for all three sets.
SHAPES: dict[str, tuple[int, ...]] = {
    TRAIN_IMAGES: (60_000, 28, 28),
    TRAIN_LABELS: (60_000,),
    TEST_IMAGES: (10_000, 28, 28),
    TEST_LABELS: (10_000,),
}


@dataclass(frozen=True)
class Source:
    """A set of four idx files; checksums by the name of the unpacked file."""

    name: str
    torchvision_name: str  # of its class and of its folder under data_dir
    md5_of_gz: dict[str, str]  # as torchvision lists them
    sha256_unpacked: dict[str, str]  # measured on files of the right MD5; empty where unknown


SETS = {
    "mnist": Source(
        "mnist",
        "MNIST",
        {
            TRAIN_IMAGES: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            TRAIN_LABELS: "d53e105ee54ea40749a09fcbcd1e9432",
            TEST_IMAGES: "9fb629c4189551a2d022fa330f9573f3",
            TEST_LABELS: "ec29112dd5afa0611ce80d1b7f02629c",
        },
        {
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion_mnist": Source(
        "fashion_mnist",
        "FashionMNIST",
        {
            TRAIN_IMAGES: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            TRAIN_LABELS: "25c81989df183df01b3e8a0aad5dffbe",
            TEST_IMAGES: "bef4ecab320f06d8554ea6380940ec79",
            TEST_LABELS: "bb300cfdad3c16e7a12a480ee83cd310",
        },
        {},
    ),
    "kmnist": Source(
        "kmnist",
        "KMNIST",
        {
            TRAIN_IMAGES: "bdb82020997e1d708af4cf47b453dcf7",
            TRAIN_LABELS: "e144d726b3acfaa3e44228e80efcd344",
            TEST_IMAGES: "5c965bf0a639b31b8f53240b1b52f4d7",
            TEST_LABELS: "7320c461ea6c1c855c0b718fb2a4b134",
        },
        {},
    ),
}


def raw_folder(source: Source, data_dir: Path) -> Path:
    """Where torchvision keeps the four files."""
    return data_dir / source.torchvision_name / "raw"


def find_files(source: Source, data_dir: Path) -> dict[str, Path | None]:
    """Each unpacked file's name -> the file that is there, `.gz` or unpacked, or None.

    The `.gz` goes first, because its checksum is published for every set. MNIST's four files are
    also accepted in `data_dir` itself, where all of their checksums are known in both forms.
    """
    paths = find_in(raw_folder(source, data_dir))
    if source.sha256_unpacked and None in paths.values():
        direct = find_in(data_dir)
        if None not in direct.values():
            return direct
    return paths


def find_in(folder: Path) -> dict[str, Path | None]:
    """Each file of a set where it lies in `folder`, packed or not; None if it does not."""

    def find(file: str) -> Path | None:
        candidates = (folder / f"{file}.gz", folder / file)
        return next((path for path in candidates if os.path.isfile(path)), None)

    return {file: find(file) for file in SHAPES}


def read_verified(source: Source, file: str, path: Path) -> bytes:
    """The unpacked content of `path`, after its checksum.

    No checksum is published for the unpacked files of MNIST's kin: those have only what `parse`
    checks, their magic number, shape and length.

    Raises:
        DataError: the checksum is wrong, or the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    if path.suffix == ".gz":
        got = hashlib.md5(content, usedforsecurity=False).hexdigest()
        compare(source, path, "MD5", got, source.md5_of_gz[file])
        return gzip.decompress(content)
    if source.sha256_unpacked:
        got = hashlib.sha256(content).hexdigest()
        compare(source, path, "SHA-256", got, source.sha256_unpacked[file])
    return content


def compare(source: Source, path: Path, kind: str, got: str, expected: str) -> None:
    """See that a checksum is right.

    Raises:
        DataError: it is not.
    """
    if got != expected:
        problem = f"{kind} checksum {got[:8]}…, expected {expected[:8]}…"
        raise damaged(path, problem, f"or not {source.torchvision_name}'s")


def parse(content: bytes, file: str, path: Path) -> NDArray[np.uint8]:
    """The array in an idx file's content, a view of it.

    An idx file is big-endian: two zero bytes, 0x08 for unsigned bytes, the number of dimensions,
    each dimension as a 32-bit integer, then the values.

    Raises:
        DataError: `content` is not the idx file expected under the name `file`.
    """
    shape = SHAPES[file]
    start = 4 + 4 * len(shape)
    if len(content) < start or content[:4] != bytes([0, 0, 8, len(shape)]):
        raise damaged(path, "it does not begin as an idx file of its kind does")
    found = tuple(int(size) for size in np.frombuffer(content[4:start], ">u4"))
    if found != shape:
        raise damaged(path, f"its header says {found}, expected {shape}")
    values = np.frombuffer(content, np.uint8, offset=start)
    if values.size != np.prod(shape):
        raise damaged(path, f"it holds {values.size} values, expected {np.prod(shape)}")
    if len(shape) == 1 and values.max() > 9:
        raise damaged(path, f"it holds the label {values.max()}, expected 0 to 9")
    return values.reshape(shape)


def damaged(path: Path, problem: str, or_else: str = "") -> DataError:
    """The error about a file, with what to do about it."""
    is_damaged = " ".join(["is damaged", or_else]).strip()
    return DataError(
        f"{path} {is_damaged}: {problem}. Replace it by the right file, or remove it and it is "
        "downloaded anew."
    )
