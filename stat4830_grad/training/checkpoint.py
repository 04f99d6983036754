"""The state of a run on disk."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import NEVER, Params, State
from ..data.weights import load
from ..problems import metric_named
from ..system.errors import DataError
from ..system.files import write_atomically
from .rows import Written
from .run_log import RunLog

Kept = dict[str, Any]
"""What a resumed run keeps of its configuration, by dotted key."""


@dataclass(frozen=True)
class Checkpoint:
    """A state, and what it belongs to."""

    state: State
    config: Kept | None = None  # None: of a batch, or of an earlier version
    rows: Sequence[Written | None] = ()  # of each run; None: its files are complete, or it is older
    logs: Sequence[RunLog] = ()  # of each run, where runs have no files


def save_params(path: Path, params: Params) -> None:
    """Parameters as a dict of CPU tensors, loadable with `weights_only=True`."""
    write_atomically(path, lambda file: torch.save(on_cpu(params), file))


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Numbers, texts and CPU tensors only, loadable with `weights_only=True`."""
    state = checkpoint.state
    content = {
        "updates": state.updates,
        "seconds": state.seconds,
        "params": on_cpu(state.params),
        "optimizer": {name: on_cpu(part) for name, part in state.optimizer.items()},
        "diverged_at": state.diverged_at.cpu(),
        "config": json.dumps(checkpoint.config),
        "rows": [asdict(one) if one else None for one in checkpoint.rows],
    }
    if checkpoint.logs:
        content["logs"] = packed(checkpoint.logs)
    write_atomically(path, lambda file: torch.save(content, file))


def load_checkpoint(path: Path, device: torch.device) -> Checkpoint:
    """What `save_checkpoint` saved, on `device`; also that of an earlier version.

    Raises:
        DataError: the file is missing or damaged.
    """
    content = load(path, device)
    try:
        config = json.loads(content.pop("config", "null"))
        rows = [one and Written(**one) for one in content.pop("rows", ())]
        logs = unpacked(content.pop("logs", None))
        state = State(**content)
        sound = is_sound(state)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
        sound = False
    if not sound:
        raise DataError(f"{path} is not a checkpoint of this program")
    return Checkpoint(state, config, rows, logs)


def packed(logs: Sequence[RunLog]) -> dict[str, Any]:
    """What runs of one batch have logged, as two tensors: a batch may have 100,000 runs."""
    numbers = array("d")
    for log in logs:
        numbers.extend(log.numbers)
    return {
        "names": [metric.name for metric in logs[0].columns],
        "counts": torch.tensor([len(log.numbers) for log in logs]),
        "numbers": torch.tensor(numbers, dtype=torch.float64),
    }


def unpacked(content: dict[str, Any] | None) -> list[RunLog]:
    """The logs that `packed` packed.

    Raises:
        TypeError, ValueError: it is no such content.
    """
    if content is None:
        return []
    columns = [metric_named(name) for name in content["names"]]
    names = RunLog(columns).names
    table = content["numbers"].reshape(-1, len(names)).tolist()
    ends = (content["counts"].cumsum(0) // len(names)).tolist()
    starts = [0, *ends[:-1]]
    return [
        RunLog(columns, [dict(zip(names, row, strict=True)) for row in table[start:end]])
        for start, end in zip(starts, ends, strict=True)
    ]


def is_sound(state: State) -> bool:
    """Whether its parts have the types and the bounds of a state, whatever the run."""
    tensors = [*state.params.values(), *(p for of in state.optimizer.values() for p in of.values())]
    at = state.diverged_at
    return (
        type(state.updates) is int
        and 0 <= state.updates < NEVER
        and type(state.seconds) is float
        and 0 <= state.seconds < math.inf
        and len(state.params) > 0
        and all(isinstance(p, Tensor) and not p.is_meta for p in tensors)
        and at.dtype == torch.int64
        and bool(((at == NEVER) | ((at >= 0) & (at <= state.updates))).all())
    )


def on_cpu(params: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU, each owning just its own storage."""
    return {name: p.detach().to("cpu", copy=True).contiguous() for name, p in params.items()}
