"""scripts/torture --quick: few faults of each kind, for real; nothing may be lost by any."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import lacking

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from faults.__main__ import LINES
from faults.commands import Commands, serving
from faults.disk import Call, Disk
from faults.tally import Tally

pytestmark = pytest.mark.xdist_group("torture")  # one worker starts the server of commands


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with serving() as started:
        yield started


@pytest.mark.parametrize("line", LINES)
def test_nothing_is_lost(commands: Commands, tmp_path: Path, line: str) -> None:
    tally: Tally = importlib.import_module(f"faults.{line}").run(commands, tmp_path, quick=True)
    assert tally.lost == []
    if tally.tried == 0:
        lacking("torture", tally.notes[0])


def written(path: str, content: bytes) -> list[Call]:
    return [Call("create", path, "", b""), Call("write", path, "", content)]


def test_a_disk_has_all_that_was_synced_and_any_of_the_rest(tmp_path: Path) -> None:
    """The example of a file that takes the place of another, with one sync after the other."""
    new, old = str(tmp_path / "new"), str(tmp_path / "old")
    (tmp_path / "old").write_bytes(b"old")
    disk = Disk(tmp_path)
    for call in written(new, b"12"):
        disk.take(call)
    disk.take(Call("rename", new, old, b""))
    contents = {state.get(old) for state in disk.states()}
    assert contents == {b"old", b"", b"1", b"\0\0", b"12"}  # nothing was synced
    disk = Disk(tmp_path)
    for call in (*written(new, b"12"), Call("fsync", new, "", b"")):
        disk.take(call)
    disk.take(Call("rename", new, old, b""))
    assert {state.get(old) for state in disk.states()} == {b"old", b"12"}  # but its name
    disk.take(Call("fsync", str(tmp_path), "", b""))
    assert list(disk.states()) == [{old: b"12"}]
