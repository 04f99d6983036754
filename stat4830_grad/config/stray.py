"""Words that are no override: what was meant, and how it is written here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..system.wording import listed, nearest, shown
from .keys import GROUPS, known_keys, options, run_keys, unknown_key
from .overrides import parse
from .synonyms import advice

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""What word processors put for a hyphen."""

BRACKETS = {"[": "[]", "{": "{}"}

TABLES = (".csv", ".tsv", ".npz", ".parquet")

QUIET = "to see less, write log.every=100, or > /dev/null behind the command"
SHORT = {
    **dict.fromkeys(("q", "quiet", "silent"), QUIET),
    **dict.fromkeys(("v", "verbose"), "every row is in metrics.csv; log.every=1 logs each update"),
    "V": "write --version",
    "j": "write -m hydra/launcher=joblib to run the jobs of a sweep in parallel",
    "f": "write problem.file=FILE",
    "o": "write hydra.run.dir=DIR",
    "d": "write problem=NAME",
}


def bare(words: Sequence[str], at: int) -> str:
    """What is said of a word without a value."""
    word, rest, before = words[at], words[at + 1 :], words[at - 1] if at else ""
    if word[:1] and word[0] in DASHES:
        return f"{shown(word)} begins with a long dash: write -{shown(word.lstrip(DASHES + '-'))}"
    if not word.strip():
        return f"{word!r} stands alone: leave it out"
    if word.startswith("="):
        joined = before + word + ("" if word.strip("= ") else "".join(rest[:1]))
        return f"{word!r} stands alone: write {shown(joined)}, without spaces"
    if word.startswith("~"):
        return f"{shown(word)}: nothing can be left out; model=null takes no model"
    name = word.strip("=").lstrip("+")
    return f"{shown(word)}: {instead(name, rest)}"


def instead(word: str, rest: Sequence[str]) -> str:
    """What to write for a bare word, which may have a value after a colon or a space."""
    if word.lower() in ("help", "usage", "?"):
        return "write --help"
    if word.lower() == "version":
        return "write --version"
    owners = [group for group in GROUPS if word.lower() in options(group)]
    if owners:
        return f"write {listed([example(group, word.lower()) for group in owners])}"
    if (file := from_file(word)) is not None:
        return f"write {file}"
    key, colon, value = word.partition(":")
    if not colon and rest and not re.search(r"[=]", rest[0][1:]) and not rest[0].startswith("-"):
        value = (rest[0].strip("=") and rest[0].lstrip("=")) or "".join(rest[1:2])
    if said := pair(key, value):
        return said
    names = [option for group in GROUPS for option in options(group)]
    return f"write key=value{nearest(word, [*names, *GROUPS, *known_keys()])} (--help lists all)"


def example(group: str, option: str) -> str:
    """How an option is chosen, with what it needs."""
    needs = {
        "task=compare": " runs=[DIR,DIR]",
        "gradient=file": " gradient.path=FILE.py",
        "optimizer=file": " optimizer.path=FILE.py",
        "optimizer=torch": " optimizer.name=AdamW",
        "problem=file": " problem.path=FILE.py",
    }
    return f"{group}={option}{needs.get(f'{group}={option}', '')}"


def from_file(word: str) -> str | None:
    """What to write for a file or a directory given alone; None where it looks like neither."""
    path, suffix = Path(word).expanduser(), Path(word).suffix.lower()
    if suffix in TABLES or word.lower().endswith((".csv.gz", ".tsv.gz")):
        target = " problem.target=COLUMN" if suffix != ".npz" else ""
        return f"problem=least_squares problem.file={word}{target}"
    if suffix == ".py":
        return f"problem=file problem.path={word}, or gradient=file gradient.path={word}"
    if suffix in (".pt", ".pth"):
        return f"model.init_from={word}"
    try:
        if (path / ".sweep").is_dir():
            return f"sweep.resume={word} after the same command"
        if (path / "metrics.csv").is_file():
            return f"resume={word} steps=N to go on with that run"
        return f"data_dir={word}, or hydra.run.dir={word}" if path.is_dir() else None
    except (OSError, ValueError):
        return None


