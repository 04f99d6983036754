"""Least squares, on data that are drawn or read from a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from .. import data
from ..compiled.arrays import Arrays
from ..compiled.numbers import BEGINS
from ..compiled.sampled import Order
from ..compiled.stretches import Code
from ..config import problems as choices
from ..core import Params
from ..metrics import GRAD_NORM, LOSS, Metric
from ..system.errors import ConfigError
from ..system.wording import shown
from .by_minibatches import linear
from .environment import Environment
from .minimisers import minimiser, ridge
from .penalty import DATA_LOSS, L2, for_code

DISTANCE = Metric("distance", "distance to the minimiser")
METRICS = (LOSS, GRAD_NORM, DISTANCE)

LARGE = 1 << 27
"""Bytes of X up to which compiled updates keep it twice."""
WORTH = 1 << 20
"""Bytes of X from which on they save, in a short run, what it takes to load their code."""


@dataclass(frozen=True)
class LeastSquares:
    """f(w) = ½‖Xw − y‖² for w (*K, p), ∇f = Xᵀ(Xw − y); a penalty adds its own to both."""

    X: Tensor  # (n, p)
    y: Tensor  # (n,)
    minimiser: Tensor  # (p,), of least norm where there are many; (*K, p) with penalties (*K,)
    w0: tuple[float, ...] | None = None  # initial point; None is the origin
    remarks: tuple[str, ...] = ()  # what a person should know of the data
    columns: tuple[Metric, ...] = METRICS
    ones_first: bool = False  # whether the first column of X was one of ones
    penalty: L2 | None = None
    by_hand: ClassVar[bool] = True
    capturable: ClassVar[bool] = True

    def init(self, generator: torch.Generator) -> Params:
        """w = w0, float64."""
        w0: Sequence[float] = self.w0 or [0.0] * self.X.shape[1]
        return {"w": torch.tensor(w0, dtype=torch.float64)}

    def starting_at(self, problem: choices.Problem) -> Self:
        """The same function with the w0 of `problem`.

        Raises:
            ConfigError: it has not as many entries as the data have columns.
        """
        assert isinstance(problem, choices.LeastSquares)
        w0 = None if problem.w0 is None else tuple(problem.w0)
        if w0 is not None and len(w0) != self.X.shape[1]:
            raise ConfigError(
                f"problem.w0 has {len(w0)} entries, but the data has {self.X.shape[1]} columns"
            )
        return replace(self, w0=w0)

    def residual(self, params: Params) -> Tensor:
        """Xw − y (*K, n)."""
        w = params["w"]
        Xw = self.X @ w if w.ndim == 1 else w @ self.X.mT  # of one run without turning X
        return Xw - self.y

    def penalised(self, strength: Tensor) -> Self:
        """`Penalisable.penalised`; the minimiser is that of ridge regression."""
        penalty = L2(strength, {"w": 1}, "w" if self.ones_first else None)
        return replace(
            self,
            penalty=penalty,
            minimiser=ridge(self.X, self.y, strength, ones_first=self.ones_first),
            columns=(LOSS, DATA_LOSS, GRAD_NORM, DISTANCE),
        )

    def of_run(self, k: int) -> Self:
        """`Penalisable.of_run`."""
        if self.penalty is None or self.penalty.shared:
            return self
        minimiser = self.minimiser.reshape(-1, self.X.shape[1])[k]
        return replace(self, penalty=self.penalty.of_run(k), minimiser=minimiser)

    def of_data(self, params: Params) -> Tensor:
        """½‖Xw − y‖²: (*K,)."""
        return 0.5 * (self.residual(params) ** 2).sum(-1)

    def loss(self, params: Params) -> Tensor:
        """½‖Xw − y‖², and the penalty if there is one: (*K,)."""
        loss = self.of_data(params)
        return loss + self.penalty.loss(params) if self.penalty else loss

    def loss_and_gradient(self, params: Params) -> tuple[Tensor, Params]:
        """The loss (*K,) and Xᵀ(Xw − y): (*K, p)."""
        r = self.residual(params)
        loss, grads = 0.5 * (r**2).sum(-1), {"w": r @ self.X}
        return self.penalty.added(loss, grads, params) if self.penalty else (loss, grads)

    def metrics(self, params: Params) -> dict[str, Tensor]:
        """The loss, and the distance ‖w − w*‖ to the minimiser of least norm: (*K,)."""
        distance = torch.linalg.vector_norm(params["w"] - self.minimiser, dim=-1)
        values = {LOSS.name: self.loss(params), DISTANCE.name: distance}
        return values | {DATA_LOSS.name: self.of_data(params)} if self.penalty else values

    @property
    def samples(self) -> int:
        """The rows of X."""
        return len(self.X)

    def on(self, rows: Tensor) -> Self:
        """n/m · ½‖X_B w − y_B‖² for the m samples B = `rows`, whose mean over all B is f."""
        root = math.sqrt(len(self.X) / len(rows))
        X, y = self.X.index_select(0, rows), self.y.index_select(0, rows)
        return replace(self, X=root * X, y=root * y)

    def code(self) -> Arrays | None:
        """One pass over the data for each update, from a copy of X that is cut for it."""
        reads = self.X.numel() * self.X.element_size()
        if reads > LARGE:
            return None
        from ..compiled.dense import in_blocks, least_squares  # imports numba

        blocks = (in_blocks(self.X).numpy(), in_blocks(self.y).numpy())
        data = (*blocks, *for_code(self.penalty, self.X))
        begins = 0 if reads >= WORTH else BEGINS
        return Arrays(("w",), least_squares, data, begins=begins, reads=reads)

    def code_on(self, order: Order) -> Code | None:
        """`CompilableSampled.code_on`, without a penalty."""
        return None if self.penalty else linear(("w",), self.X, self.y, order, classes=False)

    def constants(self) -> dict[str, Any]:
        """`X` (n, p) and `y` (n,); of a penalty `l2`, its λ."""
        data = {"X": self.X, "y": self.y}
        return data | {"l2": self.penalty.strength} if self.penalty else data

    def solution(self) -> Params:
        """The minimiser, of least norm where there are many."""
        return {"w": self.minimiser}

    def workspace(self) -> int:
        """The residual: n."""
        return len(self.X)

    def notes(self, runs: int) -> list[str]:
        """What was made of a table's cells."""
        return list(self.remarks)


