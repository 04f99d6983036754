"""One update, recorded as a CUDA graph and replayed: the host only says "again".

A graph runs on the memory it was recorded with, so parameters, optimizer state and the count of
updates lie in tensors of their own here, and an update ends by writing its results over them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .core import OptimizerState, Params

Standing = tuple[Params, OptimizerState, Tensor]
"""Parameters (*K, …), what the optimizer remembers, and `State.diverged_at` (*K,)."""

Capture = Callable[[Callable[[], None]], Callable[[], None]]
"""From work that launches kernels to what launches the same kernels again."""

WARM_UP = 3
"""Times the work is run before it is recorded: libraries make their handles and buffers then."""


def cuda_graph(work: Callable[[], None]) -> Callable[[], None]:
    """Record `work`, which must neither wait for the device nor change what it allocates."""
    stream = torch.cuda.Stream()  # the same for both: handles belong to a stream
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        work()
    replay: Callable[[], None] = graph.replay
    return replay


class Replay:
    """Calling it makes one update; `standing()` says what it has led to."""

    def __init__(
        self,
        update: Callable[[Params, OptimizerState, Tensor, Tensor], Standing],
        standing: Standing,
        updates: int,
        capture: Capture = cuda_graph,
    ) -> None:
        """Record `update(params, optimizer state, diverged_at, updates made)` from `standing` on.

        Args:
            updates: how many were made before.
        """
        params, _, _ = self._own = copies(standing)
        self._count = torch.tensor(updates, device=next(iter(params.values())).device)

        def work() -> None:
            overwrite(self._own, update(*self._own, self._count))
            self._count += 1

        self._again = capture(work)
        overwrite(self._own, standing)  # the warm-up went on from there
        self._count.fill_(updates)

    def __call__(self) -> None:
        self._again()

    def standing(self) -> Standing:
        """Copies, which later updates leave alone."""
        return copies(self._own)


def tensors(standing: Standing) -> list[Tensor]:
    """All of them, always in the same order."""
    params, memory, diverged_at = standing
    remembered = [memory[part][name] for part in sorted(memory) for name in sorted(memory[part])]
    return [*(params[name] for name in sorted(params)), *remembered, diverged_at]


def copies(standing: Standing) -> Standing:
    params, memory, diverged_at = standing
    remembered = {part: {k: t.clone() for k, t in held.items()} for part, held in memory.items()}
    return {name: p.clone() for name, p in params.items()}, remembered, diverged_at.clone()


def overwrite(own: Standing, new: Standing) -> None:
    """An optimizer that works in place hands back the same tensors; they are left alone."""
    pairs = [(o, n) for o, n in zip(tensors(own), tensors(new), strict=True) if o is not n]
    torch._foreach_copy_([o for o, _ in pairs], [n for _, n in pairs])