def pair(key: str, value: str) -> str | None:
    """What to write for a key and a value that no `=` joins; None where it is no key."""
    value = shown(value)
    if key in GROUPS:
        offered = options(key)
        if value in offered:
            return f"write {example(key, value)}"
        return f"write {key}=OPTION, with one of {', '.join(offered)}"
    known = known_keys()
    if key in known:
        owners = known[key] if key not in run_keys(()) else []
        return f"write {owners[0] + ' ' if owners else ''}{key}={value or 'VALUE'}"
    alike = [other for other in known if other.rpartition(".")[2] == key]
    if alike:
        return unknown_key(key, value or "VALUE", ()).partition("; ")[2] or None
    return advice(key, value)


def dashed(word: str, rest: Sequence[str], near: str) -> str:
    """What is said of a flag that is none: keys are written without dashes."""
    name, equals, value = word.lstrip("-").partition("=")
    if not name:
        return f"{shown(word)}: leave it out; keys are written key=value (--help lists them all)"
    if not equals and rest and "=" not in rest[0] and not rest[0].startswith("-"):
        value = rest[0]
    key = name if name in GROUPS else name.replace("-", "_")
    if key in SHORT:
        return f"there is no option {shown(word)}; {SHORT[key]}"
    if said := pair(key, value):
        return f"{shown(word)}: keys have no dashes; {said}"
    if near:
        return f"there is no option {shown(word)}{near}"
    if not value:
        return f"{shown(word)}: keys have no dashes; {instead(key, ())}"
    return f"there is no option {shown(word)}; keys are written key=value (--help lists them all)"


def closed(words: Sequence[str], left: str, right: str) -> str:
    """The words up to the one that closes a bracket of the first, or that one, closed."""
    for end in range(1, len(words) + 1):
        joined = " ".join(words[:end])
        if joined.count(left) <= joined.count(right):
            return joined
    return words[0] + right * (words[0].count(left) - words[0].count(right))


def unreadable(words: Sequence[str], at: int) -> str:
    """What is said of an override that Hydra cannot read."""
    word = words[at]
    key, _, value = word.partition("=")
    name = key.lstrip("+")
    if value.startswith("="):
        return f"{shown(word)}: write {shown(name)}={shown(value.lstrip('='))}, with one ="
    spaced = re.fullmatch(r"\s*([\w./]+)\s*=\s*(\S.*)", word)
    if spaced and word != (joined := "=".join(spaced.groups())) and parse(joined):
        return f"{shown(word)}: write {shown(shlex.quote(joined))}, without spaces around ="
    if not re.fullmatch(r"[+~]{0,2}[A-Za-z_][\w./@:-]*", key):
        return f"{shown(word)}: {shown(key)!r} is no key; write key=value (--help lists them all)"
    if value[:1] in "[{" and value.count(value[:1]) > value.count(BRACKETS[value[0]][1]):
        whole = shown(shlex.quote(closed(words[at:], *BRACKETS[value[0]])))
        return f"{shown(word)}: a bracket is not closed; in a shell, write {whole}"
    if value[:1] in "[{":
        return (
            f"{shown(word)} cannot be read: names with =, commas, spaces or brackets need quotes "
            f"""of their own, '{shown(name)}=["a=1,b","c"]'"""
        )
    if (fewer := value.rstrip(", ")) != value:
        return f"{shown(word)} ends with a comma; write {shown(name)}={shown(fewer)}"
    if re.search(r"\s[A-Za-z_][\w./]*=", value):
        return f"{shown(word)} is one word, by its quotes; write {shown(word)} without them"
    plain = value.strip("\"'").replace('"', "")
    return (
        f"{shown(word)} cannot be read: text with special characters needs quotes of its own, "
        f"{shown(shlex.quote(f'{name}=' + chr(34) + plain + chr(34)))}"
    )
