"""TensorBoard: event files in the run's own directory, so that `tensorboard --logdir outputs` finds
every run under the name of its directory, and a sweep as a tree."""

from __future__ import annotations

from typing import Any

from ..training.rows import Row
from .left_run import LeftRun, scalars
from .notes import Note

PATTERN = "events.out.tfevents.*"


def place() -> str:
    """The run's own directory, wherever it is."""
    return ""


def has(run: LeftRun, note: Note) -> bool:
    """Whether event files are there."""
    return any(run.path.glob(PATTERN))


def begin(run: LeftRun, note: Note) -> Events:
    """New event files: those of before are replaced, as their end may be missing."""
    for file in run.path.glob(PATTERN):
        file.unlink()
    return Events(run)


class Events:
    """The event files of a run that are being written."""

    last = -1

    def __init__(self, run: LeftRun) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self._run, self._writer = run, SummaryWriter(str(run.path))

    def log(self, row: Row) -> None:
        """One scalar for each column."""
        for name, value in scalars(row).items():
            self._scalar(name, value, int(row["step"]), self._run.at(row))

    def _scalar(self, name: str, value: float, step: int, at: float) -> None:
        """In float64: an older kind of scalar would be rounded to float32."""
        self._writer.add_scalar(name, value, step, at, new_style=True, double_precision=True)

    def close(self, run: LeftRun) -> None:
        """Configuration as hyperparameters and text, pictures, histograms."""
        writer, steps = self._writer, run.steps
        self._hyperparameters(run)
        text = "".join(f"    {line}\n" for line in configuration(run).splitlines())
        writer.add_text("configuration", text)
        if command := run.summary.get("command"):
            writer.add_text("command", f"    {command}")
        for picture in run.figures:
            writer.add_image(picture.stem, pixels(picture), steps, dataformats="HWC")
        for step, weights in ((0, run.first_weights()), (steps, run.last_weights())):
            for name, values in weights.items():
                writer.add_histogram(f"weights/{name}", values, step)
        writer.close()

    def _hyperparameters(self, run: LeftRun) -> None:
        """What the tab HPARAMS compares runs by: chosen values, and the best of each metric."""
        from torch.utils.tensorboard.summary import hparams

        chosen = {k: v for k, v in run.keys.items() if isinstance(v, bool | int | float | str)}
        best = run.results()
        for part in hparams(chosen, best):
            self._writer._get_file_writer().add_summary(part)
        for name, value in best.items():
            step = run.summary["best_step"][name.removeprefix("best_")]
            self._scalar(name, value, step, run.began)


def configuration(run: LeftRun) -> str:
    """config.yaml as it stands."""
    return (run.path / "config.yaml").read_text("utf-8")


def pixels(picture: Any) -> Any:
    """A PNG as an array (height, width, 4)."""
    import numpy as np
    from PIL import Image

    with Image.open(picture) as image:
        return np.asarray(image.convert("RGBA"))
