"""Files that a user names: whatever they hold, one message with the path, soon and in little room.

One table of files for each reader; then each kind of file with bytes lost, changed and exchanged.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import random
import shlex
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import PYTHONPATH, Cli

from stat4830_grad.config.arguments import arrange
from stat4830_grad.config.overrides import parse
from stat4830_grad.config.problems import TableFile
from stat4830_grad.data import read_table
from stat4830_grad.data.weights import load_indices, load_weights
from stat4830_grad.gradients.file import load as load_gradient
from stat4830_grad.optimizers import FileRule
from stat4830_grad.system.errors import ConfigError, UserError
from stat4830_grad.training.checkpoint import load_checkpoint
from stat4830_grad.training.inputs import sha256

PROGRAM = f"{shlex.quote(sys.executable)} -m stat4830_grad"

LIKE = {"w1": torch.zeros(4, 3), "w2": torch.zeros(4)}
WEIGHTS = {"w1": torch.ones(4, 3), "w2": torch.ones(4)}
ONE_A_LINE = "".join(f"{i}\n" for i in range(300)).encode()


def table(path: Path) -> Any:
    return read_table(path, TableFile(target="y"))


def weights(path: Path) -> Any:
    return load_weights(path, LIKE)


def checkpoint(path: Path) -> Any:
    return load_checkpoint(path, torch.device("cpu")).state


def load_rule(path: Path) -> Any:
    return FileRule(path, {"w": torch.ones(3)}, torch.tensor(0.1))


READERS = {
    "mine.py": (load_gradient, 2),
    "rule.py": (load_rule, 2),
    "split.txt": (load_indices, 3),
    "split.npy": (load_indices, 3),
    "split.pt": (load_indices, 3),
    "table.csv": (table, 3),
    "table.npz": (table, 3),
    "table.csv.gz": (table, 3),
    "table.parquet": (table, 3),
    "weights.pt": (weights, 3),
    "checkpoint.pt": (checkpoint, 3),
}
"""Whoever reads a file of this name, and the exit code if it cannot be read."""


def written(save: Callable[..., Any], *what: Any, **named: Any) -> bytes:
    """What `save`, such as np.save, writes."""
    file = io.BytesIO()
    save(file, *what, **named)
    return file.getvalue()


def npy(values: Any) -> bytes:
    return written(np.save, np.asarray(values))


def pt(content: Any) -> bytes:
    return written(lambda file: torch.save(content, file))


def declaring(shape: tuple[int, ...]) -> bytes:
    """An NPY file's header, and nothing after it."""
    header = {"descr": "<i8", "fortran_order": False, "shape": shape}
    return written(np.lib.format.write_array_header_1_0, header)


def npz(**members: bytes) -> bytes:
    """An NPZ file; y is a member of all of them."""

    def save(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {"y": npy(np.ones(3)), **members}.items():
                archive.writestr(name if "." in name else f"{name}.npy", content)

    return written(save)


def quantized() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it goes away one day
        return torch.quantize_per_tensor(torch.ones(4, 3), 0.1, 0, torch.qint8)


def refused(path: Path) -> UserError:
    """The error of the reader of a file of this name; it is one line with the path."""
    read, exit_code = READERS[path.name]
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code in (2, exit_code)
    return caught.value


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_or_empty_or_too_large_is_not_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**41)
    (tmp_path / "empty").touch()
    for target, said in (
        ("/dev/zero", " is a device, a pipe or a socket"),
        ("pipe", " is a device, a pipe or a socket"),
        (".", " is a directory"),
        ("nothing", ": No such file or directory"),
        ("empty", " is empty"),
        ("huge", " has 2,097,152 MiB, more than "),
    ):
        path.symlink_to(target)
        assert f"{path}{said}" in str(refused(path))
        assert sha256(path) is None
        path.unlink()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"X": declaring((10**12, 3))}, "its header declares shape (1000000000000, 3)"),
        ({"X": declaring((2**27, 1))}, "its header declares shape (134217728, 1)"),
        ({"X": declaring((-1, 3))}, "X.npy is damaged"),
        ({"X": npy(np.eye(3))[:40]}, "X.npy is damaged"),
        ({"readme.txt": b"hello"}, "readme.txt is damaged, or not an array"),
        ({"X": written(np.save, np.array([None, {}]))}, "it holds object, not real numbers"),
        ({"X": npy(["a"])}, "not real numbers"),
        ({"X": npy(np.eye(3) * 1j)}, "it holds complex128, not real numbers"),
        ({"X": npy(np.zeros(3, "i4,f4"))}, "not real numbers"),
    ],
)
def test_members_of_an_npz_file_are_checked(
    tmp_path: Path, members: dict[str, bytes], said: str
) -> None:
    path = tmp_path / "table.npz"
    path.write_bytes(npz(**members))
    assert said in str(refused(path))


