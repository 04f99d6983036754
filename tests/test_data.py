"""Images: files, checksums, downloads and the cache."""

import gzip
import http.server
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from stat4830_grad.data import Images, cache, download, idx, load_images
from stat4830_grad.system.errors import ConfigError, DataError

Change = Callable[[bytes], bytes]
MNIST_SHA256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("STAT4830_CACHE_DIR", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    shutil.rmtree(tmp_path)  # pytest would keep the images of three runs


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("shared")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def kmnist_files(shared: Path) -> list[Path]:
    """Random numbers as unpacked files of KMNIST's shapes, for which no checksum is known."""
    rng = np.random.default_rng(0)
    files = [shared / file for file in idx.SHAPES]
    for path, shape in zip(files, idx.SHAPES.values(), strict=True):
        header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        path.write_bytes(header + rng.integers(0, 10, shape, np.uint8).tobytes())
    return files


@pytest.fixture
def kmnist_dir(tmp_path: Path, kmnist_files: list[Path]) -> Path:
    raw = tmp_path / "data" / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for file in kmnist_files:
        (raw / file.name).symlink_to(file)
    return tmp_path / "data"


def change_train_labels(kmnist_dir: Path, change: Change) -> None:
    path = kmnist_dir / "KMNIST" / "raw" / idx.TRAIN_LABELS
    content = path.read_bytes()
    path.unlink()  # the link
    path.write_bytes(change(content))


@pytest.fixture
def mnist_copy(tmp_path: Path, mnist_dir: Path) -> Path:
    shutil.copytree(mnist_dir / "MNIST" / "raw", tmp_path / "data" / "MNIST" / "raw")
    for path in (tmp_path / "data").rglob("*"):
        path.chmod(0o755)
    return tmp_path / "data"


class Mirror:
    """Makes torchvision download from a folder by way of a server on this machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.servers: list[http.server.ThreadingHTTPServer] = []

    def serve(self, folder: Path) -> None:
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=os.fspath(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.point_at(server.server_port)

    def point_at(self, port: int) -> None:
        from torchvision.datasets import MNIST

        self.monkeypatch.setenv("no_proxy", "127.0.0.1")
        self.monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{port}/"])


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror(monkeypatch)
    yield mirror
    for server in mirror.servers:
        server.shutdown()
        server.server_close()


def snapshot(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def same_images(a: Images, b: Images) -> bool:
    tensors = ("train", "train_labels", "test", "test_labels")
    same = all(torch.equal(getattr(a, name), getattr(b, name)) for name in tensors)
    return same and (a.name, a.sha256) == (b.name, b.sha256)


# MNIST's files


@pytest.mark.mnist
def test_mnist_is_the_real_one(mnist_dir: Path) -> None:
    mnist = load_images("mnist", mnist_dir)
    assert mnist.test is not None
    assert mnist.test_labels is not None
    assert mnist.sha256 == MNIST_SHA256
    assert mnist.train.shape == (60_000, 28, 28)
    assert mnist.test.shape == (10_000, 28, 28)
    assert mnist.train.dtype == mnist.test_labels.dtype == torch.uint8
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = np.bincount(mnist.train.flatten()) / mnist.train.numel()
    levels = np.arange(256) / 255
    mean = float(counts @ levels)
    std = float(np.sqrt(counts @ (levels - mean) ** 2))
    assert (round(mean, 4), round(std, 4)) == (0.1307, 0.3081)


@pytest.mark.mnist
def test_unpacked_files_and_files_put_straight_into_data_dir_give_the_same(
    mnist_copy: Path,
) -> None:
    packed = load_images("mnist", mnist_copy)
    for path in list(mnist_copy.rglob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert same_images(packed, load_images("mnist", mnist_copy))
    for path in list(mnist_copy.rglob("*ubyte")):
        path.rename(mnist_copy / path.name)
    assert same_images(packed, load_images("mnist", mnist_copy))


@pytest.mark.mnist
@pytest.mark.parametrize("packed", [True, False])
def test_a_flipped_bit_is_noticed_by_checksum_even_after_the_set_was_cached(
    mnist_copy: Path, packed: bool
) -> None:
    path = mnist_copy / "MNIST" / "raw" / f"{idx.TRAIN_LABELS}.gz"
    if not packed:
        unpacked = gzip.decompress(path.read_bytes())
        path.unlink()
        path = path.with_suffix("")
        path.write_bytes(unpacked)
    load_images("mnist", mnist_copy)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    kind = "MD5" if packed else "SHA-256"
    with pytest.raises(DataError, match=rf"{path.name} is damaged .*{kind} checksum .*expected"):
        load_images("mnist", mnist_copy)


@pytest.mark.mnist
def test_files_of_another_set_are_not_taken_for_it(mnist_copy: Path) -> None:
    (mnist_copy / "MNIST").rename(mnist_copy / "FashionMNIST")
    with pytest.raises(DataError, match="damaged or not FashionMNIST's"):
        load_images("fashion_mnist", mnist_copy)


DAMAGES: dict[str, tuple[Change, str]] = {
    "truncated": (lambda content: content[:-1], "holds 59999 values, expected 60000"),
    "lengthened": (lambda content: content + b"\0", "holds 60001 values"),
    "empty": (lambda content: b"", "does not begin as an idx file"),
    "of another magic": (lambda content: b"\0\0\x09\1" + content[4:], "does not begin as an idx"),
    "of another size": (lambda content: content[:7] + b"\0" + content[8:], "header says"),
    "of impossible labels": (lambda content: content[:-1] + b"\x0a", "the label 10"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_without_a_known_checksum_is_noticed(kmnist_dir: Path, damage: str) -> None:
    change, message = DAMAGES[damage]
    change_train_labels(kmnist_dir, change)
    with pytest.raises(DataError, match=f"labels-idx1-ubyte is damaged: .*{message}.*remove it"):
        load_images("kmnist", kmnist_dir)


def test_loading_leaves_the_data_folder_as_it_was(kmnist_dir: Path) -> None:
    before = snapshot(kmnist_dir)
    load_images("kmnist", kmnist_dir)
    assert snapshot(kmnist_dir) == before


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'emnist'.*mnist, fashion_mnist, kmnist, digits"):
        load_images("emnist", tmp_path)


# Downloads


@pytest.mark.mnist
def test_only_missing_files_are_downloaded_and_only_they_are_written(
    mnist_copy: Path, mirror: Mirror, mnist_dir: Path
) -> None:
    mirror.serve(mnist_dir / "MNIST" / "raw")
    missing = mnist_copy / "MNIST" / "raw" / f"{idx.TEST_LABELS}.gz"
    missing.unlink()
    before = snapshot(mnist_copy)
    assert load_images("mnist", mnist_copy).sha256 == MNIST_SHA256
    after = snapshot(mnist_copy)
    assert after.keys() - before.keys() == {missing}
    assert all(after[path] == time for path, time in before.items() if path.is_file())


@pytest.mark.mnist
def test_all_four_files_are_downloaded_into_a_new_folder(
    tmp_path: Path, mirror: Mirror, mnist_dir: Path
) -> None:
    mirror.serve(mnist_dir / "MNIST" / "raw")
    assert load_images("mnist", tmp_path / "new").sha256 == MNIST_SHA256
    files = {path.name for path in (tmp_path / "new" / "MNIST" / "raw").iterdir()}
    assert files == {f"{file}.gz" for file in idx.SHAPES}


def test_a_failed_download_says_where_to_put_which_files_and_leaves_nothing(
    tmp_path: Path, mirror: Mirror, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        mirror.point_at(closed.getsockname()[1])  # bound but not listening: refused
        with pytest.raises(DataError) as caught:
            load_images("mnist", tmp_path / "data")
    message = str(caught.value)
    assert "neither found" in message
    assert "Connection refused" in message
    assert str(tmp_path / "data" / "MNIST" / "raw") in message
    assert all(f"{file}.gz" in message for file in idx.SHAPES)
    assert "problem=digits needs no files" in message
    assert "\n" not in message
    assert not (tmp_path / "data").exists()
    assert capfd.readouterr() == ("", "")


def test_a_network_that_drops_packets_is_given_up_quickly(tmp_path: Path, mirror: Mirror) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror.point_at(silent.getsockname()[1])
        begin = time.monotonic()
        with pytest.raises(DataError, match=r"no answer within 2 s|timed out"):
            load_images("mnist", tmp_path / "data")
        assert time.monotonic() - begin < 4
    assert socket.getdefaulttimeout() is None


def test_a_download_of_wrong_content_is_refused(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / f"{idx.TRAIN_IMAGES}.gz").write_bytes(gzip.compress(b"no images"))
    mirror.serve(tmp_path / "served")
    with pytest.raises(DataError, match="corrupted"):
        load_images("mnist", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_what_is_in_the_way_of_a_data_dir_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "run_torchvision", None)  # not come to
    (tmp_path / "file").write_text("a file where a folder is needed")
    (tmp_path / "link").symlink_to("nothing")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "MNIST").symlink_to("/dev/null")
    for data_dir, named, what in (
        ("file", "file", "no folder"),
        ("file/inside", "file", "no folder"),
        ("link", "link", "a link to nothing"),
        ("data", "data/MNIST", "no folder"),
    ):
        with pytest.raises(
            DataError, match=f"^data_dir={tmp_path / data_dir}: {tmp_path / named} is {what}"
        ):
            load_images("mnist", tmp_path / data_dir)


# The cache


def test_a_cached_set_is_equal_and_does_not_read_the_files(
    kmnist_dir: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_images("kmnist", kmnist_dir)
    assert len(list(cache_dir.iterdir())) == 1
    monkeypatch.setattr(idx, "read_verified", None)  # calling it would fail
    assert same_images(first, load_images("kmnist", kmnist_dir))


def test_cached_sets_import_neither_torchvision_nor_sklearn(kmnist_dir: Path) -> None:
    load_images("kmnist", kmnist_dir)
    load_images("digits", kmnist_dir)
    code = (
        "import sys; from stat4830_grad.data import load_images\n"
        "for name in ('kmnist', 'digits'): load_images(name, sys.argv[1])\n"
        "print([name for name in ('torchvision', 'sklearn', 'scipy') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(kmnist_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_replaced_file_is_noticed_and_replaces_its_cache(
    kmnist_dir: Path, cache_dir: Path
) -> None:
    before = load_images("kmnist", kmnist_dir).train_labels
    change_train_labels(kmnist_dir, lambda content: content[:-1] + bytes([(content[-1] + 1) % 10]))
    for _ in range(2):
        after = load_images("kmnist", kmnist_dir).train_labels
        assert torch.equal(after[:-1], before[:-1])
        assert after[-1] == (before[-1] + 1) % 10
    assert len(list(cache_dir.iterdir())) == 1


@pytest.mark.parametrize("damage", ["truncated", "garbage", "a folder", "other fields"])
def test_a_damaged_cache_is_not_used(cache_dir: Path, damage: str) -> None:
    first = load_images("digits", Path("unused"))
    (path,) = cache_dir.iterdir()
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        key = torch.load(path, weights_only=True)["key"]
        cache.save(path.name, key, {"name": "digits"})
    assert torch.equal(load_images("digits", Path("unused")).train, first.train)


def test_no_flipped_bit_of_a_cache_reaches_a_run_and_the_cache_is_made_anew(
    cache_dir: Path,
) -> None:
    """Most places are in images; each tenth is near the end, in the small parts."""
    first, chance = load_images("digits", Path("unused")), random.Random(4830)
    (path,) = cache_dir.iterdir()
    content = path.read_bytes()
    rows = torch.randperm(1797)
    made_anew = 0
    for trial in range(40):
        end = len(content) - 20_000 if trial % 10 == 0 else 0
        place = chance.randrange(end, len(content))
        flipped = bytes([content[place] ^ 1 << chance.randrange(8)])
        path.write_bytes(content[:place] + flipped + content[place + 1 :])
        found = load_images("digits", Path("unused"))
        assert torch.equal(found.rows("train", rows), first.train[rows])
        assert torch.equal(found.train_labels, first.train_labels)
        made_anew += path.read_bytes() == content
    assert made_anew > 33


def test_a_cache_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file where a folder is needed")
    monkeypatch.setenv("STAT4830_CACHE_DIR", str(tmp_path / "file"))
    assert len(load_images("digits", Path("unused")).train) == 1797


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.folder() == Path(os.environ["STAT4830_CACHE_DIR"])
    monkeypatch.delenv("STAT4830_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.folder() == Path("/xdg/stat4830_grad")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/gauss")
    assert cache.folder() == Path("/home/gauss/.cache/stat4830_grad")
