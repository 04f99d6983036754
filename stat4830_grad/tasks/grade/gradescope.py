"""A result as Gradescope reads it: results.json of an autograder."""

from __future__ import annotations

from typing import Any

from ...sandbox.student import plain
from .grading import Result, said


def as_gradescope(result: Result) -> dict[str, Any]:
    """Score, time, and a test for each parameter, which the student sees."""
    share = result.points / max(1, len(result.parameters))
    tests = [
        {
            "name": f"gradient by {name}",
            "score": share if right else 0.0,
            "max_score": share,
            "status": "passed" if right else "failed",
            "output": about(result, name) or ("right" if right else "not right"),
            "visibility": "visible",
        }
        for name, right in result.parameters.items()
    ]
    output = [f"{result.status}: {result.score:g} of {result.points:g}"]
    output += [said(one) for one in result.findings if not one.parameters]
    if result.printed:
        output += ["", "Your file printed:", plain(result.printed)]
    return {
        "score": result.score,
        "execution_time": result.seconds,
        "output": "\n".join(output),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def about(result: Result, name: str) -> str:
    """What is said of one parameter."""
    return "\n".join(one.sentence for one in result.findings if name in one.parameters)
