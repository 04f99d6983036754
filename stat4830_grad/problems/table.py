"""Classification of the rows of a user's table, in two or more classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import data
from ..config import problems as choices
from ..config.models import Model
from ..system.errors import ConfigError
from ..system.wording import shown
from .classification import Classification
from .environment import Environment
from .file_classification import classifier
from .likelihoods import likelihood_of

MOST_CLASSES = 100
"""Different values in a target that are taken for classes; at most one for two rows, too."""

SHOWN = 10
"""Classes that are named on the console."""


def build(
    problem: choices.Table, model: Model, where: Environment
) -> tuple[Classification, dict[str, Any]]:
    """The model on its table, whose rows are split at random.

    Raises:
        ConfigError: a column is not there, or the target does not tell classes apart.
        DataError: the file is missing or damaged, lacks values, or holds what is no number.
    """
    path = Path(problem.file)
    table = data.read_table(path, problem)
    names, classes = classes_of(path, table)
    train, val = split_rows(len(classes), problem.val_share, where.generator)
    if problem.standardize:
        table = data.standardized(table, train.numpy())
    if problem.intercept:
        table = data.with_intercept(table)
    likelihood = likelihood_of(len(names))
    X = data.as_tensor(path, table.X, where.dtype)
    y = torch.from_numpy(classes).to(where.dtype if len(names) == 2 else torch.int64)

    def part(rows: Tensor) -> data.Part:
        return data.Part(X[rows].to(where.device), y[rows].to(where.device))

    split = data.Split(path.name, part(train), part(val) if len(val) else None, None)
    notes = [f"{path.name}: {note}" for note in (*table.notes, in_words(table.target, names))]
    described = {
        "name": problem.file,
        "target": table.target,
        "features": list(table.names),
        "classes": names,
        "notes": notes,
        "scales": table.scales,
        "n_train": len(train),
        "n_val": len(val),
    }
    remarks, ones = tuple(notes), problem.intercept
    made = classifier(model, split, likelihood, where, remarks=remarks, ones_first=ones)
    return made, described


def classes_of(path: Path, table: data.TableData) -> tuple[list[str], NDArray[np.int64]]:
    """The names of the classes in the order of their values, and the class (n,) of each row.

    Raises:
        ConfigError: there is one class, or there are too many.
    """
    values, classes = np.unique(np.asarray(table.y), return_inverse=True)
    texts = isinstance(table.y, list)
    names = [str(value) if texts else f"{value:.15g}" for value in values.tolist()]
    column = f"{path}: the target {shown(table.target)!r} holds"
    if len(names) == 1:
        raise ConfigError(f"{column} {shown(names[0])!r} in every row: nothing to tell apart")
    if len(names) > min(MOST_CLASSES, max(2, len(classes) // 2)):
        instead = "" if texts else "; for numbers write problem=least_squares"
        raise ConfigError(
            f"{column} {len(names):,} different values in {len(classes):,} rows, too many to be "
            f"classes{instead}"
        )
    return names, classes.astype(np.int64)


def split_rows(n: int, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows to train on and rows to validate on, `share` of all (rounded down), at random."""
    drawn = torch.randperm(n, generator=generator)
    n_train = n - int(share * n)
    return drawn[:n_train], drawn[n_train:]


def in_words(target: str, names: list[str]) -> str:
    """`species: setosa is 0, versicolor is 1`."""
    each = [f"{shown(name)} is {k}" for k, name in enumerate(names[:SHOWN])]
    more = f", … ({len(names)} classes)" if len(names) > SHOWN else ""
    return f"{shown(target)}: {', '.join(each)}{more}"
