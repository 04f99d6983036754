"""The state of a run on disk."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..core import Params, State
from ..data.weights import load
from ..system.errors import DataError
from ..system.files import write_atomically


def save_params(path: Path, params: Params) -> None:
    """Parameters as a dict of CPU tensors, loadable with `weights_only=True`."""
    write_atomically(path, lambda file: torch.save(on_cpu(params), file))


def save_state(path: Path, state: State) -> None:
    """A checkpoint: numbers and CPU tensors only, loadable with `weights_only=True`."""
    content = {
        "updates": state.updates,
        "seconds": state.seconds,
        "params": on_cpu(state.params),
        "optimizer": {name: on_cpu(part) for name, part in state.optimizer.items()},
        "diverged_at": state.diverged_at.cpu(),
    }
    write_atomically(path, lambda file: torch.save(content, file))


def load_state(path: Path, device: torch.device) -> State:
    """The state saved by `save_state`, on `device`.

    Raises:
        DataError: the file is missing or damaged.
    """
    content = load(path, device)
    try:
        return State(**content)
    except TypeError:
        raise DataError(f"{path} is not a checkpoint of this program") from None


def on_cpu(params: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU, each owning just its own storage."""
    return {name: p.detach().to("cpu", copy=True).contiguous() for name, p in params.items()}
