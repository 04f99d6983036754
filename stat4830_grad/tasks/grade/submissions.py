"""The submissions of a class: which file of each is the one to grade."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...sandbox.notebook import SUFFIX
from ...system.errors import ConfigError
from ...system.reading import MIB
from ...system.wording import nearest
from ...training.inputs import sha256

SUFFIXES = (".py", SUFFIX)
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
    stems = [place.name if place.is_dir() else place.stem for place in chosen]
    return [
        submission(place, stem if stems.count(stem) == 1 else place.name)
        for place, stem in zip(chosen, stems, strict=True)
    ]


def submission(place: Path, name: str) -> Submission:
    """What is to be graded of a file or of a folder; a link may not lead to another submission."""
    if place.is_symlink():
        return Submission(name, place, None, f"is {LINK}")
    if not place.is_dir():
        return Submission(name, place, place, "")
    found = sorted(file for file in place.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    inside = place.resolve()
    for file in found:
        if not file.resolve().is_relative_to(inside):
            return Submission(name, place, None, f"{file.relative_to(place)} is {LINK}")
    meant = [file for file in found if defines(file)] if len(found) > 1 else found
    if len(meant) == 1:
        return Submission(name, place, meant[0], "")
    some = ", ".join(str(file.relative_to(place)) for file in meant[:5])
    why = f"several files define gradient: {some}" if meant else "no file defines gradient"
    return Submission(name, place, None, why)


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