def test_a_file_without_line_ends_is_no_table(tmp_path: Path) -> None:
    with (tmp_path / "table.csv").open("wb") as file:
        file.truncate(2**30)
    assert "line 1 is too long" in str(refused(tmp_path / "table.csv"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["a"], "it holds <U1"),
        (np.array(["2020-01-01"], "M8[D]"), "it holds datetime64[D]"),
        (np.zeros(3, "i4,i4"), "not real numbers"),
        ([1j], "it holds complex128"),
        ([True], "is bool"),
        ([1.0], "is float64"),
        ([[1], [2]], "has shape (2, 1)"),
        (1, "has shape ()"),
        (declaring((10**12,)), "its header declares shape (1000000000000,)"),
        (npy(range(9))[:20], "is damaged"),
        (torch.eye(3).to_sparse(), "is sparse or nested"),
        (torch.empty(3, dtype=torch.int64, device="meta"), "is a meta tensor"),
        (quantized(), "is quantized"),
        (torch.tensor([True]), "is bool"),
        (torch.ones(3), "is float32"),
        (torch.ones(3, 1).int(), "has shape (3, 1)"),
        ({"a": torch.ones(3)}, "holds a dict"),
        ("1.5\n2\n", "could not convert string '1.5'"),
        ("2020-01-01\n", "could not convert string"),
        ("True\nFalse\n", "could not convert string"),
        ("1 2\n3 4\n", "has shape (2, 2)"),
        ("\n\n", "it is blank"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch, of quantized and sparse tensors
def test_indices_are_whole_numbers_in_a_row(tmp_path: Path, values: Any, said: str) -> None:
    if isinstance(values, torch.Tensor | dict):
        path, content = tmp_path / "split.pt", pt(values)
    elif isinstance(values, str):
        path, content = tmp_path / "split.txt", values.encode()
    else:
        path = tmp_path / "split.npy"
        content = values if isinstance(values, bytes) else npy(values)
    path.write_bytes(content)
    assert said in str(refused(path))


@pytest.mark.parametrize(
    ("name", "packed"),
    [("split.gz", gzip.compress), ("split.bz2", bz2.compress), ("split.xz", lzma.compress)],
)
def test_packed_indices_are_read_and_a_damaged_file_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    packed: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr("stat4830_grad.data.weights.LONGEST_TEXT", 2**20)
    path = tmp_path / name
    path.write_bytes(packed(ONE_A_LINE))
    assert load_indices(path).tolist() == list(range(300))
    for damaged in (packed(ONE_A_LINE)[:-30], b"garbage", packed(b"\n" * 2**21)):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="is damaged, or not a list of whole numbers"):
            load_indices(path)


def test_a_byte_order_mark_and_another_byte_order_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "split.txt").write_bytes(b"\xef\xbb\xbf3\r\n1\r\n")
    assert load_indices(tmp_path / "split.txt").tolist() == [3, 1]
    np.save(tmp_path / "split.npy", np.array([3, 1], ">i2"))
    assert load_indices(tmp_path / "split.npy").tolist() == [3, 1]


