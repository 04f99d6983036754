"""L14 and L15: MNIST odd/even, logistic regression and the network, by the lecture's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from ...config.composing import compose
from ...config.lecture import UPDATES, VAL_ACCURACY
from ...config.schema import Config
from ...core import Params
from ...data import ImagePart, Images, Part, load_images
from ...figures.images import SHOWN, draw_examples, draw_mistakes
from ...figures.training import draw_training
from ...problems import Classification
from ...system.errors import DataError
from ...training.execution import rows_of
from ...training.rows import Row as Logged
from .protocol import history, single
from .row import Picture, Row, missing, value

EXAMPLES = 12
MODELS = {"logistic": "logistic regression", "relu_mlp": "neural network"}
STATED_DATA = {
    "training images": "60,000",
    "test images": "10,000",
    "size": "28×28",
    "y = label mod 2 takes": "0, 1",
    "mean of all pixels": "0.1307",
    "standard deviation": "0.3081",
    "of them train and validate": "4,000, 1,000",
}
STATED_ACCURACY = {
    f"{MODELS[name]}, validation": f"{100 * accuracy:.2f} %"
    for name, accuracy in VAL_ACCURACY.items()
}


def images_or_reason(config: Config) -> Images | str:
    """MNIST, or why it cannot be had."""
    try:
        return load_images("mnist", Path(config.data_dir))
    except DataError as error:
        return str(error)


def not_run(reason: str) -> list[Row]:
    """L14 and L15 without MNIST."""
    return [
        Row(id, title, tuple(missing(*claim) for claim in stated.items()), not_run=reason)
        for id, title, stated in (
            ("L14", DATA_TITLE, STATED_DATA),
            ("L15", TRAINING_TITLE, STATED_ACCURACY),
        )
    ]


DATA_TITLE = "MNIST, odd or even"
TRAINING_TITLE = f"Training both models; after {UPDATES} updates"


def lecture_run(model: str, config: Config) -> Config:
    """`problem=mnist model=…`, with the data, device, dtype and gradient of `config`."""
    return msgspec.structs.replace(
        compose("problem=mnist", f"model={model}"),
        data_dir=config.data_dir,
        device=config.device,
        dtype=config.dtype,
        gradient=config.gradient,
    )


def data_set(images: Images, config: Config) -> Row:
    """L14: what MNIST is, and twelve of its images."""
    assert images.test is not None
    objective = classification(single(lecture_run("logistic", config)).objective)
    train, val = images_of(objective.data.train), objective.data.val
    assert val is not None
    mean, std = pixel_moments(images.rows("train"))
    obtained: list[float | str] = [
        len(images.train),
        len(images.test),
        "×".join(map(str, images.train.shape[1:])),
        ", ".join(f"{y:g}" for y in train.y.unique().tolist()),
        mean,
        std,
        f"{len(train.y):,}, {len(val.y):,}",
    ]
    claims = (
        value(what, stated, ours)
        for (what, stated), ours in zip(STATED_DATA.items(), obtained, strict=True)
    )
    draw = partial(draw_examples, train.images[:EXAMPLES], train.labels[:EXAMPLES])
    caption = f"The first {EXAMPLES} of the 4,000 training images."
    return Row("L14", DATA_TITLE, tuple(claims), (Picture("L14_examples", caption, draw),))


def pixel_moments(images: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all pixels of uint8 images, as numbers in [0, 1]."""
    counts = torch.bincount(images.flatten(), minlength=256).double()
    weights = counts / counts.sum()
    grey = torch.arange(256, dtype=torch.float64) / 255
    mean = float(weights @ grey)
    return mean, float(weights @ (grey - mean) ** 2) ** 0.5


def images_of(part: Part | None) -> ImagePart:
    """A part that exists, with its images as they are stored."""
    assert isinstance(part, ImagePart)
    return part


def classification(objective: object) -> Classification:
    """The objective, whose kind the configuration decides."""
    assert isinstance(objective, Classification)
    return objective


@dataclass(frozen=True)
class Trained:
    """One model's run by the protocol."""

    objective: Classification
    rows: list[Logged]
    params: Params  # after UPDATES updates

    def at_the_end(self, metric: str) -> float:
        """A metric in the lecture's last logged row."""
        return next(row[metric] for row in self.rows if row["step"] == UPDATES)


def train_model(model: str, config: Config) -> Trained:
    """The lecture's run of one model, with the parameters after its last logged update."""
    chosen = lecture_run(model, config)
    experiment = single(chosen)
    run = history(experiment, chosen)
    params = next(state.params for state, record in run if record.updates == UPDATES)
    rows = [row for _, record in run for row in rows_of(record)]
    return Trained(classification(experiment.objective), rows, params)


def training(config: Config) -> Row:
    """L15: both models' curves, final accuracies and misclassified validation images."""
    runs = {name: train_model(name, config) for name in MODELS}
    claims = (
        value(what, stated, run.at_the_end("val_accuracy"))
        for (what, stated), run in zip(STATED_ACCURACY.items(), runs.values(), strict=True)
    )
    logged = {MODELS[name]: run.rows for name, run in runs.items()}
    curves = partial(draw_training, logged, UPDATES)
    pictures = [
        Picture("L15_training", "Training and validation loss and accuracy of both models.", curves)
    ]
    for name, run in runs.items():
        images, labels, odd = mistakes(run)
        caption = (
            f"{min(SHOWN, len(labels))} of the {len(labels)} validation images that the "
            f"{MODELS[name]} gets wrong after {UPDATES} updates, those it is surest of: label, "
            "and the probability it gives to odd."
        )
        draw = partial(draw_mistakes, images, labels, odd, MODELS[name], f"L15_mistakes_{name}")
        pictures.append(Picture(f"L15_mistakes_{name}", caption, draw))
    return Row("L15", TRAINING_TITLE, tuple(claims), tuple(pictures), details=final_table(runs))


def mistakes(run: Trained) -> tuple[Tensor, Tensor, Tensor]:
    """Images (m, 28, 28), labels (m,) and P(odd) (m,) of the misclassified, the surest first."""
    val = images_of(run.objective.data.val)
    odd = torch.sigmoid(run.objective.model.logits(run.params, val.X))
    wrong = ((odd > 0.5) != (val.y > 0.5)).nonzero().flatten()
    surest = wrong[(odd[wrong] - 0.5).abs().argsort(descending=True)].cpu()
    return val.images[surest], val.labels[surest], odd.cpu()[surest]


def final_table(runs: dict[str, Trained]) -> str:
    """Markdown: all metrics in the lecture's last logged row."""
    lines = [
        f"| after {UPDATES} updates | train loss | train accuracy | val loss | val accuracy |",
        "|---|---|---|---|---|",
    ]
    for name, run in runs.items():
        losses = [f"{run.at_the_end(f'{part}_loss'):.4f}" for part in ("train", "val")]
        shares = [f"{100 * run.at_the_end(f'{part}_accuracy'):.3f} %" for part in ("train", "val")]
        lines.append(f"| {MODELS[name]} | {losses[0]} | {shares[0]} | {losses[1]} | {shares[1]} |")
    return "\n".join(lines)
