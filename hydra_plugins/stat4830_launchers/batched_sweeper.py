"""`hydra/sweeper=batched`: Hydra's own sweeper, without composing each job only to see if it can.

Hydra loads this file outside sys.modules, where dataclasses cannot have annotations as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.core.config_store import ConfigStore

from hydra_plugins.stat4830_launchers.batched import BatchedLauncher


@dataclass
class BatchedSweeperConf(BasicSweeperConf):
    """The options of Hydra's own."""

    _target_: str = "hydra_plugins.stat4830_launchers.batched_sweeper.BatchedSweeper"


ConfigStore.instance().store(
    group="hydra/sweeper", name="batched", node=BatchedSweeperConf, provider="stat4830_grad"
)


class BatchedSweeper(BasicSweeper):
    """Expands a command line to jobs. Our launchers compose and check all of them themselves."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """See that every job can be composed, before the first one runs."""
        if not isinstance(self.launcher, BatchedLauncher):
            super().validate_batch_is_legal(batch)
