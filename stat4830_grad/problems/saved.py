"""What a computation keeps for its derivative, as torch's hooks see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

T = TypeVar("T")


def saved_storages(
    work: Callable[[], T], alive: Iterable[Tensor]
) -> tuple[T, dict[int, int], dict[int, int]]:
    """The result of `work`, and the bytes of each storage, by address, that it saves for backward.

    Each storage counts once: first those that are new, then those of the tensors `alive`, which
    were there before.
    """
    known = {t.untyped_storage().data_ptr() for t in alive}
    new: dict[int, int] = {}
    old: dict[int, int] = {}
    kept = []  # as long as a saved tensor lives, no other takes its address

    def pack(t: Tensor) -> Tensor:
        storage = t.untyped_storage()
        place = storage.data_ptr()
        (old if place in known else new)[place] = storage.nbytes()
        kept.append(t.detach())
        return t

    with saved_tensors_hooks(pack, lambda t: t):
        result = work()
    return result, new, old
