"""The submissions of a class: which file of each is the one to grade."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...sandbox.notebook import SUFFIX
from ...system.errors import ConfigError
from ...system.reading import MIB
from ...system.wording import nearest, shown
from ...training.inputs import sha256

SUFFIXES = (".py", SUFFIX)
NOT_OWN = ("__MACOSX", "__pycache__")
LONGEST = 180
"""Most bytes of a name: files are named after it, with a few signs more while they are written."""

DIGEST = re.compile(r"-[0-9a-f]{16}$")
FUNCTION = b"def gradient"
LINK = "a link that leads out of the submission; put the file itself there"


@dataclass(frozen=True)
class Submission:
    """What one student handed in."""

    name: str
    place: Path  # the file or folder
    file: Path | None  # to be graded
    problem: str  # why there is none

    def fingerprint(self) -> str:
        """SHA-256 of the file, by which a change is noticed; "" if there is none to be read."""
        return (sha256(self.file) if self.file else None) or ""


def submissions(directory: Path) -> list[Submission]:
    """Every file, folder and notebook of a directory, in the order of their names.

    Raises:
        ConfigError: there is no such directory, or nothing in it.
    """
    try:
        places = sorted(place for place in directory.iterdir() if place.name[0] not in "._")
    except OSError as error:
        raise ConfigError(f"submissions={directory}: {error.strerror}") from None
    chosen = [place for place in places if place.is_dir() or place.suffix in SUFFIXES]
    if not chosen:
        raise ConfigError(f"submissions={directory}: no .py, no .ipynb and no folder is in it")
    return [submission(place, name) for place, name in zip(chosen, names(chosen), strict=True)]


def names(places: Sequence[Path]) -> list[str]:
    """A name for each, of which files and pages can be named; no two are the same.

    It is that of the file, without its suffix where nobody else has that name.
    """
    stems = [place.name if place.is_dir() else place.stem for place in places]
    count = Counter([*stems, *(place.name for place in places if not place.is_dir())])
    chosen = [
        stem if count[stem] == 1 else place.name for place, stem in zip(places, stems, strict=True)
    ]
    return [usable(name) for name in chosen]


def usable(name: str) -> str:
    """A name that can be shown, and is short enough to be that of a file.

    One that has to be changed ends with a digest of what it was, and no other does.
    """
    text = "".join(c if c.isprintable() else "_" for c in name)
    short = text.encode()[:LONGEST].decode(errors="ignore")
    if short == name and not DIGEST.search(name):
        return name
    return f"{short}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def submission(place: Path, name: str) -> Submission:
    """What is to be graded of a file or of a folder; a link may not lead to another submission."""
    if place.is_symlink():
        return Submission(name, place, None, f"is {LINK}")
    if not place.is_dir():
        return Submission(name, place, place, "")
    found = sorted(file for file in place.rglob("*") if is_handed_in(file, place))
    inside = place.resolve()
    for file in found:
        if not file.resolve().is_relative_to(inside):
            return Submission(name, place, None, f"{shown(str(file.relative_to(place)))} is {LINK}")
    meant = [file for file in found if defines(file)] if len(found) > 1 else found
    if len(meant) == 1:
        return Submission(name, place, meant[0], "")
    some = ", ".join(shown(str(file.relative_to(place))) for file in meant[:5])
    why = f"several files define gradient: {some}" if meant else "no file defines gradient"
    return Submission(name, place, None, why)


def is_handed_in(file: Path, place: Path) -> bool:
    """Whether a file in a folder is the student's own: not a copy that Jupyter or macOS keeps."""
    parts = file.relative_to(place).parts
    hidden = any(part.startswith(".") or part in NOT_OWN for part in parts)
    return file.suffix in SUFFIXES and not hidden and file.is_file()


def defines(file: Path) -> bool:
    """Whether a file looks as if it defined the function."""
    try:
        with file.open("rb") as opened:
            return FUNCTION in opened.read(MIB)
    except OSError:
        return False


def only(found: list[Submission], name: str) -> list[Submission]:
    """The submission of this name alone.

    Raises:
        ConfigError: there is none.
    """
    chosen = [one for one in found if name in (one.name, one.place.name)]
    if not chosen:
        near = nearest(name, [one.name for one in found])
        raise ConfigError(f"grade.only={name}: there is no such submission{near}")
    return chosen
