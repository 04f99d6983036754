"""A row of the comparison: what the lecture states, what came out here, and whether it is exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

NOT_RUN = "not run"


@dataclass(frozen=True)
class Claim:
    """One statement of the lecture beside ours; `exact` is None where it was not run."""

    what: str
    stated: str
    obtained: str
    exact: bool | None


@dataclass(frozen=True)
class Picture:
    """`draw(directory)` writes `name`.png and `name`.svg."""

    name: str
    caption: str
    draw: Callable[[Path], None] = field(repr=False)


@dataclass(frozen=True)
class Row:
    """One of L1 to L15. `details` is Markdown; `not_run` says why a row was not run."""

    id: str
    title: str
    claims: tuple[Claim, ...]
    pictures: tuple[Picture, ...] = ()
    details: str = ""
    not_run: str | None = None

    @property
    def verdict(self) -> str:
        """exact, NOT exact or not run."""
        if self.not_run is not None:
            return NOT_RUN
        return "exact" if all(claim.exact for claim in self.claims) else "NOT exact"

    def to_dict(self) -> dict[str, Any]:
        """{id, title, verdict, not_run, claims: [{what, stated, obtained, exact}], figures}."""
        return {
            "id": self.id,
            "title": self.title,
            "verdict": self.verdict,
            "not_run": self.not_run,
            "claims": [vars(claim) for claim in self.claims],
            "figures": [f"{picture.name}.png" for picture in self.pictures],
        }


def value(what: str, stated: str, obtained: float | str | bool) -> Claim:
    """Exact if `obtained`, written the way `stated` is, reads the same."""
    text = written_like(stated, obtained)
    return Claim(what, stated, text, text == stated)


def values(what: str, stated: str, obtained: Iterable[float]) -> Claim:
    """Several numbers, `stated` as in "2.0, 3.6" or "(1, −0.5)"."""
    parts = stated.strip("()").split(", ")
    texts = [written_like(part, number) for part, number in zip(parts, obtained, strict=True)]
    joined = ", ".join(texts)
    text = f"({joined})" if stated.startswith("(") else joined
    return Claim(what, stated, text, text == stated)


def same(what: str, ours: Tensor, theirs: Tensor, tolerance: float = 1e-12) -> Claim:
    """Two computations of the same tensor: exact if they differ by rounding alone.

    The measure is the largest difference, relative to the largest entry.
    """
    scale = max(float(ours.abs().max()), float(theirs.abs().max()), 1e-300)
    difference = float((ours - theirs).abs().max()) / scale
    text = "identical" if difference == 0 else f"within {scientific(difference)}"
    return Claim(what, f"the same (≤ {scientific(tolerance)})", text, difference <= tolerance)


def missing(what: str, stated: str) -> Claim:
    """A statement that could not be tried."""
    return Claim(what, stated, NOT_RUN, None)


def written_like(stated: str, obtained: float | str | bool) -> str:
    """`obtained` with as many decimals, percent sign and separators as `stated` has.

    A whole number is stated exactly, so anything else beside it is written in full.
    """
    if isinstance(obtained, str | bool):
        return str(obtained)
    percent = stated.endswith(" %")
    number = 100 * obtained if percent else obtained
    decimals = len(stated.removesuffix(" %").partition(".")[2])
    if decimals == 0 and number != int(number):
        text = repr(number)
    else:
        text = f"{number:{',' if ',' in stated else ''}.{decimals}f}"
    text = text.replace("-0", "0") if float(text.replace(",", "")) == 0 else text
    return text.replace("-", "−") + (" %" if percent else "")


def scientific(number: float) -> str:
    """`1.2e−16`, `1e−12`."""
    if not math.isfinite(number):
        return str(number)
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}".replace("-", "−")
