"""Running a file that defines `gradient`: its arguments, its answer, its errors.

The function is called with the arguments that it names: any parameter (w, w1, b1, x, …), `params`
for a dict of all of them, and what the problem gives (X, y; `coefficients` of a polynomial). The
answer is a dict by name, a tuple in the parameters' order, or for one parameter its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core import Gradient, Objective, Params
from ..system.errors import ConfigError
from ..system.user_file import UserFunction, run_file

NAME, KEY = "gradient", "gradient.path"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in a sentence, and the parameters it concerns (none: all)."""

    kind: str
    parameters: tuple[str, ...]
    sentence: str


def load(path: Path) -> UserFunction:
    """The function `gradient` of the file, which is run from its first line to its last.

    Raises:
        ConfigError: the file is missing, raises an error or defines no such function.
    """
    return run_file(path, KEY, f"a Python file with a function {NAME}").function(NAME)


def offer(data: dict[str, Any], params: Params) -> dict[str, Any]:
    """What a function may name. `params` is the same tensors again, as a dict."""
    return {**params, **data, "params": dict(params)}


def read(answer: Any, params: Params) -> tuple[Params, list[Finding]]:
    """The answer as tensors of whatever shape by parameter, copied, and what it lacks."""
    names = tuple(params)
    if answer is None:
        return {}, [Finding("missing", (), f"{NAME} returned None: is `return` missing?")]
    if len(names) == 1 and not isinstance(answer, dict):
        alone = isinstance(answer, list | tuple) and len(answer) == 1 and params[names[0]].ndim == 0
        wrapped = isinstance(answer, tuple) and len(answer) == 1
        answer = {names[0]: answer[0] if alone or wrapped else answer}
    if isinstance(answer, list | tuple):
        if len(answer) != len(names):
            what = f"{NAME} returned {len(answer)} values for {len(names)} parameters"
            return {}, [Finding("missing", (), f"{what}: {', '.join(names)}")]
        answer = dict(zip(names, answer, strict=True))
    if not isinstance(answer, dict):
        what = f"{NAME} returned one {type(answer).__name__} for {len(names)} parameters"
        return {}, [Finding("missing", (), f"{what}: return a dict with {', '.join(names)}")]
    return read_dict(answer, params)


def read_dict(answer: dict[Any, Any], params: Params) -> tuple[Params, list[Finding]]:
    """The gradients of a dict by parameter, as tensors, and what is wrong with the others."""
    findings = []
    values = {}
    for name in params:
        if answer.get(name) is None:
            what = "is forgotten" if name not in answer else "is None"
            text = f"its gradient {what}: the dict returned has {', '.join(map(str, answer))}"
            findings.append(Finding("missing", (name,), text))
            continue
        try:
            values[name] = as_tensor(answer[name]).to(params[name].device)
        except (TypeError, ValueError, RuntimeError):
            text = f"its gradient is a {type(answer[name]).__name__}, not numbers"
            findings.append(Finding("not_numbers", (name,), text))
    if unknown := [str(name) for name in answer if name not in params]:
        text = f"the dict returned has {', '.join(unknown)}; the parameters are {', '.join(params)}"
        findings.append(Finding("unknown", (), text))
    return values, findings


def as_tensor(value: Any) -> Tensor:
    """A copy of numbers of any kind: Python's in float64, arrays and tensors in their own dtype.

    Raises:
        TypeError, ValueError: they are no real numbers.
    """
    if isinstance(value, Tensor):
        tensor = value.detach().clone()
    elif isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        tensor = torch.stack([torch.as_tensor(v).detach() for v in value])
    else:
        array = np.array(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{array.dtype} is no kind of real number")
        tensor = torch.from_numpy(array)
    if tensor.is_complex():
        raise TypeError("complex")
    return tensor


def fits(value: Tensor, parameter: Tensor) -> bool:
    """Whether the shapes are the same but for sizes of 1: (h, 1) serves where (h,) is asked."""
    return [s for s in value.shape if s != 1] == [s for s in parameter.shape if s != 1]


def gradient_from(path: Path) -> Gradient:
    """The function in the file as a `Gradient` like ours; a batch goes through it row by row.

    Raises (now and when called):
        ConfigError: the file cannot be used, raises an error, or its answer is no gradient.
    """
    function = load(path)

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        loss = objective.loss(params)
        flat = {name: p.reshape(-1, *p.shape[loss.ndim :]) for name, p in params.items()}
        rows = [
            one_row(function, objective, {name: p[k].clone() for name, p in flat.items()})
            for k in range(loss.numel())
        ]
        grads = {
            name: torch.stack([row[name] for row in rows]).reshape(p.shape)
            for name, p in params.items()
        }
        return loss, grads

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
