"""`hydra/launcher=batched`: jobs that can train as one tensor program do so.

Hydra loads this file outside sys.modules, where dataclasses cannot have annotations as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class BatchedLauncherConf:
    """It has no options: those of a sweep are `sweep.…`, which lists obey as well."""

    _target_: str = "hydra_plugins.stat4830_launchers.batched.BatchedLauncher"


ConfigStore.instance().store(
    group="hydra/launcher", name="batched", node=BatchedLauncherConf, provider="stat4830_grad"
)


class BatchedLauncher(Launcher):
    """Hands a multirun's jobs to `stat4830_grad.sweep`."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Hydra calls it once, before `launch`."""
        self.config, self.context = config, hydra_context

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the jobs; leaves by SystemExit if not all completed or diverged."""
        from stat4830_grad.app import sweep
        from stat4830_grad.config.composition import compose_jobs

        loader, directory = self.context.config_loader, Path(self.config.hydra.sweep.dir)
        jobs = compose_jobs(loader, self.config, job_overrides, initial_job_idx)
        code = sweep(self.config, self.config.hydra, jobs, directory)
        if code:
            raise SystemExit(code)
        return [
            JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
            for overrides in job_overrides
        ]
