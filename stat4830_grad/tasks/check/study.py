"""The whole comparison: every method, both dtypes, two points, and a student's file."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Objective, Params
from ...gradients.methods import backward, methods_for
from ...sandbox.answers import fits
from ...sandbox.student import Answer, Student
from .attempts import Attempt, asked_anew, attempt
from .comparison import TOLERANCES, Pair, compare
from .diagnosis import Diagnosis, judged
from .fewer_samples import FewerSamples, fewer_samples
from .methods import (
    CENTRAL,
    COORDINATES,
    FILE,
    FORWARD,
    Evaluation,
    Method,
    bound,
    evaluate,
    nearby,
    probes,
)

REFERENCE = "backward"


@dataclass(frozen=True)
class Study:
    """What was compared, and how it came out."""

    params: Params  # the initial point, float32
    pairs: dict[str, list[Pair]]  # by dtype
    probes: dict[str, str]  # parameter -> the directions that forward and central were asked
    not_finite: list[str]  # "manual: w1 (float32)"
    diagnosis: Diagnosis | None
    fewer: FewerSamples | None = None  # where all of them take too long

    @property
    def agree(self) -> bool:
        """Every pair in both dtypes, and the student's file is accepted."""
        pairs = all(pair.agree for found in self.pairs.values() for pair in found)
        return pairs and (self.diagnosis is None or self.diagnosis.accepted)

    @property
    def by_forward(self) -> bool:
        """Whether forward mode goes through the loss."""
        return any(FORWARD in (pair.a, pair.b) for found in self.pairs.values() for pair in found)


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
        student: a file to be compared and diagnosed, on fewer samples if it takes long.

    Raises:
        ConfigError: the student's file cannot be used or raises an error.
    """
    generator = torch.Generator().manual_seed(seed)
    points = [params, nearby(params, generator)]
    directions = probes(params, generator)
    doubled = list(map(in_double, points))
    tried, fewer, diagnosis = list[Attempt](), None, None
    if student:
        known: list[Answer | None] = [first := asked_anew(student, double, doubled[0]), None]
        if fewer := fewer_samples(double, doubled[0], first, generator):
            double, single, known = fewer.of(double), fewer.of(single), [None, None]
        for point, answer in zip(doubled, known, strict=True):
            tried.append(attempt(student, double, point, backward(double, point)[1], answer))
    evaluations = evaluate_all(double, single, points, directions, student, tried)
    if student:
        diagnosis = judged(student, double, doubled, tried, TOLERANCES["float64"])
        diagnosis = fewer.confirmed(diagnosis) if fewer else diagnosis
    return Study(
        params,
        {dtype: compare(found, dtype, REFERENCE) for dtype, found in evaluations.items()},
        {name: description(p.numel(), len(directions[name])) for name, p in params.items()},
        not_finite(evaluations),
        diagnosis,
        fewer,
    )


def evaluate_all(
    double: Objective,
    single: Objective,
    points: list[Params],
    directions: Params,
    student: Student | None,
    tried: list[Attempt],
) -> dict[str, list[Evaluation]]:
    """At every point, in both dtypes. Central differences are float64 in either case: in float32
    rounding leaves three digits of them.

    Args:
        tried: what the student's function answered at these points in float64.
    """
    in_float64, in_float32 = list[Evaluation](), list[Evaluation]()
    for k, point in enumerate(points):
        ways = bound(methods_for(double), double)
        if student:
            ways[FILE] = answered(double, tried[k].first)
        e = evaluate(double.loss, in_double(point), ways, in_double(directions))
        in_float64.append(e)
        ways = bound(methods_for(single), single)
        if student:
            ways[FILE] = answered(single, asked_anew(student, single, point).values)
        known = e.slopes[CENTRAL], e.uncertainty
        in_float32.append(evaluate(single.loss, point, ways, directions, known))
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


def answered(objective: Objective, values: Params) -> Method:
    """An answer of the student's function as a way to a gradient: NaN where it cannot be used."""

    def file(params: Params) -> tuple[Tensor, Params]:
        grads = {
            name: values[name].reshape(p.shape).to(p)
            if name in values and fits(values[name], p)
            else torch.full_like(p, torch.nan)
            for name, p in params.items()
        }
        return objective.loss(params), grads

    return file
