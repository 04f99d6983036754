"""Running a file that defines `gradient`: its arguments, its answer, its errors.

The function is called with the arguments that it names: any parameter (w, w1, b1, x, …), `params`
for a dict of all of them, and what the problem gives (X, y; `coefficients` of a polynomial). The
answer is a dict by name, a tuple in the parameters' order, or for one parameter its gradient.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ..core import Gradient, Objective, Params, apart, stacked
from ..problems.answers import NAME, Finding, fits, offer, read
from ..system.errors import ConfigError
from ..system.user_file import UserFunction, run_file

KEY = "gradient.path"


def load(path: Path) -> UserFunction:
    """The function `gradient` of the file, which is run from its first line to its last.

    Raises:
        ConfigError: the file is missing, raises an error or defines no such function.
    """
    return run_file(path, KEY, f"a Python file with a function {NAME}").function(NAME)


def gradient_from(path: Path) -> Gradient:
    """The function in the file as a `Gradient` like ours; a batch goes through it row by row.

    Raises (now and when called):
        ConfigError: the file cannot be used, raises an error, or its answer is no gradient.
    """
    function = load(path)

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        loss = objective.loss(params)
        rows = [
            one_row(function, objective, {name: p.clone() for name, p in row.items()})
            for row in apart(params, loss.ndim)
        ]
        return loss, stacked(rows, loss.shape)

    return Gradient(file, capturable=False)  # it may do what a graph cannot hold


def one_row(function: UserFunction, objective: Objective, params: Params) -> Params:
    """The function's gradient of a single run, in the shapes and dtype of `params`."""
    data = objective.constants()
    versions = {name: t._version for name, t in data.items() if isinstance(t, Tensor)}
    values, findings = read(function.called_with(offer(data, params)), params)
    for name, before in versions.items():
        if data[name]._version != before:
            raise ConfigError(f"{function.said}: {NAME} changes {name} in place; copy it")
    for name, value in values.items():
        if not fits(value, params[name]):
            text = f"its gradient is {tuple(value.shape)}, it is {tuple(params[name].shape)}"
            findings.append(Finding("shape", (name,), text))
    if findings:
        first = findings[0]
        about = f"{', '.join(first.parameters)}: " if first.parameters else ""
        raise ConfigError(
            f"{function.said}: {about}{first.sentence}; task=check says more about it"
        )
    return {name: values[name].reshape(p.shape).to(p.dtype) for name, p in params.items()}