def from_table(
    path: Path, problem: choices.LeastSquares, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """X (n, p) and y (n,) of the table in a file, and its description.

    Raises:
        ConfigError: a column that `problem` names is not there, or the target holds texts.
        DataError: the file is missing or damaged, lacks values, or holds what is no number.
    """
    table = data.read_table(path, problem)
    if problem.standardize:
        table = data.standardized(table)
    if problem.intercept:
        table = data.with_intercept(table)
    if isinstance(table.y, list):
        raise ConfigError(
            f"{path}: the target {table.target!r} holds texts ({shown(table.y[0])!r}); "
            "least squares needs numbers; problem=table takes texts as classes"
        )
    X = data.as_tensor(path, table.X, dtype).to(device)
    y = data.as_tensor(path, table.y, dtype).to(device)
    described = {
        "name": problem.file,
        "target": table.target,
        "features": list(table.names),
        "notes": [f"{path.name}: {note}" for note in table.notes],
        "scales": table.scales,
    }
    return X, y, described


def build(
    problem: choices.LeastSquares, model: None, where: Environment
) -> tuple[LeastSquares, dict[str, Any]]:
    """Least squares on the table that `problem` names, or on drawn data.

    Raises:
        DataError: the table is missing or damaged.
    """
    if problem.file is None:
        X, y, _ = data.synthetic_least_squares(
            generator=where.generator,
            n=problem.n,
            p=problem.p,
            w_star=problem.w_star,
            noise=problem.noise,
            condition=problem.condition,
            dtype=where.dtype,
            device=where.device,
        )
        dataset: dict[str, Any] = {"name": "synthetic"}
    else:
        X, y, dataset = from_table(Path(problem.file), problem, where.device, where.dtype)
    remarks = tuple(dataset.get("notes", ()))
    ones_first = problem.file is not None and problem.intercept
    objective = LeastSquares(X, y, minimiser(X, y), remarks=remarks, ones_first=ones_first)
    return objective, {**dataset, "n": X.shape[0], "p": X.shape[1]}
