"""The whole comparison: every method, both dtypes, two points, and a student's file."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Gradient, Objective, Params
from ...gradients.methods import backward, methods_for
from ...sandbox.answers import fits
from ...sandbox.student import Student
from .comparison import TOLERANCES, Pair, compare
from .diagnosis import Diagnosis, diagnose
from .methods import CENTRAL, COORDINATES, FILE, Evaluation, bound, evaluate, nearby, probes

REFERENCE = "backward"


@dataclass(frozen=True)
class Study:
    """What was compared, and how it came out."""

    params: Params  # the initial point, float32
    pairs: dict[str, list[Pair]]  # by dtype
    probes: dict[str, str]  # parameter -> the directions that forward and central were asked
    not_finite: list[str]  # "manual: w1 (float32)"
    diagnosis: Diagnosis | None

    @property
    def agree(self) -> bool:
        """Every pair in both dtypes, and the student's file is accepted."""
        pairs = all(pair.agree for found in self.pairs.values() for pair in found)
        return pairs and (self.diagnosis is None or self.diagnosis.accepted)


def study(
    double: Objective,
    single: Objective,
    params: Params,
    seed: int,
    student: Student | None = None,
) -> Study:
    """Compare all methods at `params` and at a point near it.

    Args:
        double, single: the same objective in float64 and in float32.
        params: the initial point in float32; the float64 point has the very same numbers.
        student: a file to be compared and diagnosed.

    Raises:
        ConfigError: the student's file cannot be used or raises an error.
    """
    generator = torch.Generator().manual_seed(seed)
    points = [params, nearby(params, generator)]
    directions = probes(params, generator)
    methods: dict[str, Gradient] = methods_for(double)
    if student:
        methods[FILE] = tolerant(student)
    evaluations = evaluate_all(double, single, points, directions, methods)
    diagnosis = None
    if student:
        doubled = [in_double(point) for point in points]
        pairs = [(point, backward(double, point)[1]) for point in doubled]
        diagnosis = diagnose(student, double, pairs, TOLERANCES["float64"])
    return Study(
        params,
        {dtype: compare(found, dtype, REFERENCE) for dtype, found in evaluations.items()},
        {name: description(p.numel(), len(directions[name])) for name, p in params.items()},
        not_finite(evaluations),
        diagnosis,
    )


def evaluate_all(
    double: Objective,
    single: Objective,
    points: list[Params],
    directions: Params,
    methods: dict[str, Gradient],
) -> dict[str, list[Evaluation]]:
    """At every point, in both dtypes. Central differences are float64 in either case: in float32
    rounding leaves three digits of them."""
    in_float64 = [
        evaluate(double.loss, in_double(point), bound(methods, double), in_double(directions))
        for point in points
    ]
    in_float32 = [
        evaluate(
            single.loss,
            point,
            bound(methods, single),
            directions,
            (e.slopes[CENTRAL], e.uncertainty),
        )
        for point, e in zip(points, in_float64, strict=True)
    ]
    return {"float64": in_float64, "float32": in_float32}


def in_double(params: Params) -> Params:
    """The same in float64."""
    return {name: p.double() for name, p in params.items()}


def description(size: int, directions: int) -> str:
    """What central differences are compared along."""
    if size <= COORDINATES:
        return "every coordinate"
    return f"{directions} random directions"


def not_finite(evaluations: dict[str, list[Evaluation]]) -> list[str]:
    """Which of our methods gave which parameter a gradient that is not finite, in which dtype."""
    found = {
        f"{method}: {name} ({dtype})": None
        for dtype, points in evaluations.items()
        for evaluation in points
        for method, slopes in evaluation.slopes.items()
        for name, slope in slopes.items()
        if method != FILE and not slope.isfinite().all()
    }
    return list(found)


def tolerant(student: Student) -> Gradient:
    """The function of the file, run anew, as a `Gradient`: NaN where it has no usable answer."""

    def file(objective: Objective, params: Params) -> tuple[Tensor, Params]:
        student.load()
        values = student.ask(objective.constants(), params).values
        grads = {
            name: values[name].reshape(p.shape).to(p)
            if name in values and fits(values[name], p)
            else torch.full_like(p, torch.nan)
            for name, p in params.items()
        }
        return objective.loss(params), grads

    return Gradient(file, capturable=False)
