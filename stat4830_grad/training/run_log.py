"""What a run has logged so far, in memory: its rows, and the first, last and best of its values."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ..metrics import Metric
from .rows import Row, Written


class RunLog:
    """The rows of one run, of which a run alone leaves files; see `RunDirectory`.

    Args:
        columns: what is logged, in its order, the loss first.
        before: rows of the run that is resumed, if one is; it goes on with their columns, which
            may be fewer in what an older version began.
    """

    def __init__(self, columns: Sequence[Metric], before: Sequence[Row] = ()) -> None:
        columns = tuple(metric for metric in columns if not before or metric.name in before[0])
        self.columns = columns
        self.names = ("step", "seconds", *(metric.name for metric in columns))
        self.numbers = array("d")  # all rows, one after another: 8 bytes a number
        self.first: Row | None = None  # row 0, the initial point
        self.final: Row = {}
        self.best: dict[str, tuple[float, int]] = {}  # column -> value, step
        self._least: dict[str, float] = {}  # column -> badness of its best value
        for row in before:
            self._remember(row)

    @property
    def rows(self) -> list[Row]:
        """Every row, those not yet written to a file among them."""
        width = len(self.names)
        starts = range(0, len(self.numbers), width)
        return [dict(zip(self.names, self.numbers[i : i + width], strict=True)) for i in starts]

    def before(self, updates: int) -> list[Row]:
        """The rows that a run keeps which goes on after `updates` updates: it logs theirs anew."""
        return [row for row in self.rows if row["step"] < updates]

    def log(self, row: Row) -> None:
        """Take one row."""
        self._remember(row)

    def flush(self, *, sync: bool = False) -> None:
        """Write the rows taken since the last time, where they have a file."""

    def written(self, updates: int) -> Written | None:
        """What a checkpoint of the state after `updates` updates counts on; None without files."""
        return None

    def _remember(self, row: Row) -> None:
        if row["step"] == 0:
            self.first = row
        self.final = row
        self.numbers.extend([row[name] for name in self.names])
        loss = row[self.columns[0].name]
        for metric in self.columns:
            name = metric.name
            value = metric.badness(row[name], loss)
            if -math.inf < value < self._least.get(name, math.inf):  # NaN is neither
                self._least[name] = value
                self.best[name] = (row[name], int(row["step"]))