@pytest.mark.parametrize(
    ("w1", "said"),
    [
        (torch.ones(4, 3).to_sparse(), "w1 is sparse or nested"),
        (torch.empty(4, 3, device="meta"), "w1 is a meta tensor, without values"),
        (quantized(), "w1 is quantized"),
        (torch.ones(4, 3) * 1j, "w1 is complex64; float32 or float64 is needed"),
        (torch.ones(4, 3).half(), "w1 is float16; float32 or float64 is needed"),
        (torch.ones(4, 3).bfloat16(), "w1 is bfloat16"),
        (torch.ones(4, 3).int(), "w1 is int32"),
        (torch.full((4, 3), float("nan")), "w1 holds NaN or infinite values"),
        (torch.full((4, 3), float("inf")), "w1 holds NaN or infinite values"),
        (torch.ones(1).expand(10**6, 10**6), "has shapes [(1000000, 1000000), (4,)]"),
        ([1.0], "does not hold a dict of tensors"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_are_finite_numbers_in_memory(tmp_path: Path, w1: Any, said: str) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(pt({"w1": w1, "w2": torch.ones(4)}))
    assert said in str(refused(path))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_module_or_a_checkpoint_in_place_of_weights_is_told_what_to_save(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(pt(torch.nn.Linear(3, 4)))
    assert "state_dict()" in str(refused(path))
    path.write_bytes(pt({"params": WEIGHTS, "updates": 3, "optimizer": {}}))
    assert "name the initial_weights.pt beside it" in str(refused(path))
    path.write_bytes(pt({"w1": torch.nn.Parameter(torch.ones(4, 3)), "w2": torch.ones(4)}))
    assert not any(p.requires_grad for p in weights(path).values())


def test_the_command_ends_with_3_and_one_line(cli: Cli) -> None:
    done = cli("problem.indices=/dev/zero", "steps=1", "figures=false")
    assert done.returncode == 3
    assert done.stderr.startswith("error: problem.indices=/dev/zero is a device")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("tensor", [torch.zeros(784).to_sparse(), quantized()], ids=["sparse", "q"])
def test_what_torch_thinks_of_unusual_tensors_is_not_printed(
    cli: Cli, tmp_path: Path, tensor: torch.Tensor
) -> None:
    (tmp_path / "weights.pt").write_bytes(pt({"w": tensor}))
    done = cli("model=logistic", "model.init_from=weights.pt", "steps=1", "figures=false")
    assert done.returncode == 3
    assert done.stderr.startswith("error: model.init_from=weights.pt: w is ")
    assert done.stderr.count("\n") == 1


COLUMNS = (
    *("petal width (cm)", "größe, m", "it's", 'say "hi"', "$HOME", "`id`", "a\\b\\", "x=y", "[a]"),
    *("100%", "1.5", "2020", "true", "null", "#", "*", "!x", "~", "日本", "a;b|c&d", "tab\there"),
)
"""Names of columns that a shell, Hydra, or both take for something else."""


def test_a_wrong_target_prints_what_a_shell_takes(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, range(len(COLUMNS))])
    printed = []
    for name in COLUMNS:
        with pytest.raises(ConfigError) as caught:
            read_table(path, TableFile(target=f"{name}?"))
        assert repr(name) in str(caught.value)
        printed.append(str(caught.value).split("; write ")[1])
    shell = ["bash", "-c", f"printf '%s\\n' {' '.join(printed)}"]
    words = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.splitlines()
    for name, word in zip(COLUMNS, words, strict=True):
        (override,) = map(parse, arrange([word]))
        assert override is not None
        assert override.value() == name
    typed = f"{PROGRAM} problem=least_squares problem.file=table.csv {printed[0]} steps=1"
    done = subprocess.run(
        ["bash", "-c", f"{typed} figures=false hydra.run.dir=run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["dataset"]["target"] == COLUMNS[0]


@pytest.mark.parametrize("name", ["1.5", "2020", "true", "null", "petal width (cm)", "größe"])
def test_a_target_that_looks_like_something_else_is_taken_as_text(name: str) -> None:
    (override,) = map(parse, arrange([f"problem.target={name}"]))
    assert override is not None
    assert override.value() == name


SOUND = {
    "mine.py": b"def gradient(w, X, y):\n    return X.T @ (X @ w - y)\n",
    "rule.py": (
        b"def init(params):\n    return {}\n\n\ndef update(params, grads, lr, state):\n"
        b"    return {k: p - lr * grads[k] for k, p in params.items()}, state\n"
    ),
    "split.txt": ONE_A_LINE,
    "split.npy": npy(range(50)),
    "split.pt": pt(torch.arange(50)),
    "table.csv": b"a,y,b\n" + b"".join(b"%d,%d.5,-%d\n" % (i, i, i) for i in range(50)),
    "table.npz": npz(X=npy(np.eye(3))),
    "table.csv.gz": gzip.compress(b"a,y\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(50))),
    "table.parquet": written(
        pl.DataFrame({"a": range(50), "b": ["p", "q"] * 25, "y": [0.5] * 50}).write_parquet
    ),
    "weights.pt": pt(WEIGHTS),
    "checkpoint.pt": pt({"params": WEIGHTS, "updates": 3, "seconds": 1.0}),
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut short, a bit turned over, a part left out, or gone on with as another file."""
    place, end = sorted(chance.sample(range(len(content)), 2))
    changed = bytes([content[place] ^ 1 << chance.randrange(8)])
    other = chance.choice(list(SOUND.values()))
    return chance.choice(
        [
            content[:place],
            content[:place] + changed + content[place + 1 :],
            content[:place] + content[end:],
            content[:place] + other[place:],
        ]
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path: Path, name: str) -> None:
    read, _ = READERS[name]
    path, chance = tmp_path / name, random.Random(4830)
    refusals: list[UserError] = []
    for _ in range(60):
        path.write_bytes(damaged(SOUND[name], chance))
        try:
            read(path)
        except UserError as error:
            refusals.append(error)
    assert refusals
    assert all(str(path) in str(error) for error in refusals)
    assert {error.exit_code for error in refusals} <= {2, 3}


def test_what_a_state_dict_holds_beside_the_weights_is_named(tmp_path: Path) -> None:
    extra = {"norm.num_batches_tracked": torch.tensor(3), "frozen": torch.ones(2)}
    torch.save({**WEIGHTS, **extra}, tmp_path / "w.pt")
    with pytest.raises(ConfigError, match=r"frozen, norm\.num_batches_tracked too"):
        weights(tmp_path / "w.pt")
