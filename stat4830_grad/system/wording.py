"""Words of messages: what was meant, several things in a row, one line; numbers and names as in
print."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

LONGEST = 80
"""Longest value that a message shows whole, in characters."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """What was meant, where something close is known."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), n=1)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where something close is known."""
    close = closest(word, known)
    return f"; did you mean {close}?" if close else ""


def likeness(word: str, other: str) -> float:
    """How alike two words are but for capitals: 0 is not at all, 1 the same."""
    return difflib.SequenceMatcher(None, word.lower(), other.lower()).ratio()


def by_likeness(word: str, known: Iterable[str]) -> list[str]:
    """All that is known, the most alike first."""
    return sorted(known, key=lambda other: likeness(word, other), reverse=True)


def listed(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def several(count: int, noun: str) -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shown(text: str) -> str:
    """Text for one line of a message: printable, and cut where it is long."""
    plain = text if text.isprintable() else repr(text)[1:-1]
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def typeset(value: float, digits: int = 3) -> str:
    """`−0.333`: a number to so many significant digits, with a real minus sign."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def subscripted(name: str) -> str:
    """`w1` as z₁ is written: w₁."""
    return re.sub(r"(?<=[A-Za-z])\d+$", lambda found: found[0].translate(SUBSCRIPTS), name)


def duration(seconds: float) -> str:
    """0.00021 s -> 210 µs."""
    for unit, size in (("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        if seconds < min(1000 * size, 120):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
