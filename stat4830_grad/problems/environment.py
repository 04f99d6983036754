"""What a problem is built in, besides its own keys and its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

Products = Literal["auto", "compiled", "torch"]


@dataclass(frozen=True)
class Environment:
    """Where the data come from and where they go."""

    generator: torch.Generator  # what is random in the data is drawn from it
    device: torch.device
    dtype: torch.dtype
    seed: int  # of the run, for a user's file that draws by itself
    data_dir: Path
    products: Products  # with images
