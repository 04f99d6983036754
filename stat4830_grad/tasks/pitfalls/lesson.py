"""A pitfall is a few listings and one reason; running it tells what each listing did."""

from __future__ import annotations

import inspect
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import Tensor

from .changes import Change, change_of

Value = float | int | bool | None
Print = Callable[[str, Tensor | Value], None]
Verdict = Literal["wrong", "right", "either"]


@dataclass(frozen=True)
class Way:
    """One listing. It gets its `print`, so its body runs in any Python session as well."""

    verdict: Verdict
    label: str
    listing: Callable[[Print], None]


@dataclass(frozen=True)
class Pitfall:
    """`lecture` is where the lecture shows it, e.g. L8; None for what learners ask about most."""

    name: str
    lecture: str | None
    title: str
    why: str  # one sentence
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Outcome:
    """What one listing printed, was warned of and died of, beside the code that did it."""

    verdict: Verdict
    label: str
    code: str
    printed: tuple[tuple[str, Value], ...]
    warnings: tuple[str, ...]
    error: str | None
    change: Change | None = None  # of a tensor that backward() needs, where that is the error

    def value(self, name: str) -> Value:
        """What was printed under `name`; KeyError if nothing was."""
        return dict(self.printed)[name]


@dataclass(frozen=True)
class Result:
    """What each way of a pitfall came to."""

    pitfall: Pitfall
    outcomes: tuple[Outcome, ...]

    def to_dict(self) -> dict[str, Any]:
        """{name, lecture, title, why, ways: [{verdict, label, code, printed, warnings, …}]}."""
        pitfall = self.pitfall
        return {
            "name": pitfall.name,
            "lecture": pitfall.lecture,
            "title": pitfall.title,
            "why": pitfall.why,
            "ways": [{**asdict(o), "printed": dict(o.printed)} for o in self.outcomes],
        }


def run(pitfall: Pitfall) -> Result:
    """Run every listing of `pitfall`, one after another."""
    return Result(pitfall, tuple(observe(way) for way in pitfall.ways))


def observe(way: Way) -> Outcome:
    """Run one listing. A RuntimeError is torch's answer to a pitfall; others are our defects."""
    printed: list[tuple[str, Value]] = []

    def note(name: str, value: Tensor | Value) -> None:
        # .grad is added to in place later on, so its number is taken now.
        printed.append((name, value.item() if isinstance(value, Tensor) else value))

    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            way.listing(note)
        except RuntimeError as raised:
            error = f"RuntimeError: {raised}"
    said = tuple(f"{w.category.__name__}: {without_origin(str(w.message))}" for w in caught)
    change = change_of(way.listing, error) if error else None
    return Outcome(way.verdict, way.label, body(way.listing), tuple(printed), said, error, change)


def body(listing: Callable[[Print], None]) -> str:
    """The source that runs, without its `def` line."""
    lines = inspect.getsource(listing).splitlines()
    return textwrap.dedent("\n".join(lines[1:]))


def without_origin(message: str) -> str:
    """A warning of torch without the C++ file of the build that it came from."""
    return message.partition(" (Triggered internally at")[0]
