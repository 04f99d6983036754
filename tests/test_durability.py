"""Files are whole and on disk; what a killed writer leaves goes, what a live one writes stays."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stat4830_grad.system.files import write_atomically, write_text

KILLED = (
    "import os, signal, sys\n"
    "from pathlib import Path\n"
    "from stat4830_grad.system.files import write_atomically\n"
    "def write(file):\n"
    "    file.write(b'half')\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n"
    "write_atomically(Path(sys.argv[1]), write)\n"
)


def test_what_a_killed_writer_left_goes_with_the_next_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a")])
        assert done.returncode == -9
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 2  # they do not add up
    assert (tmp_path / "a").read_text() == "old"
    write_text(tmp_path / "b", "new")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_what_a_live_writer_writes_stays(tmp_path: Path) -> None:
    partial = tmp_path / ".a.1.partial"
    with partial.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_text(tmp_path / "b", "b")
        assert partial.exists()
    write_text(tmp_path / "b", "b")
    assert not partial.exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")

    def fail(file: object) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="a'"):
        write_atomically(tmp_path / "a", fail)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old"}


def test_a_directory_that_may_not_be_read_is_written_to(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "d").mkdir(mode=0o300)
    write_text(tmp_path / "d" / "a", "text")
    assert (tmp_path / "d" / "a").read_text() == "text"
