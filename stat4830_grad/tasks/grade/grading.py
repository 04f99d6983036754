"""Grading one submission: its function against ours, at points and shapes of its own."""

from __future__ import annotations

import hashlib
import random
import re
import time
import traceback
from functools import partial

import torch
from msgspec import Struct
from msgspec.structs import replace

from ...config.models import MLP
from ...config.problems import Composite, ImageProblem, LeastSquares
from ...config.schema import Config, Gradient, Grading
from ...core import Objective, Params
from ...gradients.methods import backward
from ...sandbox.conversation import NoAnswerError
from ...sandbox.limits import Limits
from ...sandbox.student import Student
from ...system.errors import ConfigError
from ...system.wording import shown
from ...training.experiment import build
from ..check.comparison import TOLERANCES
from ..check.diagnosis import Diagnosis, diagnose
from ..check.methods import nearby
from .submissions import Submission

RIGHT, PARTLY, WRONG = "right", "partly right", "wrong"
UNUSABLE, DEFECT = "cannot be used", "not graded"


class Told(Struct, frozen=True):
    """A finding, as it is kept."""

    kind: str
    parameters: list[str]
    sentence: str

    @property
    def mistake(self) -> str:
        """The sentence without what differs from one submission to another."""
        return re.sub(r" \(\w = [\d,]+\)", "", self.sentence.partition(": its gradient is (")[0])


class Result(Struct, frozen=True):
    """What became of one submission."""

    name: str
    file: str
    fingerprint: str
    status: str  # right, partly right, wrong, not graded, or why there was no answer
    score: float
    points: float
    parameters: dict[str, bool]  # whether each is right
    findings: list[Told]
    printed: str
    seconds: float  # of grading it, by the clock
    open: str | None  # what this system did not keep the file from doing

    @property
    def about(self) -> str:
        """The diagnosis in one line."""
        return " · ".join(said(one) for one in self.findings)


def said(one: Told) -> str:
    """A finding, after the parameters it is about."""
    return f"{', '.join(one.parameters)}: {one.sentence}" if one.parameters else one.sentence


def graded(submission: Submission, config: Config, grading: Grading) -> Result:
    """Grade one submission; whatever happens, there is a result."""
    content = submission.fingerprint()  # first: of a file that changes meanwhile, the older one
    result = partial(concluded, submission, grading, content, time.perf_counter())
    if submission.file is None:
        return result(UNUSABLE, {}, [Told(UNUSABLE, [], submission.problem)])
    by_hand = grading.autograd == "forbid"
    reads = [str(submission.place.resolve())]  # of no other student
    limits = Limits(grading.seconds, grading.memory, threads=1, reads=reads, by_hand=by_hand)
    try:
        objective, pairs = places(varied(config, f"{submission.name}:{content}"))
        names = list(pairs[0][0])
        with Student(submission.file, limits, said=shown(submission.file.name)) as student:
            try:
                found = diagnose(student, objective, pairs, TOLERANCES["float64"])
            except NoAnswerError as failure:
                why = Told(failure.kind, [], str(failure))
                return result(failure.kind, dict.fromkeys(names, False), [why], student)
            right = dict.fromkeys(names, False) | dict.fromkeys(unblemished(found, names), True)
            told = [
                Told(f.kind, list(f.parameters), f.sentence)
                for f in (*found.findings, *found.remarks)
            ]
            status = RIGHT if all(right.values()) else PARTLY if any(right.values()) else WRONG
            return result(status, right, told, student)
    except ConfigError as error:
        return result(UNUSABLE, {}, [Told(UNUSABLE, [], str(error))])
    except Exception as error:  # a defect of ours must not cost the others
        text = "".join(traceback.format_exception_only(error)).strip()
        return result(DEFECT, {}, [Told(DEFECT, [], f"a defect of the grader: {text}")])


def concluded(
    submission: Submission,
    grading: Grading,
    fingerprint: str,
    began: float,
    status: str,
    parameters: dict[str, bool],
    findings: list[Told],
    student: Student | None = None,
) -> Result:
    """The result of a submission of this content, whose grading `began` at this `perf_counter`."""
    share = sum(parameters.values()) / len(parameters) if parameters else 0.0
    return Result(
        name=submission.name,
        file=shown(submission.file.name) if submission.file else "",
        fingerprint=fingerprint,
        status=status,
        score=round(grading.points * share, 4),
        points=grading.points,
        parameters=parameters,
        findings=findings,
        printed=student.printed if student else "",
        seconds=round(time.perf_counter() - began, 3),
        open=student.open if student else None,
    )


def unblemished(found: Diagnosis, names: list[str]) -> list[str]:
    """Parameters whose gradient is right and of which nothing is said.

    What is said of no parameter, such as an argument changed in place, is said of all; but not that
    an answer holds more than was asked for.
    """
    concerned = {
        name for f in found.findings if f.kind != "unknown" for name in (f.parameters or names)
    }
    return [name for name in names if name in found.right and name not in concerned]


def places(config: Config) -> tuple[Objective, list[tuple[Params, Params]]]:
    """The objective, and two points with the gradients there, at neither of which it is zero."""
    experiment = build([config], torch.Size(()))
    generator = torch.Generator().manual_seed(config.seed)
    first = nearby(experiment.params, generator)
    points = [first, nearby(first, generator)]
    objective = experiment.objective
    return objective, [(point, backward(objective, point)[1]) for point in points]


def varied(config: Config, name: str) -> Config:
    """The problem of one submission: data and shapes drawn from the seed and `name`.

    What a table, a polynomial or a user's own file holds stays, and so does what is given by hand.
    """
    digest = hashlib.sha256(f"{config.seed}:{name}".encode()).digest()
    draw = random.Random(digest)
    problem, model = config.problem, config.model
    if isinstance(problem, LeastSquares) and not (problem.file or problem.w_star or problem.w0):
        problem = replace(problem, n=draw.randint(21, 60), p=draw.randint(2, 6))
    elif isinstance(problem, Composite):
        sizes = draw.sample(range(2, 8), 3)
        problem = replace(problem, inputs=sizes[0], hidden=sizes[1], outputs=sizes[2])
    elif isinstance(problem, ImageProblem) and not problem.indices:
        problem = replace(problem, n_train=min(problem.n_train, draw.randint(50, 90)))
    if isinstance(model, MLP) and not model.init_from:
        model = replace(model, hidden=[draw.randint(3, 9) for _ in model.hidden])
    return replace(
        config,
        problem=problem,
        model=model,
        gradient=Gradient(name="backward"),
        seed=draw.getrandbits(31),
        dtype="float64",
        device="cpu",
        products="torch",
        minibatch=None,
    )
