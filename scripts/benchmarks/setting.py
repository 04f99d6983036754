"""How the benchmark measures, as its command line says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """One for all lines."""

    device: str  # cpu or cuda
    threads: int  # of torch, JAX and every process that is timed
    quick: bool
    data_dir: Path
    scratch: Path  # a directory for what is timed to write into; removed at the end

    @property
    def rounds(self) -> int:
        """Turns of everything that is timed within this process."""
        return 2 if self.quick else 9

    @property
    def process_rounds(self) -> int:
        """Turns of whole processes, each of which takes seconds."""
        return 1 if self.quick else 5

    @property
    def least(self) -> float:
        """Seconds that one measurement lasts at least."""
        return 0.02 if self.quick else 0.15
