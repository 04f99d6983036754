"""The gradient of a file that defines `gradient`: its arguments, its answer, its errors.

The function is called with the arguments that it names: any parameter (w, w1, b1, x, …), `params`
for a dict of all of them, and what the problem gives (X, y; `coefficients` of a polynomial). The
answer is a dict by name, a tuple in the parameters' order, or for one parameter its gradient.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ..config import schema
from ..core import Gradient, Objective, Params, apart, stacked
from ..problems.penalty import Penalisable
from ..sandbox.answers import NAME, Finding, fits, offer, read
from ..sandbox.arguments import are_large, copied, differs, marks
from ..sandbox.limits import Limits
from ..sandbox.student import KEY, Answer, Student, plain
from ..system.errors import ConfigError
from ..system.user_file import UserFunction, run_file
from .methods import backward

Ask = Callable[[Objective, Params], Answer]
"""What a file answers for one run."""


def load(path: Path) -> UserFunction:
    """The function `gradient` of the file, which is run here, from its first line to its last.

    Raises:
        ConfigError: the file is missing, raises an error or defines no such function.
    """
    return run_file(path, KEY, f"a Python file with a function {NAME}").function(NAME)


def limits_of(choice: schema.Gradient) -> Limits:
    """What the file may take."""
    by_hand = choice.autograd == "forbid"
    return Limits(choice.seconds, choice.memory, torch.get_num_threads(), by_hand=by_hand)


def gradient_from(choice: schema.Gradient) -> Gradient:
    """The function in the file as a `Gradient` like ours; a batch goes through it row by row.

    Its process begins with the first call; a file that is trusted is run in this one.

    Raises (now and when called):
        ConfigError: the file cannot be used, raises an error, or its answer is no gradient.
    """
    assert choice.path is not None  # the schema says so of gradient=file
    path = Path(choice.path)
    ask = asked_here(load(path)) if choice.trusted else asked_there(path, limits_of(choice))
    said = f"{KEY}={path}"

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        loss = objective.loss(params)
        rows = []
        for k, row in enumerate(apart(params, loss.ndim)):
            target = of_run(objective, k)
            grads = usable(ask(target, row), row, said)
            if not all(g.isfinite().all() for g in grads.values()):
                compare_with_ours(grads, target, row, said)
            rows.append(grads)
        return loss, stacked(rows, loss.shape)

    return Gradient(file, capturable=False)  # it may do what a graph cannot hold


def of_run(objective: Objective, k: int) -> Objective:
    """What run k of a batch minimises."""
    return objective.of_run(k) if isinstance(objective, Penalisable) else objective


def asked_there(path: Path, limits: Limits) -> Ask:
    """The file in a process of its own; run once now, so that what it lacks is said at once."""
    student = Student(path, limits)
    student.load()
    told = 0

    def ask(objective: Objective, params: Params) -> Answer:
        nonlocal told
        try:
            return student.ask(objective.constants(), params, often=True)
        finally:
            if new := student.printed[told:]:
                told = len(student.printed)
                print(plain(new), end="", flush=True)

    return ask


def asked_here(function: UserFunction) -> Ask:
    """The file in this process: it sees copies of the data, made once.

    Large ones are compared with the data ever more rarely, as that takes as long as a gradient;
    what PyTorch changes in place is noticed at once nevertheless.
    """
    seen: list[tuple[Objective, dict[str, object], dict[str, object]]] = []
    calls = 0

    def ask(objective: Objective, params: Params) -> Answer:
        nonlocal calls
        if not seen or seen[0][0] is not objective:
            data = objective.constants()
            seen[:] = [(objective, data, copied(data))]
            calls = 0
        _, data, own = seen[0]
        calls += 1
        mine, before = {name: p.clone() for name, p in params.items()}, marks(own)
        began = time.perf_counter()
        answer = function.called_with(offer(own, mine))
        seconds = time.perf_counter() - began
        values, findings = read(answer, params)
        looked = not are_large(data) or calls & (calls - 1) == 0
        now = marks(own)
        changed = tuple(
            k for k in data if now.get(k) != before.get(k) or (looked and differs(own[k], data[k]))
        )
        return Answer(values, findings, changed, seconds)

    return ask


def compare_with_ours(grads: Params, objective: Objective, params: Params, said: str) -> None:
    """Whether a gradient that is not finite has to be so.

    Raises:
        ConfigError: the one by `backward()` is finite.
    """
    with torch.enable_grad():
        ours = backward(objective, params)[1]
    if not all(g.isfinite().all() for g in ours.values()):
        return
    names = ", ".join(name for name, g in grads.items() if not g.isfinite().all())
    raise ConfigError(
        f"{said}: {names}: its gradient holds NaN or infinity, where backward() finds a finite "
        "one: look for 0/0, log 0, and exp of a large number, as in exp(z)/(1 + exp(z))"
    )


def usable(answer: Answer, params: Params, said: str) -> Params:
    """The answer of a single run, in the shapes and dtype of `params`.

    Raises:
        ConfigError: it is no gradient.
    """
    findings = list(answer.findings)
    if answer.changed:
        raise ConfigError(f"{said}: {NAME} changes {', '.join(answer.changed)} in place; copy it")
    for name, value in answer.values.items():
        if not fits(value, params[name]):
            text = f"its gradient is {tuple(value.shape)}, it is {tuple(params[name].shape)}"
            findings.append(Finding("shape", (name,), text))
    if findings:
        first = findings[0]
        about = f"{', '.join(first.parameters)}: " if first.parameters else ""
        raise ConfigError(f"{said}: {about}{first.sentence}; task=check says more about it")
    return {name: answer.values[name].reshape(p.shape).to(p) for name, p in params.items()}
