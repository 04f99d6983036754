"""Which tensors' memory is still held by somebody: measured, whoever holds it."""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode


class Storages(TorchDispatchMode):
    """Within `with Storages() as made:`, remembers the storage of every tensor that is made.

    The references are weak, so remembering keeps nothing alive. Views share one storage, which
    counts once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[int, tuple[StorageWeakRef, int]] = {}  # by address of the C++ object

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                reference = StorageWeakRef(storage)
                self._made[reference.cdata] = (reference, storage.nbytes())
        return result

    def alive(self) -> int:
        """Bytes of those storages that something still refers to."""
        return sum(size for reference, size in self._made.values() if not reference.expired())

    def total(self) -> int:
        """Bytes of all storages made."""
        return sum(size for _, size in self._made.values())
