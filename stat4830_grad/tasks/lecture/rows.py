"""All fifteen rows, in the lecture's order."""

from __future__ import annotations

from collections.abc import Iterator

from ...config.schema import Config
from . import autograd, calculus, classifier, least_squares, mnist
from .row import Row

SMALL = (
    calculus.opening,
    calculus.cubic,
    calculus.cubic_graph,
    calculus.cubic_backward,
    autograd.two_ways,
    autograd.in_place,
    autograd.memory,
    autograd.accumulation,
    least_squares.gradient_field,
    least_squares.graph,
    least_squares.descent,
    classifier.shapes,
    classifier.training_step,
)
"""L1 to L13: on the CPU, without MNIST."""


def lecture(config: Config) -> Iterator[Row]:
    """L1 to L15, each as soon as it has run.

    Of `config`, L14 and L15 take data_dir, device, dtype and gradient; everything else is the
    lecture's. Without MNIST they come as rows that were not run.
    """
    for row in SMALL:
        yield row()
    images = mnist.images_or_reason(config)
    if isinstance(images, str):
        yield from mnist.not_run(images)
        return
    yield mnist.data_set(images, config)
    yield mnist.training(config)
